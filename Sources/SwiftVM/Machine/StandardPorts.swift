/// A range of I/O ports.
///
/// Not a `ClosedRange`: the first use of a generic type with requirements makes the Swift runtime look
/// through every conformance in the program, which costs as much as creating a vCPU.
struct PortRange: Sendable {
  var first: UInt16
  var last: UInt16

  /// The ports `first` to `last`.
  init(_ first: UInt16, _ last: UInt16) {
    self.first = first
    self.last = last
  }

  /// How many ports there are.
  var count: UInt64 { UInt64(last) - UInt64(first) + 1 }

  /// Whether the two have a port in common.
  func overlaps(_ other: PortRange) -> Bool { first <= other.last && other.first <= last }
}

/// The I/O ports that every machine has, in one table: what is built, and what `--exit-port` may
/// not claim.
enum StandardPorts {
  /// COM1.
  static let serial = PortRange(0x3F8, 0x3FF)
  /// Bochs' and QEMU's debug console.
  static let debugConsole = PortRange(0xE9, 0xE9)
  /// Power-on self-test codes.
  static let post = PortRange(0x80, 0x80)
  /// The keyboard controller's data port.
  static let keyboardData = PortRange(0x60, 0x60)
  /// The keyboard controller's command port.
  static let keyboardCommand = PortRange(0x64, 0x64)
  /// System control port A.
  static let systemControlA = PortRange(0x92, 0x92)
  /// The real-time clock.
  static let realTimeClock = PortRange(0x70, 0x71)
  /// The chipset's reset control register, 0xCF9, within the ports of PCI configuration.
  static let resetControl = PortRange(0xCF8, 0xCFB)
  /// ACPI's PM1 event and control blocks.
  static let powerManagement = PortRange(0x600, 0x605)
  /// ACPI's PM timer.
  static let powerManagementTimer = PortRange(0x608, 0x60B)
  /// The panic port of QEMU's pvpanic.
  static let panic = PortRange(0x505, 0x505)

  /// Every range with its owner's name; the interrupt controllers' and the interval
  /// timer's are the kernel's or ours.
  static let all: [(range: PortRange, name: String)] = [
    (serial, "serial port COM1"), (debugConsole, "debug console"), (post, "POST port"),
    (keyboardData, "keyboard controller"), (keyboardCommand, "keyboard controller"),
    (systemControlA, "system control port A"), (realTimeClock, "real-time clock"),
    (resetControl, "reset control register"), (panic, "panic port"),
    (powerManagement, "ACPI power management"), (powerManagementTimer, "ACPI power management"),
    (PortRange(0x20, 0x21), "interrupt controller"), (PortRange(0xA0, 0xA1), "interrupt controller"),
    (PortRange(0x4D0, 0x4D1), "interrupt controller"), (PortRange(0x40, 0x43), "interval timer"),
    (PortRange(0x61, 0x61), "interval timer"),
  ]
}
