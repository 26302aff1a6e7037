import GuestMemory
import X86

/// Linux kernels that are started by their own real-mode code: those with no other entry point, and
/// others for which `--mode real` asks (Linux Documentation/arch/x86/boot.rst, "Memory Layout of The
/// Real-Mode Code" and "Running the Kernel").
///
/// The file's real-mode code is loaded with its header filled in, at 1000:0000, or at 9000:0000 where
/// the kernel is old or belongs below 1 MiB; its stack, its heap and the command line follow in the same
/// 64 KiB.
enum LinuxRealMode {
  /// The most that real-mode code may take, in bytes.
  static let codeByteLimit = 0x8000

  /// The plan for an image with this header. What is claimed so far is nothing.
  static func plan(_ planner: consuming Planner, header: LinuxSetupHeader, reason: String)
    throws(BootError) -> BootPlan
  {
    let image = planner.request.image
    guard header.realModeByteCount <= codeByteLimit else {
      throw .malformed(
        image: image.name, offset: 0x1F1,
        problem: "its setup takes \(header.setupSectorCount) sectors, but real-mode code has 63 at most")
    }
    let isModern = header.isLoadedHigh && header.version >= .commandLinePointer
    let base: UInt64 = isModern ? 0x1_0000 : 0x9_0000
    let heapEnd = isModern ? 0xE000 : 0x9800
    let end = isModern ? 0x1_0000 : 0xA000

    let text = try planner.request.linuxCommandLine(limit: header.commandLineLimit) + [0]
    guard text.count <= end - heapEnd else {
      throw .informationTooLarge(byteCount: text.count, limit: end - heapEnd)
    }
    try planner.claimKernel(of: header, at: header.isLoadedHigh ? BootLayout.highMemoryStart : 0x1_0000)
    let disk = try planner.claimInitialRAMDisk(addressMaximum: header.initialRAMDiskAddressMaximum)

    var code = try image.bytes(at: 0, count: header.realModeByteCount)
    code.fillIn(header, base: base, heapEnd: heapEnd, commandLine: text, disk: disk)
    try planner.claim(
      .bytes(
        code, kind: .image, name: "the real-mode code of \(image.name)", at: base,
        permissions: [.read, .write, .execute]))
    try planner.claim(
      .reserved(
        kind: .stack, name: "the stack and heap", from: base + UInt64(code.count), to: base + UInt64(heapEnd))
    )
    try planner.claim(
      .bytes(text, kind: .bootInformation, name: "the command line", at: base + UInt64(heapEnd)))
    try planner.prepareBIOS()

    let segment = UInt16(base >> 4)
    var state = CPUState.realMode(codeSegment: segment + 0x20, instructionPointer: 0, dataSegment: segment)
    state.general.rsp = UInt64(heapEnd)
    return try planner.finish(format: .linux16, reason: reason, entryPoint: base + 0x200, state: state)
  }
}

extension [UInt8] {
  /// Fills in the setup header of real-mode code, as far as its version has the fields ("Sample Boot
  /// Configuration").
  fileprivate mutating func fillIn(
    _ header: LinuxSetupHeader, base: UInt64, heapEnd: Int, commandLine: [UInt8], disk: LinuxInitialRAMDisk?
  ) {
    set(littleEndian: UInt16(0xFFFF), at: 0x1FA)  // vid_mode: normal
    set(littleEndian: LinuxBootParameters.undefinedLoader, at: 0x210)
    if let disk {
      set(littleEndian: UInt32(truncatingIfNeeded: disk.address), at: 0x218)
      set(littleEndian: UInt32(truncatingIfNeeded: disk.byteCount), at: 0x21C)
    }
    if header.version >= .heapEnd {
      set(littleEndian: UInt16(truncatingIfNeeded: heapEnd - 0x200), at: 0x224)
      set(littleEndian: header.loadFlags | 0x80, at: 0x211)  // CAN_USE_HEAP
    }
    if header.version >= .commandLinePointer {
      set(littleEndian: UInt32(truncatingIfNeeded: base) + UInt32(truncatingIfNeeded: heapEnd), at: 0x228)
    } else {
      set(littleEndian: UInt16(0xA33F), at: 0x20)  // cmd_line_magic
      set(littleEndian: UInt16(truncatingIfNeeded: heapEnd), at: 0x22)
      set(littleEndian: UInt16(truncatingIfNeeded: heapEnd + commandLine.count), at: 0x212)
    }
  }
}
