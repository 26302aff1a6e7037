import GuestMemory
import X86

/// ELF kernels with a PVH entry point: the note XEN_ELFNOTE_PHYS32_ENTRY of the vendor "Xen" holds
/// the physical address of 32-bit code (Xen docs/misc/pvh.pandoc, public/elfnote.h).
///
/// A kernel that has both this note and a Multiboot header is started by PVH: nobody has the note
/// by accident, and its structures hold 64-bit addresses.
enum PVHKernel {
  /// XEN_ELFNOTE_PHYS32_ENTRY.
  static let noteType: UInt32 = 18
  /// The vendor of the note, with its NUL.
  static let noteName: [UInt8] = Array("Xen\0".utf8)

  /// The entry point that the image's notes name, or nil where none does.
  ///
  /// - Throws: `BootError.malformed`, or the failure to read.
  static func entryPoint(of elf: ELFImage, in source: any ImageSource) throws(BootError) -> UInt64? {
    guard let note = try elf.note(noteName, type: noteType, in: source) else { return nil }
    // The size is that of the kernel's own words: Linux for x86-64 writes 4 or 8 bytes.
    let value = HeaderBytes(bytes: note.content)
    switch note.content.count {
    case 4: return UInt64(value.u32(0))
    case 8: return value.u64(0)
    default:
      throw .malformed(
        image: source.name, offset: note.offset,
        problem: "its PVH entry note holds \(note.content.count) bytes instead of 4 or 8")
    }
  }

  /// The plan for a kernel whose note names `noteEntry`.
  static func plan(_ request: BootRequest, elf: ELFImage, noteEntry: UInt64, reason: String) throws(BootError)
    -> BootPlan
  {
    var planner = Planner(request)
    try planner.claimSegments(of: elf)
    let entry = request.entry ?? noteEntry
    let descriptors = try planner.claimDescriptorTable()
    let stack = try planner.claimStack()
    var state = CPUState.flatProtected(
      entryPoint: try planner.entryPoint32(entry), globalDescriptorTable: descriptors)
    // The protocol gives no stack; a kernel that uses one before it sets one up is forgiven.
    state.general.rsp = stack
    state.general.rbx = try PVHStartInformation.claim(&planner)
    return try planner.finish(format: .pvh, reason: reason, entryPoint: entry, state: state)
  }
}
