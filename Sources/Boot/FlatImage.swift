import GuestMemory
import X86

/// Plain 32-bit or 64-bit code: loaded at 1 MiB and entered at its first byte, in the state that
/// `DirectEntry` describes. `--load-address` and `--entry` change either.
enum FlatImage {
  /// The plan for a flat 32-bit image, or a 64-bit one.
  static func plan(_ request: BootRequest, isLong: Bool, reason: String) throws(BootError) -> BootPlan {
    let image = request.image
    let base = request.loadAddress ?? BootLayout.flat
    var planner = Planner(request)
    if let home = planner.map.usable.first(where: { base >= $0.address && base < $0.end }),
      image.byteCount > home.end - base
    {
      throw .tooLarge(
        image: image.name, byteCount: image.byteCount, limit: home.end - base,
        advice: "Memory that the guest can use ends there. \(Planner.moreMemory)")
    }
    try planner.claim(
      .whole(
        image, kind: .image, name: "the image \(image.name)", at: base,
        permissions: [.read, .write, .execute]))
    return try DirectEntry.finish(
      planner, format: isLong ? .flat64 : .flat32, entryPoint: request.entry ?? base, reason: reason)
  }
}
