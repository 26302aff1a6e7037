/// The Multiple APIC Description Table, MADT (ACPI 5.2.12): processors, the I/O APIC, and how ISA
/// interrupts reach it.
enum InterruptControllerDescription {
  /// Level-triggered, active high: the flags of an interrupt source (5.2.12.5).
  private static let levelActiveHigh: UInt16 = 0xD

  /// The table for a machine.
  static func table(of platform: PlatformDescription) -> [UInt8] {
    var content: [UInt8] = []
    content.append(littleEndian: PlatformDescription.localAPICAddress)
    content.append(littleEndian: UInt32(1))  // PCAT_COMPAT: there are 8259s too
    for index in 0..<platform.processorCount {
      // Processor local APIC: number of the processor and of its APIC, the same; enabled.
      content += [0, 8, index, index]
      content.append(littleEndian: UInt32(1))
    }
    // I/O APIC, whose first input is global interrupt 0.
    content += [1, 12, PlatformDescription.ioAPICID, 0]
    content.append(littleEndian: PlatformDescription.ioAPICAddress)
    content.append(littleEndian: UInt32(0))
    // ISA interrupts are the inputs of the same number, edge-triggered, but for these.
    content += interruptSource(0, input: PlatformDescription.timerInput, flags: 0)
    let sci = platform.powerManagement.interrupt
    content += interruptSource(sci, input: sci, flags: levelActiveHigh)
    // Local APIC NMI: LINT1 of all processors.
    content += [4, 6, 0xFF, 0, 0, 1]
    return ACPITable.bytes("APIC", revision: 4, content: content)
  }

  /// An interrupt source override of the ISA bus.
  private static func interruptSource(_ source: UInt8, input: UInt8, flags: UInt16) -> [UInt8] {
    var bytes: [UInt8] = [2, 10, 0, source]
    bytes.append(littleEndian: UInt32(input))
    bytes.append(littleEndian: flags)
    return bytes
  }
}
