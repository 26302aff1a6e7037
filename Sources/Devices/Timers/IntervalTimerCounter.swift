/// One of the three counters of an 8254 interval timer (Intel 8254 data sheet, order number 231164).
///
/// Time comes in as clocks of 1.193182 MHz since some fixed moment. Nothing runs while it counts: count and
/// output are computed when somebody asks. As on the chip, a count that is written is in the counter one
/// clock later.
struct IntervalTimerCounter: Sendable {
  /// What the counter counts to and what its output does meanwhile. Numbers 6 and 7 are 2 and 3.
  enum Mode: UInt8, Sendable {
    /// Output rises at the end of the count.
    case interruptOnTerminalCount = 0
    /// A rising gate starts a low pulse of the output.
    case oneShot = 1
    /// The output is low for one clock in each period.
    case rateGenerator = 2
    /// The output is high for the first half of each period.
    case squareWave = 3
    /// A low pulse of one clock at the end of the count.
    case softwareStrobe = 4
    /// The same, but a rising gate starts the count.
    case hardwareStrobe = 5

    /// A period follows the other for ever.
    var repeats: Bool { self == .rateGenerator || self == .squareWave }
    /// Counting begins with a rising gate only.
    var needsTrigger: Bool { self == .oneShot || self == .hardwareStrobe }
  }

  /// Which bytes of the count an access carries (bits 5:4 of the control word).
  private enum ByteOrder: UInt8, Sendable {
    case low = 1
    case high = 2
    case lowThenHigh = 3
  }

  private(set) var mode: Mode
  /// The gate input.
  private(set) var gate: Bool
  private var order = ByteOrder.lowThenHigh
  private var isDecimal = false
  private var lowByteWritten: UInt8?
  private var readsHighByte = false
  private var latchedCount: UInt16?
  private var latchedStatus: UInt8?

  /// What the count register holds, 1…65536 or 1…10000; nil before the first count is written.
  private var loaded: UInt32?
  /// The count in use.
  private var count: UInt32 = 0x10000
  /// The clock at which the present count, or the present period, began; nil where nothing counts yet.
  private var start: Int64?
  /// Clocks counted when the gate closed.
  private var frozen: Int64?
  /// The clock at which a count written meanwhile is taken up (modes 2 and 3); nil where there is none.
  private var reload: Int64?

  /// A counter whose gate has this level. Before a control word is written the data sheet promises
  /// nothing; in this mode, with nothing to count, the output has a level at least.
  init(gate: Bool, mode: Mode) {
    self.gate = gate
    self.mode = mode
  }

  // MARK: Writing

  /// Writes a control word for this counter; its bits 5:4 are not 0.
  mutating func setControl(_ value: UInt8) {
    order = ByteOrder(rawValue: value >> 4 & 3) ?? .lowThenHigh
    // Numbers 6 and 7: the first bit does not count.
    mode = Mode(rawValue: value >> 1 & 7) ?? (value & 2 == 0 ? .rateGenerator : .squareWave)
    isDecimal = value & 1 != 0
    lowByteWritten = nil
    readsHighByte = false
    latchedCount = nil
    latchedStatus = nil
    loaded = nil
    start = nil
    frozen = nil
    reload = nil
  }

  /// Writes a byte of the count.
  mutating func write(_ value: UInt8, now: Int64) {
    advance(to: now)
    switch order {
    case .low: setCount(UInt16(value), now: now)
    case .high: setCount(UInt16(value) << 8, now: now)
    case .lowThenHigh:
      guard let low = lowByteWritten else {
        lowByteWritten = value
        // Half a count stops mode 0 (data sheet, "Mode 0").
        if mode == .interruptOnTerminalCount {
          start = nil
          loaded = nil
        }
        return
      }
      lowByteWritten = nil
      setCount(UInt16(value) << 8 | UInt16(low), now: now)
    }
  }

  private mutating func setCount(_ value: UInt16, now: Int64) {
    loaded = number(of: value)
    switch mode {
    case .oneShot, .hardwareStrobe: break  // The next trigger takes it up.
    case .rateGenerator, .squareWave:
      if let elapsed = elapsed(at: now), elapsed >= 0 {
        setReload(elapsed)
      } else {
        begin(at: now + 1)
      }
    case .interruptOnTerminalCount, .softwareStrobe: begin(at: now + 1)
    }
  }

  /// Notes when the new count is taken up: at the end of the present period, or of the present half of a
  /// square wave. One that is due already is replaced.
  private mutating func setReload(_ elapsed: Int64) {
    guard reload == nil, frozen == nil, let start else { return }
    let period = Int64(count)
    let half = (period + 1) / 2
    let begin = start + elapsed / period * period
    self.start = begin
    reload = begin + (mode == .squareWave && elapsed % period < half ? half : period)
  }

  private mutating func begin(at clock: Int64) {
    count = loaded ?? count
    start = clock
    reload = nil
    frozen = gate || mode.needsTrigger ? nil : 0
  }

  /// The gate input changed.
  mutating func setGate(_ level: Bool, now: Int64) {
    guard level != gate else { return }
    advance(to: now)
    let elapsed = elapsed(at: now)
    gate = level
    switch mode {
    case .interruptOnTerminalCount, .softwareStrobe:
      guard let elapsed else { return }
      if level {
        start = now - elapsed
        frozen = nil
      } else {
        frozen = elapsed
      }
    case .oneShot, .hardwareStrobe, .rateGenerator, .squareWave:
      if level {
        if loaded != nil { begin(at: now + 1) }
      } else if mode.repeats, start != nil {
        frozen = elapsed
      }
    }
  }

