/// The state of an MC146818 (Motorola data sheet) with the CMOS memory of a PC, and what each access
/// and the passing of time do to it. No lock, no timer: `RealTimeClock` adds both.
///
/// Nothing here ticks. The time of day is the host's plus an offset, worked out when it is read; the
/// flags of register C are worked out from what has passed since they were last asked for.
struct RealTimeClockRegisters {
  /// The host's clocks at one moment.
  struct Now {
    /// Nanoseconds, never running backwards: what the periodic interrupt goes by.
    var monotonic: UInt64
    /// Nanoseconds since 1970: what the time of day goes by.
    var wall: Int64
  }

  private typealias Register = RealTimeClockRegister
  private static let nanosecondsPerSecond: Int64 = 1_000_000_000
  private static let crystal: UInt64 = 32_768
  /// How long before the new time the update-in-progress bit goes on: 244 µs of warning and 1984 µs
  /// of update (data sheet, table 5).
  private static let updateNanoseconds: Int64 = 2_228_000

  /// All 128 bytes. While the clock runs, those of the time are stale.
  private(set) var memory = InlineArray<128, UInt8>(repeating: 0)
  /// Guest's time less host's time: whole seconds and a fraction of 0..<10⁹ nanoseconds.
  private var offsetSeconds: Int64 = 0
  private var offsetNanoseconds: Int64 = 0
  /// Up to where register C has been worked out: crystal periods, and seconds of the guest's time.
  private var countedPeriods: UInt64
  private var countedSecond: Int64

  init(now: Now) {
    countedPeriods = Self.crystalPeriods(now.monotonic)
    countedSecond = 0
    memory[Register.a] = RealTimeClockA.initial
    memory[Register.b] = RealTimeClockB.hours24
    memory[Register.d] = RealTimeClockD.validRAM
    countedSecond = time(now).seconds
  }

  /// What the RESET pin does: no interrupt is enabled or reported, and all else stays (data sheet,
  /// "RESET").
  mutating func reset(now: Now) {
    // Whatever happened so far is forgotten with the flags.
    advance(to: now)
    memory[Register.b] &= ~RealTimeClockB.clearedByReset
    memory[Register.c] = 0
  }

  /// Sets bytes of the memory as firmware would.
  mutating func preset(_ index: Int, _ value: UInt8) { memory[index & 0x7f] = value }

  // MARK: - What follows from the state

  /// The level of the interrupt output.
  var interruptLevel: Bool {
    memory[Register.b] & memory[Register.c] & RealTimeClockC.flags != 0
  }

  private var isDividerRunning: Bool {
    memory[Register.a] & RealTimeClockA.divider <= RealTimeClockA.lastRunningDivider
  }

  /// Whether the time goes on: not while it is being set.
  private var isRunning: Bool { isDividerRunning && memory[Register.b] & RealTimeClockB.set == 0 }

  /// Crystal periods from one periodic interrupt to the next; nil without (data sheet, table 4).
  private var periodicInterval: UInt64? {
    let rate = memory[Register.a] & RealTimeClockA.rate
    guard rate != 0, isDividerRunning else { return nil }
    // The first two of the fast rates are not to be had with a crystal this slow.
    return 1 << UInt64(rate <= 2 ? rate + 6 : rate - 1)
  }

  private var alarm: RealTimeClockAlarm {
    func part(_ index: Int, _ decode: (UInt8) -> Int64) -> Int64? {
      memory[index] >= 0xc0 ? nil : decode(memory[index])
    }
    return RealTimeClockAlarm(
      hour: part(Register.hoursAlarm, decodeHour), minute: part(Register.minutesAlarm, decode),
      second: part(Register.secondsAlarm, decode))
  }

  // MARK: - The guest's side

  mutating func read(_ index: UInt8, now: Now) -> UInt8 {
    let index = Int(index & 0x7f)
    switch index {
    case Register.a:
      return memory[index] | (isUpdateInProgress(now) ? RealTimeClockA.updateInProgress : 0)
    case Register.c:
      advance(to: now)
      let flags = memory[index] | (interruptLevel ? RealTimeClockC.interruptRequest : 0)
      memory[index] = 0
      return flags
    default:
      if Self.isTime(index), isRunning { latchTime(now) }
      return memory[index]
    }
  }

  mutating func write(_ index: UInt8, _ value: UInt8, now: Now) {
    let index = Int(index & 0x7f)
    // What happened so far happened under the old settings.
    advance(to: now)
    let wasRunning = isRunning
    let wasDividerRunning = isDividerRunning
    if wasRunning { latchTime(now) }

    switch index {
    case Register.a:
      memory[index] = value & ~RealTimeClockA.updateInProgress
    case Register.b:
      // The update-ended interrupt is switched off by SET (data sheet, "UIE").
      let isSet = value & RealTimeClockB.set != 0
      memory[index] = isSet ? value & ~RealTimeClockB.updateEndedInterrupt : value
    case Register.c, Register.d:
      break
    default:
      memory[index] = value
    }

    if isRunning, !wasRunning || Self.isTime(index) {
      // After the divider was held in reset the first update comes half a second later (data
      // sheet, "Divider Control"). Otherwise the seconds go on as the divider counts them.
      resumeTime(now, fraction: wasDividerRunning ? time(now).nanoseconds : Self.nanosecondsPerSecond / 2)
    }
  }

  // MARK: - Time

  /// Brings the flags of register C up to date.
  mutating func advance(to now: Now) {
    let periods = Self.crystalPeriods(now.monotonic)
    if let interval = periodicInterval, periods / interval > countedPeriods / interval {
      memory[Register.c] |= RealTimeClockC.periodic
    }
    countedPeriods = periods

    guard isRunning else { return }
    let second = time(now).seconds
    if second > countedSecond {
      memory[Register.c] |= RealTimeClockC.updateEnded
      if let next = alarm.next(after: countedSecond), next <= second {
        memory[Register.c] |= RealTimeClockC.alarm
      }
    }
    countedSecond = second
  }

