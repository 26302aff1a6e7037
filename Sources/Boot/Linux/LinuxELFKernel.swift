import GuestMemory

/// Linux's vmlinux, the ELF file inside a bzImage, entered at its own entry point.
///
/// That point is what the unpacked kernel in a bzImage is jumped to: in the mode of the file's class, with
/// the zero page in RSI (Linux arch/x86/kernel/head_64.S and head_32.S). There is no setup header; the
/// zero page gets one that says what a loader would.
enum LinuxELFKernel {
  /// XEN_ELFNOTE_GUEST_OS: the name of the operating system.
  static let guestSystemNote: UInt32 = 6

  /// Whether the file's notes say that it is a Linux kernel: any of the vendor "Linux", or Xen's note
  /// of the system's name (Linux linux/elfnote.h, linux/elfnote-lto.h; Xen public/elfnote.h).
  ///
  /// - Throws: `BootError.malformed`, or the failure to read.
  static func isLinux(_ elf: ELFImage, in source: any ImageSource) throws(BootError) -> Bool {
    let linux = Array("Linux\0".utf8)
    let note = try elf.firstNote(in: source) { note in
      note.name == linux
        || note.name == PVHKernel.noteName && note.type == guestSystemNote
          && note.content == Array("linux\0".utf8)
    }
    return note != nil
  }

  /// The plan for such a file.
  static func plan(_ request: BootRequest, elf: ELFImage) throws(BootError) -> BootPlan {
    var planner = Planner(request)
    try planner.claimSegments(of: elf)
    let entry = request.entry ?? elf.physicalEntry
    return try LinuxKernel.finish(
      planner, header: nil, isLong: elf.is64Bit, loadAddress: entry, entryPoint: entry,
      reason: "It is ELF for \(elf.is64Bit ? "x86-64" : "32-bit x86"), and a note says that it is Linux.")
  }
}
