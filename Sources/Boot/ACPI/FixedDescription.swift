/// The Fixed ACPI Description Table, FADT (ACPI 5.2.9): where the power management registers are and
/// what a guest can expect of a PC here; and the FACS, which firmware and guest share (5.2.10).
enum FixedDescription {
  /// The flags of table 5.10.
  private enum Feature {
    /// WBINVD works.
    static let writeBackInvalidate: UInt32 = 1 << 0
    /// Every processor has C1: HLT.
    static let haltState: UInt32 = 1 << 2
    /// There is no sleep button among the fixed registers. (There is a power button: bit 4 is clear.)
    static let noSleepButton: UInt32 = 1 << 5
    /// The real-time clock's wake status is not among the fixed registers.
    static let noClockWake: UInt32 = 1 << 6
    /// The PM timer has 32 bits.
    static let longTimer: UInt32 = 1 << 8
    /// There is a reset register.
    static let resetRegister: UInt32 = 1 << 10
  }

  /// The boot architecture flags of table 5.11.
  private enum BootArchitecture {
    /// There are devices at the ISA bus's fixed places.
    static let legacyDevices: UInt16 = 1 << 0
    /// There is a keyboard controller.
    static let keyboardController: UInt16 = 1 << 1
    /// There is no VGA.
    static let noVGA: UInt16 = 1 << 2
  }

  /// What a guest writes to the reset register: a full reset, at once.
  private static let resetValue: UInt8 = 6
  /// A latency that says that a processor has no C2 or C3, in microseconds.
  private static let noLatency: UInt16 = 0x0FFF

  /// The FADT; its links are the addresses of the other two tables.
  static func table(of platform: PlatformDescription, facs: UInt32, dsdt: UInt32) -> [UInt8] {
    let power = platform.powerManagement
    var content: [UInt8] = []
    content.append(littleEndian: facs)
    content.append(littleEndian: dsdt)
    content += [0, 0]  // reserved; no preferred power profile
    content.append(littleEndian: UInt16(power.interrupt))
    // No SMI command: the machine is in ACPI mode from the start. No processor performance states.
    content += [UInt8](repeating: 0, count: 8)
    for block in [power.eventBlock, 0, power.controlBlock, 0, 0, power.timerBlock, 0, 0] {
      content.append(littleEndian: UInt32(block))
    }
    content += [4, 2, 0, 4, 0, 0, 0, 0]  // the blocks' sizes, in bytes
    content.append(littleEndian: noLatency)
    content.append(littleEndian: noLatency)
    content += [UInt8](repeating: 0, count: 8)  // no flushing by reading, no throttling, no day alarm
    content.append(0x32)  // where the real-time clock has the century
    content.append(
      littleEndian: BootArchitecture.legacyDevices | BootArchitecture.keyboardController
        | BootArchitecture.noVGA)
    content.append(0)
    content.append(
      littleEndian: Feature.writeBackInvalidate | Feature.haltState | Feature.noSleepButton
        | Feature.noClockWake | Feature.longTimer | Feature.resetRegister)
    content += port(platform.resetPort, byteCount: 1, accessByteCount: 1)
    content.append(resetValue)
    content += [0, 0]  // nothing of Arm's
    content.append(0)  // version 6.0
    content.append(littleEndian: UInt64(0))  // the FACS was named above
    content.append(littleEndian: UInt64(dsdt))
    content += port(power.eventBlock, byteCount: 4, accessByteCount: 2) + nowhere
    content += port(power.controlBlock, byteCount: 2, accessByteCount: 2) + nowhere + nowhere
    content += port(power.timerBlock, byteCount: 4, accessByteCount: 4) + nowhere + nowhere
    content += nowhere + nowhere  // sleep registers of machines without PM1
    content += Array("SwiftVM\0".utf8)  // the hypervisor's vendor
    return ACPITable.bytes("FACP", revision: 6, content: content)
  }

  /// The FACS. It has no header of the usual kind, and the guest writes to it.
  static let shared: [UInt8] = {
    var bytes = Array("FACS".utf8)
    bytes.append(littleEndian: UInt32(64))
    bytes += [UInt8](repeating: 0, count: 24)
    bytes.append(2)  // version
    return bytes + [UInt8](repeating: 0, count: 31)
  }()

  /// A Generic Address Structure for a register at an I/O port (5.2.3.2).
  private static func port(_ port: UInt16, byteCount: UInt8, accessByteCount: UInt8) -> [UInt8] {
    // Accesses of one, two and four bytes have the numbers 1, 2, 3.
    var bytes: [UInt8] = [1, byteCount * 8, 0, UInt8(accessByteCount.trailingZeroBitCount) + 1]
    bytes.append(littleEndian: UInt64(port))
    return bytes
  }

  /// The same for a register that does not exist.
  private static let nowhere = [UInt8](repeating: 0, count: 12)
}
