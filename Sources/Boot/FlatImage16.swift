import GuestMemory
import X86

/// Plain 16-bit code: loaded at 1000:0000 and entered at its first byte, all segment registers
/// 0x1000.
///
/// `--load-address` moves it to another multiple of 16; the segment registers follow. The stack
/// pointer starts at 0xFFFE in the image's own segment; an image too long for that gets a stack of
/// its own at 0x9FC00.
enum FlatImage16 {
  /// The longest image that shares its segment with the stack, in bytes.
  static let sharedSegmentLimit: UInt64 = 0xF000

  /// The plan for a flat 16-bit image.
  static func plan(_ request: BootRequest, reason: String) throws(BootError) -> BootPlan {
    try request.refuseInformation(for: .flat16)
    let image = request.image
    let base = request.loadAddress ?? BootLayout.flat16
    guard base % 16 == 0, base < BootLayout.realModeImageEnd else {
      throw .optionRefused(
        option: "--load-address \(hex(base))",
        reason: "In real mode an image begins at a multiple of 16 below \(hex(BootLayout.realModeImageEnd)).")
    }
    let limit = BootLayout.realModeImageEnd - base
    guard image.byteCount <= limit else {
      throw .tooLarge(
        image: image.name, byteCount: image.byteCount, limit: limit,
        advice: "Real mode has no more memory than that in one piece. "
          + "If the image is not 16-bit code, say what it is with --mode protected or --mode long.")
    }

    var planner = Planner(request)
    try planner.claim(
      .whole(
        image, kind: .image, name: "the image \(image.name)", at: base,
        permissions: [.read, .write, .execute]))
    let entry = request.entry ?? base
    guard entry >= base, entry - base < image.byteCount else {
      throw .entryOutsideImage(image: image.name, entry: entry)
    }
    let segment = UInt16(base >> 4)
    // The entry counts from the image's segment where it can be reached from there.
    let isNear = entry - base <= 0xFFFF
    var state = CPUState.realMode(
      codeSegment: isNear ? segment : UInt16(entry >> 4),
      instructionPointer: UInt16(isNear ? entry - base : entry & 15), dataSegment: segment)
    let sharesSegment =
      image.byteCount <= sharedSegmentLimit && planner.map.isUsable(base, byteCount: 0x1_0000)
    let stackSegment = sharesSegment ? segment : BootLayout.realModeStackSegment
    let stackBase = UInt64(stackSegment) << 4
    let top = sharesSegment ? base + 0xFFFE : BootLayout.lowMemoryEnd
    let bottom = sharesSegment ? base + sharedSegmentLimit : top - BootSector.stackByteCount
    try planner.claim(.reserved(kind: .stack, name: "the stack", from: bottom, to: top))
    state.ss = .realMode(stackSegment)
    state.general.rsp = top - stackBase
    try planner.prepareBIOS()
    return try planner.finish(format: .flat16, reason: reason, entryPoint: entry, state: state)
  }
}
