/// The hardware of a machine, as far as firmware tables (ACPI, multiprocessor) tell a guest of it.
///
/// What every PC has is not named here, because its addresses are fixed: the interrupt controllers, the
/// interval timer, the real-time clock, and how ISA interrupts reach the I/O APIC.
public struct PlatformDescription: Sendable, Equatable {
  /// A range of I/O ports.
  public struct Ports: Sendable, Equatable {
    /// The first port.
    public var first: UInt16
    /// How many there are.
    public var count: UInt8

    /// `count` ports from `first` on.
    public init(_ first: UInt16, count: UInt8) {
      self.first = first
      self.count = count
    }
  }

  /// A 16550 serial port: eight ports and an ISA interrupt.
  public struct SerialPort: Sendable, Equatable {
    /// The first of its ports.
    public var firstPort: UInt16
    /// Its ISA interrupt, 0…15.
    public var interrupt: UInt8

    /// A serial port.
    public init(firstPort: UInt16, interrupt: UInt8) {
      self.firstPort = firstPort
      self.interrupt = interrupt
    }
  }

  /// The registers of ACPI's power management, and what is done with them (ACPI 4.8).
  public struct PowerManagement: Sendable, Equatable {
    /// The PM1a event block: four ports.
    public var eventBlock: UInt16
    /// The PM1a control block: two ports.
    public var controlBlock: UInt16
    /// The 32-bit PM timer: four ports.
    public var timerBlock: UInt16
    /// The ISA interrupt of the events, level-triggered and active high (SCI).
    public var interrupt: UInt8
    /// What SLP_TYP must be to switch the machine off, 0…7.
    public var softOffSleepType: UInt8

    /// Power management with its registers at these ports.
    public init(
      eventBlock: UInt16, controlBlock: UInt16, timerBlock: UInt16, interrupt: UInt8, softOffSleepType: UInt8
    ) {
      self.eventBlock = eventBlock
      self.controlBlock = controlBlock
      self.timerBlock = timerBlock
      self.interrupt = interrupt
      self.softOffSleepType = softOffSleepType
    }
  }

  /// How many processors there are, 1…255: their local APICs are numbered from 0 on.
  public var processorCount: UInt8
  /// The power management registers.
  public var powerManagement: PowerManagement
  /// The port of the reset control register, to which a guest writes 6 to reset the machine.
  public var resetPort: UInt16
  /// The serial ports, COM1 first; up to nine.
  public var serialPorts: [SerialPort]
  /// The port of the pvpanic device; nil where there is none.
  public var panicPort: UInt16?
  /// Ports of devices for which there is no driver, so that nothing else is put there.
  public var otherPorts: [Ports]

  /// A machine with this hardware.
  public init(
    processorCount: UInt8, powerManagement: PowerManagement, resetPort: UInt16, serialPorts: [SerialPort],
    panicPort: UInt16? = nil, otherPorts: [Ports] = []
  ) {
    self.processorCount = processorCount
    self.powerManagement = powerManagement
    self.resetPort = resetPort
    self.serialPorts = serialPorts
    self.panicPort = panicPort
    self.otherPorts = otherPorts
  }
}

extension PlatformDescription {
  /// Where the local APIC of each processor answers (SDM Vol. 3A, 10.4.1).
  static let localAPICAddress: UInt32 = 0xFEE0_0000
  /// Where the I/O APIC answers (82093AA data sheet, 3.0).
  static let ioAPICAddress: UInt32 = 0xFEC0_0000
  /// The I/O APIC's identification register after reset.
  static let ioAPICID: UInt8 = 0
  /// The I/O APIC input of the interval timer, whose ISA interrupt is 0.
  static let timerInput: UInt8 = 2
  /// The ISA interrupt of the second interrupt controller: no device has it.
  static let cascade: UInt8 = 2
}
