/// The timer of a local APIC: one-shot, periodic or by the time-stamp counter (SDM Vol. 3A, 11.5.4).
///
/// It counts at 1 GHz before the divider, as KVM's does: one tick is `divisor` nanoseconds. Nothing runs
/// while it counts; the registers are computed from the time when somebody asks.
struct LocalAPICTimer: Sendable {
  /// Bits 18:17 of the timer's entry in the local vector table.
  enum Mode: UInt32, Sendable {
    case oneShot = 0
    case periodic = 1
    case deadline = 2
    /// Not defined: the timer stands still.
    case reserved = 3
  }

  /// How it counts.
  private(set) var mode = Mode.oneShot
  /// The initial count register.
  private(set) var initialCount: UInt32 = 0
  /// The divide configuration register: bits 3, 1 and 0.
  private(set) var divideConfiguration: UInt32 = 0
  /// IA32_TSC_DEADLINE: 0 while not armed.
  private(set) var timeStampDeadline: UInt64 = 0
  /// The moment (`DeviceClock.monotonicNanoseconds`) at which it expires next; nil while it stands.
  private(set) var expiry: UInt64?

  /// Nanoseconds per tick (SDM Vol. 3A, figure 11-10): 2, 4, … 128, or 1 for 0b111.
  private var divisor: UInt64 {
    let code = divideConfiguration & 3 | (divideConfiguration & 8) >> 1
    return code == 7 ? 1 : 2 << UInt64(code)
  }

  private var period: UInt64 { UInt64(initialCount) * divisor }

  /// The current count register.
  func currentCount(now: UInt64) -> UInt32 {
    guard mode == .oneShot || mode == .periodic, let expiry, expiry > now else { return 0 }
    // Rounded up: the count is 0 only once it has expired.
    return UInt32(clamping: (expiry - now + divisor - 1) / divisor)
  }

  /// Writes the initial count register, which starts the timer, or stops it with 0.
  mutating func setInitialCount(_ count: UInt32, now: UInt64) {
    guard mode != .deadline else { return }
    initialCount = count
    expiry = count == 0 ? nil : now &+ period
  }

  /// Writes the divide configuration register: it goes on from the present count at the new speed.
  mutating func setDivideConfiguration(_ value: UInt32, now: UInt64) {
    let count = currentCount(now: now)
    divideConfiguration = value & 0xB
    if expiry != nil, mode != .deadline { expiry = now &+ UInt64(count) * divisor }
  }

  /// Takes over the mode from the local vector table. To and from TSC-deadline mode disarms the timer.
  mutating func setMode(_ new: Mode) {
    guard new != mode else { return }
    if new == .deadline || mode == .deadline || new == .reserved {
      initialCount = 0
      timeStampDeadline = 0
      expiry = nil
    }
    mode = new
  }

  /// Writes IA32_TSC_DEADLINE, whose value is reached after so many nanoseconds. Ignored in other modes.
  mutating func setTimeStampDeadline(_ value: UInt64, after nanoseconds: UInt64, now: UInt64) {
    guard mode == .deadline else { return }
    timeStampDeadline = value
    let (moment, overflow) = now.addingReportingOverflow(nanoseconds)
    expiry = value == 0 ? nil : overflow ? .max : moment
  }

  /// Lets time pass until `now`. True if the timer expired, however often.
  mutating func advance(to now: UInt64) -> Bool {
    guard let moment = expiry, moment <= now else { return false }
    switch mode {
    case .periodic where period > 0:
      expiry = moment &+ ((now - moment) / period &+ 1) &* period
    default:
      expiry = nil
      timeStampDeadline = 0
    }
    return true
  }
}