  // MARK: Time

  /// Clocks counted so far, negative while the count is not in the counter yet; nil where nothing counts.
  private func elapsed(at now: Int64) -> Int64? {
    if let frozen { return frozen }
    return start.map { now - $0 }
  }

  /// Takes up a new count where the period in which it was written is over.
  mutating func advance(to now: Int64) {
    guard let reload, now >= reload, frozen == nil, let start, let loaded else { return }
    // After the high half of a square wave comes a low one of the new count: its period would have begun
    // that much before.
    let isHalf = reload - start < Int64(count)
    self.start = isHalf ? reload - (Int64(loaded) + 1) / 2 : reload
    count = loaded
    self.reload = nil
  }

  /// The output's level.
  func output(at now: Int64) -> Bool {
    guard let elapsed = elapsed(at: now) else { return mode != .interruptOnTerminalCount }
    let count = Int64(count)
    switch mode {
    case .interruptOnTerminalCount: return elapsed >= count
    case .oneShot: return elapsed < 0 || elapsed >= count
    case .rateGenerator: return !gate || elapsed < 0 || elapsed % count != count - 1
    case .squareWave: return !gate || elapsed < 0 || elapsed % count < (count + 1) / 2
    case .softwareStrobe, .hardwareStrobe: return elapsed != count
    }
  }

  /// The next clock after `now` at which the output rises; nil where it never does by itself.
  func nextRise(after now: Int64) -> Int64? {
    guard frozen == nil, let start else { return nil }
    let count = Int64(count)
    let elapsed = max(now - start, -1)
    switch mode {
    case .interruptOnTerminalCount, .oneShot: return elapsed < count ? start + count : nil
    case .rateGenerator, .squareWave:
      // The low half will have the new count's length.
      if let reload, let loaded, reload - start < count { return reload + Int64(loaded) / 2 }
      return start + (max(elapsed, 0) / count + 1) * count
    case .softwareStrobe, .hardwareStrobe: return elapsed <= count ? start + count + 1 : nil
    }
  }

  // MARK: Reading

  /// The counting element.
  private func currentCount(at now: Int64) -> UInt16 {
    guard let elapsed = elapsed(at: now) else { return encoded(count) }
    let count = Int64(count)
    let passed = max(elapsed, 0)
    let wrap: Int64 = isDecimal ? 10000 : 0x10000
    switch mode {
    case .interruptOnTerminalCount, .oneShot, .softwareStrobe, .hardwareStrobe:
      // After the end it counts on, from the top.
      let remaining = (count - passed % wrap + wrap) % wrap
      return encoded(UInt32(truncatingIfNeeded: remaining))
    case .rateGenerator: return encoded(UInt32(truncatingIfNeeded: count - passed % count))
    case .squareWave:
      // Two at a time, from an even number, in each half.
      let half = (count + 1) / 2
      let place = passed % count
      let inHalf = place < half ? place : place - half
      return encoded(UInt32(truncatingIfNeeded: max((count & ~1) - 2 * inHalf, 0)))
    }
  }

  /// The status byte (data sheet, "Read-Back Command"): output, null count, and the control word.
  private func status(at now: Int64) -> UInt8 {
    let isNull = loaded == nil || reload != nil || start == nil || elapsed(at: now).map { $0 < 0 } ?? true
    return (output(at: now) ? 0x80 : 0) | (isNull ? 0x40 : 0) | order.rawValue << 4 | mode.rawValue << 1
      | (isDecimal ? 1 : 0)
  }

  /// The counter latch command. A second one before the count is read does nothing.
  mutating func latchCount(now: Int64) {
    advance(to: now)
    if latchedCount == nil { latchedCount = currentCount(at: now) }
  }

  /// The read-back command for the status.
  mutating func latchStatus(now: Int64) {
    advance(to: now)
    if latchedStatus == nil { latchedStatus = status(at: now) }
  }

  /// Reads a byte: the latched status first, then the latched count, else the present count.
  mutating func read(now: Int64) -> UInt8 {
    if let status = latchedStatus {
      latchedStatus = nil
      return status
    }
    advance(to: now)
    let value = latchedCount ?? currentCount(at: now)
    switch order {
    case .low: latchedCount = nil
    case .high:
      latchedCount = nil
      return UInt8(value >> 8)
    case .lowThenHigh:
      readsHighByte.toggle()
      // It was toggled just now.
      if !readsHighByte {
        latchedCount = nil
        return UInt8(value >> 8)
      }
    }
    return UInt8(truncatingIfNeeded: value)
  }

  // MARK: Binary-coded decimal

  /// The number of clocks that a count stands for: 0 is the largest.
  private func number(of value: UInt16) -> UInt32 {
    guard isDecimal else { return value == 0 ? 0x10000 : UInt32(value) }
    var number: UInt32 = 0
    for shift in [12, 8, 4, 0] as [UInt16] { number = number * 10 + UInt32(value >> shift & 0xF) }
    // Digits beyond 9 mean nothing; whatever they give stays in range.
    return number % 10000 == 0 ? 10000 : number % 10000
  }

  /// The count as the guest reads it.
  private func encoded(_ number: UInt32) -> UInt16 {
    guard isDecimal else { return UInt16(truncatingIfNeeded: number) }
    var rest = number % 10000
    var value: UInt16 = 0
    for shift in [0, 4, 8, 12] as [UInt16] {
      value |= UInt16(rest % 10) << shift
      rest /= 10
    }
    return value
  }
}
