import GuestMemory
import X86

/// Kernels with a Linux setup header: bzImage, zImage, and programs that start like one (memtest86+,
/// iPXE).
///
/// Each is entered in the widest mode it has an entry point for (Linux Documentation/arch/x86/boot.rst,
/// "64-bit Boot Protocol", "32-bit Boot Protocol", "Running the Kernel"); `--mode` asks for another.
/// In 64-bit and protected mode the real-mode code of the file is left out: it only asks a BIOS for
/// what `LinuxBootParameters` tells. In 64-bit mode the kernel's own decompressor may be left out, too
/// (`planUnpacked`).
enum LinuxKernel {
  /// How far into the protected-mode code the 64-bit entry point is, in bytes.
  static let entry64Offset: UInt64 = 0x200

  /// The plan for an image with this header.
  static func plan(_ request: BootRequest, header: LinuxSetupHeader) throws(BootError) -> BootPlan {
    let cannotMove = "A Linux kernel says in its setup header where it is loaded and starts."
    try request.refuseOption(request.loadAddress, "--load-address", cannotMove)
    try request.refuseOption(request.entry, "--entry", cannotMove)
    let best: BootRequest.Mode =
      header.has64BitEntry ? .long : header.has32BitEntry ? .protected : .real16
    let mode = request.mode ?? best
    guard mode == .real16 || mode == best || mode == .protected && best == .long else {
      throw .optionRefused(
        option: "--mode \(mode.rawValue)",
        reason:
          "The image's setup header (Linux boot protocol \(header.version)) names no entry point for it; "
          + "leave --mode out to start in \(best.rawValue) mode.")
    }
    var planner = Planner(request)
    if let text = try header.versionText(in: request.image) {
      planner.notes.append("The kernel's version is \(text).")
    }
    let why = "It has a Linux setup header, protocol \(header.version)"
    if mode == .real16 {
      return try LinuxRealMode.plan(
        planner, header: header, reason: "\(why), and is started by its real-mode code.")
    }
    if mode == .long {
      if let plan = try planUnpacked(&planner, header: header, why: why) { return plan }
    } else if request.kernelUnpacking == .byVMM {
      throw .optionRefused(
        option: "--kernel-unpack vmm",
        reason:
          "The image is started in \(mode.rawValue) mode, and an unpacked kernel starts in long mode only.")
    }
    let load = try planner.loadAddress(of: header)
    try planner.claimKernel(of: header, at: load)
    return try finish(
      planner, header: header, isLong: mode == .long, loadAddress: load,
      entryPoint: mode == .long ? load + entry64Offset : load,
      reason: "\(why), and has a \(mode == .long ? 64 : 32)-bit entry point.")
  }

  /// Claims what the 32- or 64-bit entry state needs, and finishes the plan.
  ///
  /// - Parameter header: the image's setup header; nil for an ELF file, which has none.
  static func finish(
    _ planner: consuming Planner, header: LinuxSetupHeader?, isLong: Bool, loadAddress: UInt64,
    entryPoint: UInt64, reason: String
  ) throws(BootError) -> BootPlan {
    let table = isLong ? FlatDescriptors.linux64Table : FlatDescriptors.linux32Table
    let descriptors = try planner.claimDescriptorTable(table)
    let stack = try planner.claimStack()
    var state: CPUState
    if isLong {
      state = .long(
        entryPoint: entryPoint, pageTableRoot: try planner.claimPageTables(),
        globalDescriptorTable: descriptors, codeSelector: FlatDescriptors.linuxCodeSelector,
        dataSelector: FlatDescriptors.linuxDataSelector)
    } else {
      state = .flatProtected(
        entryPoint: try planner.entryPoint32(entryPoint), globalDescriptorTable: descriptors,
        codeSelector: FlatDescriptors.linuxCodeSelector, dataSelector: FlatDescriptors.linuxDataSelector)
    }
    // The protocol gives no stack; a program that uses one before it sets one up is forgiven.
    state.general.rsp = stack
    state.general.rsi = try LinuxBootParameters.claim(&planner, header: header, loadAddress: loadAddress)
    return try planner.finish(
      format: isLong ? .linux64 : .linux32, reason: reason, entryPoint: entryPoint, state: state)
  }
}

extension LinuxSetupHeader {
  /// What the kernel says of its version and build, where that is text.
  ///
  /// - Throws: the failure to read.
  fileprivate func versionText(in source: any ImageSource) throws(BootError) -> String? {
    guard let versionTextOffset else { return nil }
    let bytes = try source.bytes(
      at: UInt64(versionTextOffset), count: min(200, realModeByteCount - versionTextOffset))
    guard let end = bytes.firstIndex(of: 0), end > 0,
      bytes[..<end].allSatisfy({ (0x20...0x7E).contains($0) })
    else { return nil }
    return String(decoding: bytes[..<end], as: UTF8.self)
  }
}
