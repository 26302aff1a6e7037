public import Engine
internal import Host

/// The 8254 interval timer of a PC at ports 0x40…0x43, and the system control port B at 0x61 (Intel 8254
/// data sheet; IBM PC/AT Technical Reference, "System Timers").
///
/// Counter 0 drives interrupt line 0. Counter 1 once refreshed memory. Counter 2 is the speaker's: port 0x61
/// opens its gate and shows its output, by which software measures time. As a device it has the ports' own
/// numbers as offsets.
///
/// A timer of the host is armed for the next edge of line 0 only. Edges that it comes too late for are lost,
/// not made up for.
public final class IntervalTimer8254: ByteRegisterDevice {
  /// The interrupt of counter 0.
  public static let gsi: UInt32 = 0
  /// Clocks per second.
  static let frequency: UInt64 = 1_193_182

  private struct State {
    var counters: InlineArray<3, IntervalTimerCounter> = [
      IntervalTimerCounter(gate: true, mode: .squareWave),
      IntervalTimerCounter(gate: true, mode: .squareWave),
      IntervalTimerCounter(gate: false, mode: .interruptOnTerminalCount),
    ]
    /// Bits 3:1 of port 0x61: they only keep what is written.
    var control: UInt8 = 0
    /// The output of counter 0. It is high before anybody programs it, as firmware leaves it, so that to
    /// program a rate is no edge.
    var level = true
    var timer: (any DeviceTimer)?
    /// The edge that the timer is set for.
    var edge: Int64?
  }

  /// The shortest time between two interrupts: a guest that asks for a shorter period must not keep the host
  /// busy.
  private static let shortestPeriod: UInt64 = 50_000

  /// The device's name.
  public let name = "interval timer"
  private let clock: any DeviceClock
  private let interrupt: InterruptLine
  /// Where clocks are counted from.
  private let epoch: UInt64
  private let state = Lock(State())

  /// A timer that goes by `clock` and interrupts by `interrupt`.
  public init(clock: any DeviceClock, interrupt: InterruptLine) {
    self.clock = clock
    self.interrupt = interrupt
    epoch = clock.monotonicNanoseconds
    // Weak: the clock's timer must not keep alive the device that keeps the timer.
    let timer = clock.makeTimer { [weak self] in self?.timerFired() }
    state.withLock { $0.timer = timer }
  }

  /// Its ports.
  public var portAttachments: [BusAttachment] {
    [(base: 0x40, count: 4), (0x61, 1)].map { range in
      BusAttachment(base: range.base, byteCount: range.count, device: self, firstOffset: range.base)
    }
  }

  // MARK: Registers

  func readRegister(_ offset: UInt64) -> UInt8 {
    let now = now
    return state.withLock { state in
      switch offset {
      case 0x40...0x42: state.counters[Int(offset - 0x40)].read(now: now)
      case 0x61: Self.controlPort(&state, now: now, nanoseconds: clock.monotonicNanoseconds)
      // The control word cannot be read.
      default: 0xFF
      }
    }
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    let now = now
    state.withLock { state in
      switch offset {
      case 0x40...0x42: state.counters[Int(offset - 0x40)].write(value, now: now)
      case 0x43: Self.writeControl(&state, value, now: now)
      case 0x61:
        state.control = value & 0x0E
        state.counters[2].setGate(value & 1 != 0, now: now)
      default: break
      }
      settle(&state, now: now)
    }
  }

  private static func writeControl(_ state: inout State, _ value: UInt8, now: Int64) {
    guard value >> 6 == 3 else {
      let counter = Int(value >> 6)
      if value & 0x30 == 0 {
        state.counters[counter].latchCount(now: now)
      } else {
        state.counters[counter].setControl(value)
      }
      return
    }
    // The read-back command.
    for counter in 0..<3 where value & 2 << UInt8(counter) != 0 {
      if value & 0x20 == 0 { state.counters[counter].latchCount(now: now) }
      if value & 0x10 == 0 { state.counters[counter].latchStatus(now: now) }
    }
  }

  /// Port 0x61: gate and output of counter 2 in bits 0 and 5. Bit 4 changes with each refresh of memory,
  /// every 15 µs or so: some programs measure time by it.
  private static func controlPort(_ state: inout State, now: Int64, nanoseconds: UInt64) -> UInt8 {
    state.counters[2].advance(to: now)
    let refresh: UInt8 = nanoseconds >> 14 & 1 != 0 ? 0x10 : 0
    return state.control | (state.counters[2].gate ? 1 : 0) | refresh
      | (state.counters[2].output(at: now) ? 0x20 : 0)
  }

  // MARK: Line 0

  private func timerFired() {
    let now = now
    state.withLock { state in
      // Reprogrammed while this handler waited for the lock.
      guard let edge = state.edge, edge <= now else { return }
      state.edge = nil
      state.counters[0].advance(to: now)
      // The edge that the timer was set for, though the output may have fallen again: it is high in all but
      // one clock of a rate generator's period, and in half of a square wave's.
      setLine(&state, false)
      setLine(&state, true)
      settle(&state, now: now, isAfterEdge: true)
    }
  }

  /// Brings line and timer to what counter 0 says. Called with the lock held: neither `setLine` nor `arm`
  /// calls back.
  private func settle(_ state: inout State, now: Int64, isAfterEdge: Bool = false) {
    state.counters[0].advance(to: now)
    setLine(&state, state.counters[0].output(at: now))
    if let rise = state.counters[0].nextRise(after: now) {
      let moment = nanoseconds(at: rise)
      let earliest = isAfterEdge ? clock.monotonicNanoseconds &+ Self.shortestPeriod : 0
      state.timer?.arm(at: max(moment, earliest))
      state.edge = rise
    } else if state.edge != nil {
      state.timer?.cancel()
      state.edge = nil
    }
  }

  private func setLine(_ state: inout State, _ level: Bool) {
    guard level != state.level else { return }
    state.level = level
    interrupt.set(level)
  }

  // MARK: Time

  /// The present clock.
  private var now: Int64 {
    let elapsed = clock.monotonicNanoseconds &- epoch
    let product = elapsed.multipliedFullWidth(by: Self.frequency)
    // The frequency is less than a clock per nanosecond, so that the quotient fits.
    return Int64(truncatingIfNeeded: UInt64(1_000_000_000).dividingFullWidth(product).quotient)
  }

  /// The moment at which a clock comes.
  private func nanoseconds(at clock: Int64) -> UInt64 {
    let product = UInt64(clamping: clock).multipliedFullWidth(by: 1_000_000_000)
    guard product.high < Self.frequency else { return .max }
    let (quotient, remainder) = Self.frequency.dividingFullWidth(product)
    return epoch &+ quotient &+ (remainder == 0 ? 0 : 1)
  }
}
