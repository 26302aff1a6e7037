/// The I/O ports that every machine has, in one table: what is built, and what `--exit-port` may
/// not claim.
enum StandardPorts {
  /// COM1.
  static let serial: ClosedRange<UInt16> = 0x3F8...0x3FF
  /// Bochs' and QEMU's debug console.
  static let debugConsole: ClosedRange<UInt16> = 0xE9...0xE9
  /// Power-on self-test codes.
  static let post: ClosedRange<UInt16> = 0x80...0x80
  /// The keyboard controller's data port.
  static let keyboardData: ClosedRange<UInt16> = 0x60...0x60
  /// The keyboard controller's command port.
  static let keyboardCommand: ClosedRange<UInt16> = 0x64...0x64
  /// System control port A.
  static let systemControlA: ClosedRange<UInt16> = 0x92...0x92
  /// The real-time clock.
  static let realTimeClock: ClosedRange<UInt16> = 0x70...0x71
  /// The chipset's reset control register, 0xCF9, within the ports of PCI configuration.
  static let resetControl: ClosedRange<UInt16> = 0xCF8...0xCFB
  /// The panic port of QEMU's pvpanic.
  static let panic: ClosedRange<UInt16> = 0x505...0x505

  /// Every range with its owner's name; the last three are the kernel's.
  static let all: [(range: ClosedRange<UInt16>, name: String)] = [
    (serial, "serial port COM1"), (debugConsole, "debug console"), (post, "POST port"),
    (keyboardData, "keyboard controller"), (keyboardCommand, "keyboard controller"),
    (systemControlA, "system control port A"), (realTimeClock, "real-time clock"),
    (resetControl, "reset control register"), (panic, "panic port"),
    (0x20...0x21, "interrupt controller"), (0xA0...0xA1, "interrupt controller"),
    (0x4D0...0x4D1, "interrupt controller"), (0x40...0x43, "interval timer"), (0x61...0x61, "interval timer"),
  ]
}
