import GuestMemory

/// What a Linux kernel finds at the address in RSI: `struct boot_params`, called the zero page (Linux
/// Documentation/arch/x86/zero-page.rst), with the setup header in it, the command line, and a seed for
/// its random number generator.
enum LinuxBootParameters {
  /// The size of the structure, in bytes.
  static let byteCount = 4096
  /// type_of_loader of a loader that has no number of its own.
  static let undefinedLoader: UInt8 = 0xFF
  /// The longest command line of Linux on x86, in bytes without the NUL (COMMAND_LINE_SIZE).
  static let commandLineLimit = 2047
  /// Entries that the memory map has room for.
  static let memoryMapLimit = 128

  /// Claims the initial RAM disk and the information, and returns the guest-physical address of the
  /// structure.
  ///
  /// - Parameters:
  ///   - header: the image's setup header; nil for an ELF file, which has none.
  ///   - loadAddress: where the protected-mode code is loaded.
  static func claim(_ planner: inout Planner, header: LinuxSetupHeader?, loadAddress: UInt64)
    throws(BootError) -> UInt64
  {
    var area = BootInformationArea(mainStructureByteCount: byteCount)
    let text = try planner.request.linuxCommandLine(limit: header?.commandLineLimit ?? commandLineLimit)
    let commandLine = area.append(text + [0])
    let disk = try planner.claimInitialRAMDisk(
      addressMaximum: header?.initialRAMDiskAddressMaximum ?? 0x7FFF_FFFF)

    var page = [UInt8](repeating: 0, count: byteCount)
    let version = header?.version ?? .newest
    if let header {
      page.set(header.bytes, at: LinuxSetupHeader.offset)
    } else {
      page.set(BootSector.signature, at: BootSector.signatureOffset)
      page.set(LinuxSetupHeader.magic, at: LinuxSetupHeader.magicOffset)
      page.set(littleEndian: version.rawValue, at: 0x206)
      page.set(littleEndian: UInt8(1), at: 0x211)  // LOADED_HIGH
      page.set(littleEndian: UInt32(commandLineLimit), at: 0x238)
    }
    page.set(littleEndian: UInt16(0xFFFF), at: 0x1FA)  // vid_mode: normal
    page.set(littleEndian: undefinedLoader, at: 0x210)
    // Kernel and RAM disk lie below 4 GiB, so that nothing is cut off here.
    page.set(littleEndian: UInt32(truncatingIfNeeded: loadAddress), at: 0x214)
    page.set(littleEndian: UInt32(truncatingIfNeeded: disk?.address ?? 0), at: 0x218)
    page.set(littleEndian: UInt32(truncatingIfNeeded: disk?.byteCount ?? 0), at: 0x21C)
    if version >= .commandLinePointer {
      page.set(littleEndian: UInt32(truncatingIfNeeded: commandLine), at: 0x228)
    }
    page.setMemory(planner.map)
    page.set(littleEndian: planner.rootPointer, at: 0x070)  // acpi_rsdp_addr
    if version >= .setupData {
      let seed = try LinuxRandomSeed.claim(&planner, after: area)
      page.set(littleEndian: seed, at: 0x250)
    }
    try planner.claimInformation(try area.finish(mainStructure: page))
    return area.address
  }
}

extension [UInt8] {
  /// Writes `bytes` over those at `offset`, which is there.
  mutating func set(_ bytes: [UInt8], at offset: Int) {
    replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }

  /// Writes a little-endian integer over the bytes at `offset`, which is there.
  mutating func set<Value: FixedWidthInteger>(littleEndian value: Value, at offset: Int) {
    var bytes: [UInt8] = []
    bytes.append(littleEndian: value)
    set(bytes, at: offset)
  }

  /// Fills in the memory map of a zero page, and what kernels older than it look at.
  fileprivate mutating func setMemory(_ map: MemoryMap) {
    let entries = map.entries.prefix(LinuxBootParameters.memoryMapLimit)
    self[0x1E8] = UInt8(entries.count)
    var table: [UInt8] = []
    for entry in entries {
      table.append(littleEndian: entry.address)
      table.append(littleEndian: entry.byteCount)
      table.append(littleEndian: entry.kind.rawValue)
    }
    set(table, at: 0x2D0)
    let extended = map.kibibytes(from: BootLayout.highMemoryStart)
    set(littleEndian: UInt16(clamping: extended), at: 0x002)  // screen_info.ext_mem_k
    set(littleEndian: UInt32(clamping: extended), at: 0x1E0)  // alt_mem_k
  }
}