  /// When, on the monotonic clock, the interrupt output can go high by itself. Nil if it cannot:
  /// no interrupt is enabled, or each that is waits for register C to be read.
  func nextInterrupt(now: Now) -> UInt64? {
    let awaited = memory[Register.b] & ~memory[Register.c]
    var next: UInt64?
    func propose(_ moment: UInt64) { next = min(next ?? moment, moment) }

    if awaited & RealTimeClockC.periodic != 0, let interval = periodicInterval {
      let periods = Self.crystalPeriods(now.monotonic)
      propose(Self.nanoseconds(crystalPeriods: (periods / interval + 1) * interval))
    }
    if isRunning, awaited & (RealTimeClockC.updateEnded | RealTimeClockC.alarm) != 0 {
      let (second, fraction) = time(now)
      let thisSecond = now.monotonic &- UInt64(fraction)
      if awaited & RealTimeClockC.updateEnded != 0 {
        propose(thisSecond &+ UInt64(Self.nanosecondsPerSecond))
      }
      if awaited & RealTimeClockC.alarm != 0, let alarm = alarm.next(after: second) {
        // At most a day away.
        propose(thisSecond &+ UInt64((alarm - second) * Self.nanosecondsPerSecond))
      }
    }
    return next
  }

  /// The guest's time: seconds since 1970, and nanoseconds of the second.
  private func time(_ now: Now) -> (seconds: Int64, nanoseconds: Int64) {
    let (seconds, nanoseconds) = (now.wall &+ offsetNanoseconds)
      .flooredDivision(by: Self.nanosecondsPerSecond)
    return (seconds + offsetSeconds, nanoseconds)
  }

  private func isUpdateInProgress(_ now: Now) -> Bool {
    isRunning && time(now).nanoseconds >= Self.nanosecondsPerSecond - Self.updateNanoseconds
  }

  /// Puts the running time into the registers.
  private mutating func latchTime(_ now: Now) {
    let seconds = time(now).seconds
    let time = CalendarTime(secondsSince1970: seconds)
    let (century, yearOfCentury) = time.year.flooredDivision(by: 100)
    memory[Register.seconds] = encode(time.second)
    memory[Register.minutes] = encode(time.minute)
    memory[Register.hours] = encodeHour(time.hour)
    memory[Register.weekday] = encode(CalendarTime.weekday(secondsSince1970: seconds))
    memory[Register.day] = encode(time.day)
    memory[Register.month] = encode(time.month)
    memory[Register.year] = encode(yearOfCentury)
    memory[Register.century] = encode(century)
  }

  /// Lets the time go on from what the registers say. The day of the week follows from the date.
  private mutating func resumeTime(_ now: Now, fraction: Int64) {
    let seconds = CalendarTime(
      year: decode(memory[Register.century]) * 100 + decode(memory[Register.year]),
      month: decode(memory[Register.month]), day: decode(memory[Register.day]),
      hour: decodeHour(memory[Register.hours]), minute: decode(memory[Register.minutes]),
      second: decode(memory[Register.seconds])
    ).secondsSince1970
    let (wallSeconds, wallFraction) = now.wall.flooredDivision(by: Self.nanosecondsPerSecond)
    let (carry, nanoseconds) = (fraction - wallFraction).flooredDivision(by: Self.nanosecondsPerSecond)
    offsetNanoseconds = nanoseconds
    offsetSeconds = seconds - wallSeconds + carry
    countedSecond = seconds
  }

  private static func isTime(_ index: Int) -> Bool {
    switch index {
    case Register.seconds, Register.minutes, Register.hours, Register.weekday, Register.day,
      Register.month, Register.year, Register.century:
      true
    default: false
    }
  }

  private static func crystalPeriods(_ nanoseconds: UInt64) -> UInt64 {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: UInt64(nanosecondsPerSecond))
    return seconds * crystal + rest * crystal / UInt64(nanosecondsPerSecond)
  }

  /// The first nanosecond at which this many periods have passed.
  private static func nanoseconds(crystalPeriods: UInt64) -> UInt64 {
    let (seconds, rest) = crystalPeriods.quotientAndRemainder(dividingBy: crystal)
    return seconds &* UInt64(nanosecondsPerSecond)
      &+ (rest * UInt64(nanosecondsPerSecond) + crystal - 1) / crystal
  }

  // MARK: - How numbers are written

  private func encode(_ value: Int64) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    return memory[Register.b] & RealTimeClockB.binary != 0 ? value : (value / 10) << 4 | value % 10
  }

  private func decode(_ value: UInt8) -> Int64 {
    memory[Register.b] & RealTimeClockB.binary != 0
      ? Int64(value) : Int64(value >> 4) * 10 + Int64(value & 15)
  }

  private func encodeHour(_ hour: Int64) -> UInt8 {
    guard memory[Register.b] & RealTimeClockB.hours24 == 0 else { return encode(hour) }
    // 12 at midnight, 1…11, 12 at noon, 1…11; the top bit is set from noon on.
    return encode((hour + 11) % 12 + 1) | (hour >= 12 ? 0x80 : 0)
  }

  private func decodeHour(_ value: UInt8) -> Int64 {
    guard memory[Register.b] & RealTimeClockB.hours24 == 0 else { return decode(value) }
    let hour = decode(value & 0x7f)
    // No time has an hour 0 or 13 here; as an alarm it must not come out as one.
    guard (1...12).contains(hour) else { return 24 }
    return hour % 12 + (value & 0x80 != 0 ? 12 : 0)
  }
}
