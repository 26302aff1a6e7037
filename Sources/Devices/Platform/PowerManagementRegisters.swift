/// The registers of ACPI's PM1 blocks and PM timer (ACPI 4.8.3), and nothing around them: no lock, no
/// clock, no interrupt line.
struct PowerManagementRegisters {
  /// The frequency of the PM timer, in Hz (4.8.3.3).
  static let timerFrequency: UInt64 = 3_579_545
  /// TMR_STS and TMR_EN: the PM timer's top bit changed.
  static let timer: UInt16 = 1 << 0
  /// PWRBTN_STS and PWRBTN_EN: the power button was pressed.
  static let powerButton: UInt16 = 1 << 8
  /// The events that there are. Nothing sets GBL_STS, and sleep button, alarm and wake-up are not among the
  /// fixed registers.
  private static let events = timer | powerButton
  /// RTC_EN: nothing sets RTC_STS, but Linux wants the bit to stay as it was written, whatever the tables say
  /// of the event.
  private static let realTimeClockEnable: UInt16 = 1 << 10
  /// GBL_EN, which a guest that waits for it to stay set finds set: firmware has nothing to say.
  private static let globalEnable: UInt16 = 1 << 5
  /// SCI_EN: events lead to the SCI, not to firmware. It cannot be switched off.
  private static let interruptEnable: UInt16 = 1 << 0
  /// BM_RLD and SLP_TYP: what a guest reads back of the control register.
  private static let controlKept: UInt16 = 1 << 1 | sleepTypeMask
  private static let sleepTypeMask: UInt16 = 7 << 10
  private static let sleepEnable: UInt16 = 1 << 13

  /// PM1_STS.
  private(set) var status: UInt16 = 0
  /// PM1_EN.
  private(set) var enable: UInt16 = 0
  /// PM1_CNT, as it is read.
  private(set) var control = interruptEnable
  /// How often the timer's top bit has changed.
  private var timerChanges: UInt64 = 0

  /// Whether the SCI is asserted.
  var interruptLevel: Bool { status & enable & Self.events != 0 }

  /// Lets time go on, so that the timer has counted to `ticks`.
  mutating func advance(toTicks ticks: UInt64) {
    let changes = ticks >> 31
    if changes != timerChanges {
      timerChanges = changes
      status |= Self.timer
    }
  }

  /// How many ticks the timer will have counted when it asks for an interrupt next; nil where it will not,
  /// or has asked already.
  var nextInterruptTicks: UInt64? {
    guard enable & Self.timer != 0, status & Self.timer == 0 else { return nil }
    return (timerChanges &+ 1) << 31
  }

  /// The power button is pressed.
  mutating func pressPowerButton() { status |= Self.powerButton }

  /// Clears the status bits that are set in `value`.
  mutating func writeStatus(_ value: UInt16) { status &= ~value }

  /// Sets which events lead to an interrupt. `mask` tells which of the bits were written.
  mutating func writeEnable(_ value: UInt16, mask: UInt16) {
    enable = (enable & ~mask | value & mask) & (Self.events | Self.globalEnable | Self.realTimeClockEnable)
  }

  /// Writes the control register. `mask` tells which of the bits were written.
  ///
  /// - Returns: the sleep type, 0…7, where the guest asks for it to be entered.
  mutating func writeControl(_ value: UInt16, mask: UInt16) -> UInt8? {
    control = (control & ~mask | value & mask) & Self.controlKept | Self.interruptEnable
    guard value & mask & Self.sleepEnable != 0 else { return nil }
    return UInt8(truncatingIfNeeded: (control & Self.sleepTypeMask) >> 10)
  }

  // MARK: Time

  /// The ticks of the timer in so many nanoseconds, rounded down.
  static func ticks(inNanoseconds nanoseconds: UInt64) -> UInt64 {
    let product = nanoseconds.multipliedFullWidth(by: timerFrequency)
    // The high half is less than the frequency, and so than the divisor.
    return UInt64(1_000_000_000).dividingFullWidth(product).quotient
  }

  /// The nanoseconds after which the timer has counted so many ticks; the most there are where that is
  /// beyond them.
  static func nanoseconds(toTicks ticks: UInt64) -> UInt64 {
    let product = ticks.multipliedFullWidth(by: 1_000_000_000)
    guard product.high < timerFrequency else { return .max }
    let (quotient, remainder) = timerFrequency.dividingFullWidth(product)
    return remainder == 0 || quotient == .max ? quotient : quotient + 1
  }
}
