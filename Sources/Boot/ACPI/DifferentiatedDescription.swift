/// The Differentiated System Description Table, DSDT (ACPI 5.2.11.1): the devices that a guest's
/// drivers find by it, and what to write to switch the machine off.
enum DifferentiatedDescription {
  /// The table for a machine.
  static func table(of platform: PlatformDescription) -> [UInt8] {
    var devices: [UInt8] = []
    for index in 0..<platform.processorCount { devices += processor(index) }
    for (index, port) in platform.serialPorts.prefix(9).enumerated() {
      devices += device(
        "COM\(index + 1)", "PNP0501", uniqueID: UInt64(index),
        ports: [PlatformDescription.Ports(port.firstPort, count: 8)], interrupts: [port.interrupt])
    }
    devices += device(
      "PIC_", "PNP0000", ports: [.init(0x20, count: 2), .init(0xA0, count: 2)], interrupts: [2])
    devices += device("TIMR", "PNP0100", ports: [.init(0x40, count: 4)], interrupts: [0])
    devices += device("RTC_", "PNP0B00", ports: [.init(0x70, count: 2)], interrupts: [8])
    devices += device(
      "KBD_", "PNP0303", ports: [.init(0x60, count: 1), .init(0x64, count: 1)], interrupts: [1])
    if let port = platform.panicPort { devices += panicDevice(port) }
    if !platform.otherPorts.isEmpty {
      devices += device("SYSR", "PNP0C02", uniqueID: 0, ports: platform.otherPorts)
    }

    // SLP_TYP for PM1a and PM1b, and two that are reserved (7.4.2.6).
    let sleepType = AML.integer(UInt64(platform.powerManagement.softOffSleepType & 7))
    let softOff = AML.package([sleepType, sleepType, AML.integer(0), AML.integer(0)])
    // Revision 2: integers have 64 bits.
    return ACPITable.bytes(
      "DSDT", revision: 2,
      content: AML.scope(AML.rootName("_SB"), devices) + AML.named(AML.rootName("_S5"), softOff))
  }

  /// A device with a Plug and Play identifier.
  private static func device(
    _ name: String, _ identifier: StaticString, uniqueID: UInt64? = nil, ports: [PlatformDescription.Ports],
    interrupts: [UInt8] = []
  ) -> [UInt8] {
    var content = AML.named(AML.name("_HID"), AML.plugAndPlayID(identifier))
    if let uniqueID { content += AML.named(AML.name("_UID"), AML.integer(uniqueID)) }
    var resources = AMLResources()
    for range in ports { resources.add(range) }
    for interrupt in interrupts { resources.addInterrupt(interrupt) }
    return AML.device(name, content + resources.object)
  }

  /// A processor (8.4). The MADT has its local APIC under the same number.
  private static func processor(_ index: UInt8) -> [UInt8] {
    let digits = String(index, radix: 16, uppercase: true)
    return AML.device(
      "C" + String(repeating: "0", count: 3 - digits.utf8.count) + digits,
      AML.named(AML.name("_HID"), AML.string("ACPI0007"))
        + AML.named(AML.name("_UID"), AML.integer(UInt64(index))))
  }

  /// The pvpanic device, which Linux's driver finds by this name (QEMU docs/specs/pvpanic).
  private static func panicDevice(_ port: UInt16) -> [UInt8] {
    var resources = AMLResources()
    resources.add(PlatformDescription.Ports(port, count: 1))
    return AML.device("PEVT", AML.named(AML.name("_HID"), AML.string("QEMU0001")) + resources.object)
  }
}
