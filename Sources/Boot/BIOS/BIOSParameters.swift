import X86

/// What the BIOS is told by us, in its layout: bios/layout.inc has the same offsets.
struct BIOSParameters {
  /// The block.
  private(set) var bytes: [UInt8]

  private static let mapOffset = 0x80
  /// Entries of the memory map that there is room for; a machine has a handful.
  private static let mapLimit =
    (Int(BootLayout.highMemoryStart - BootLayout.biosParameters) - BIOSImage.bytes.count - mapOffset) / 20
  /// What INT 15h AH=88h tells at most, in KiB: programs take more for an error.
  private static let extendedLimit: UInt64 = 0xFC00

  /// - Parameter entry: real mode: of segments, only the selectors are told.
  init(entry: CPUState, map: MemoryMap, disk: BIOSDisk?) {
    bytes = [UInt8](repeating: 0, count: Self.mapOffset)
    let general = entry.general
    // As POPAD takes them; it leaves ESP out.
    let registers = [
      general.rdi, general.rsi, general.rbp, 0, general.rbx, general.rdx, general.rcx, general.rax,
    ]
    for (index, register) in registers.enumerated() {
      bytes.set(littleEndian: UInt32(truncatingIfNeeded: register), at: index * 4)
    }
    for (index, segment) in [entry.gs, entry.fs, entry.es, entry.ds].enumerated() {
      bytes.set(littleEndian: segment.selector, at: 0x20 + index * 2)
    }
    let flags = entry.rflags.subtracting(.interruptEnable)
    bytes.set(littleEndian: UInt32(truncatingIfNeeded: flags.rawValue), at: 0x28)
    bytes.set(littleEndian: UInt32(truncatingIfNeeded: general.rsp), at: 0x2C)
    bytes.set(littleEndian: entry.ss.selector, at: 0x30)
    bytes.set(littleEndian: UInt16(truncatingIfNeeded: entry.rip), at: 0x32)
    bytes.set(littleEndian: entry.cs.selector, at: 0x34)
    bytes[0x36] = entry.rflags.contains(.interruptEnable) ? 1 : 0
    addMemory(map)
    if let disk { addDisk(disk) }
  }

  private mutating func addMemory(_ map: MemoryMap) {
    let extended = map.kibibytes(from: BootLayout.highMemoryStart)
    let below16MiB = min(extended, 15 << 10)
    bytes.set(littleEndian: UInt16(clamping: min(extended, Self.extendedLimit)), at: 0x38)
    bytes.set(littleEndian: UInt16(clamping: below16MiB), at: 0x3A)
    bytes.set(littleEndian: UInt16(clamping: (extended - below16MiB) / 64), at: 0x3C)
    let entries = map.entries.prefix(Self.mapLimit)
    bytes.set(littleEndian: UInt16(clamping: entries.count), at: 0x3E)
    for entry in entries {
      bytes.append(littleEndian: entry.address)
      bytes.append(littleEndian: entry.byteCount)
      bytes.append(littleEndian: entry.kind.rawValue)
    }
  }

  private mutating func addDisk(_ disk: BIOSDisk) {
    bytes.set(littleEndian: disk.address, at: 0x40)
    bytes.set(littleEndian: disk.sectorCount, at: 0x44)
    bytes.set(littleEndian: disk.cylinders, at: 0x48)
    bytes.set(littleEndian: disk.heads, at: 0x4A)
    bytes.set(littleEndian: disk.sectorsPerTrack, at: 0x4C)
    bytes[0x4E] = disk.drive
    bytes[0x4F] = disk.floppyType
  }
}
