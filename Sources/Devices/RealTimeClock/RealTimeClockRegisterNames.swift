// The registers of the MC146818 (Motorola data sheet, figures 11 and 14) and of the CMOS memory of
// a PC (as its firmware leaves it).

enum RealTimeClockRegister {
  static let seconds = 0x00
  static let secondsAlarm = 0x01
  static let minutes = 0x02
  static let minutesAlarm = 0x03
  static let hours = 0x04
  static let hoursAlarm = 0x05
  static let weekday = 0x06
  static let day = 0x07
  static let month = 0x08
  static let year = 0x09
  static let a = 0x0a
  static let b = 0x0b
  static let c = 0x0c
  static let d = 0x0d
  /// Not the chip's: where a PC keeps the year's first two digits (ACPI's FADT says so).
  static let century = 0x32
}

/// Register A: the divider and the rate of the periodic interrupt.
enum RealTimeClockA {
  static let updateInProgress: UInt8 = 1 << 7
  static let divider: UInt8 = 0x70
  /// The highest of the three settings with which the divider runs.
  static let lastRunningDivider: UInt8 = 0x20
  static let rate: UInt8 = 0x0f
  /// A crystal of 32768 Hz, and 1024 Hz periodic.
  static let initial: UInt8 = 0x26
}

/// Register B: modes and interrupt enables. The enables have the places of their flags in C.
enum RealTimeClockB {
  static let set: UInt8 = 1 << 7
  static let updateEndedInterrupt: UInt8 = 1 << 4
  static let binary: UInt8 = 1 << 2
  static let hours24: UInt8 = 1 << 1
  /// The enables of the three interrupts and of the square wave.
  static let clearedByReset: UInt8 = 0x78
}

/// Register C: what happened since it was read.
enum RealTimeClockC {
  static let interruptRequest: UInt8 = 1 << 7
  static let periodic: UInt8 = 1 << 6
  static let alarm: UInt8 = 1 << 5
  static let updateEnded: UInt8 = 1 << 4
  static let flags: UInt8 = 0x70
}

/// Register D.
enum RealTimeClockD {
  /// The battery is good: time and memory are valid.
  static let validRAM: UInt8 = 1 << 7
}

/// How much memory a machine has, as its CMOS tells.
enum CMOSMemorySize {
  static let baseLow = 0x15
  static let extendedLow = 0x17
  static let extendedAgainLow = 0x30
  static let above16MiBLow = 0x34
  static let above4GiBLow = 0x5b
}
