/// The tables of Intel's MultiProcessor Specification 1.4, for guests that read no ACPI: the same
/// processors and interrupts as in the MADT.
enum MultiprocessorTable {
  /// The size of the floating pointer, in bytes.
  static let pointerByteCount = 16
  /// Specification 1.4.
  private static let specification: UInt8 = 4
  /// Bus 0 is the ISA bus.
  private static let isaBus: UInt8 = 0
  /// All local APICs.
  private static let everyone: UInt8 = 0xFF

  /// The kinds of interrupt (table 4-11).
  private enum Interrupt: UInt8 {
    /// The I/O APIC has the vector.
    case vectored = 0
    /// A non-maskable interrupt.
    case nonMaskable = 1
    /// The 8259s have the vector.
    case external = 3
  }

  /// The floating pointer (4.1) to a table at `table`. There are no default configurations, and no
  /// register that switches the 8259s off (virtual wire mode).
  static func pointer(to table: UInt32) -> [UInt8] {
    var bytes = Array("_MP_".utf8)
    bytes.append(littleEndian: table)
    bytes += [1, specification, 0]
    bytes += [UInt8](repeating: 0, count: 5)
    bytes[10] = ACPITable.checksum(of: bytes)
    return bytes
  }

  /// The configuration table (4.2, 4.3).
  static func table(of platform: PlatformDescription) -> [UInt8] {
    var entries: [[UInt8]] = []
    for index in 0..<platform.processorCount { entries.append(processor(index)) }
    entries.append([1, isaBus] + Array("ISA   ".utf8))
    var controller: [UInt8] = [2, PlatformDescription.ioAPICID, 0x11, 1]
    controller.append(littleEndian: PlatformDescription.ioAPICAddress)
    entries.append(controller)
    let sci = platform.powerManagement.interrupt
    for source in 0..<16 as Range<UInt8> where source != PlatformDescription.cascade {
      entries.append(
        interrupt(
          3, .vectored, flags: source == sci ? 0xD : 0, source: source,
          destination: PlatformDescription.ioAPICID,
          input: source == 0 ? PlatformDescription.timerInput : source))
    }
    // LINT0 is wired to the 8259s, LINT1 to the source of NMI.
    entries.append(interrupt(4, .external, source: 0, destination: everyone, input: 0))
    entries.append(interrupt(4, .nonMaskable, source: 0, destination: everyone, input: 1))

    var table = Array("PCMP".utf8)
    let byteCount = 44 + entries.reduce(0) { $0 + $1.count }
    table.append(littleEndian: UInt16(clamping: byteCount))
    table += [specification, 0]
    table += ACPITable.model + Array("SWIFTVM     ".utf8)
    table.append(littleEndian: UInt32(0))  // no table of the maker's
    table.append(littleEndian: UInt16(0))
    table.append(littleEndian: UInt16(clamping: entries.count))
    table.append(littleEndian: PlatformDescription.localAPICAddress)
    table.append(littleEndian: UInt32(0))  // no extended table
    table += entries.flatMap { $0 }
    table[7] = ACPITable.checksum(of: table)
    return table
  }

  /// A processor with an APIC of version 0x14, enabled; the first is the bootstrap processor. Guests that
  /// want to know more ask CPUID.
  private static func processor(_ index: UInt8) -> [UInt8] {
    var bytes: [UInt8] = [0, index, 0x14, index == 0 ? 3 : 1]
    bytes.append(littleEndian: UInt32(0x600))  // family 6
    bytes.append(littleEndian: UInt32(1 << 9 | 1 << 0))  // an APIC and a floating-point unit
    return bytes + [UInt8](repeating: 0, count: 8)
  }

  /// An interrupt of the ISA bus: to the I/O APIC (entry 3) or to local APICs (entry 4).
  private static func interrupt(
    _ entry: UInt8, _ kind: Interrupt, flags: UInt16 = 0, source: UInt8, destination: UInt8, input: UInt8
  ) -> [UInt8] {
    var bytes: [UInt8] = [entry, kind.rawValue]
    bytes.append(littleEndian: flags)
    return bytes + [isaBus, source, destination, input]
  }
}
