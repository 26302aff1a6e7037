internal import Engine
internal import Host
internal import Synchronization
internal import X86

/// One vCPU's local APIC: its registers behind a lock, its timer, and the call that wakes the vCPU.
///
/// Only what concerns this APIC alone is done here; `LocalInterruptPort` is what the vCPU sees, and
/// `LocalAPICSet` what others send interrupts to.
final class LocalAPIC: Sendable {
  private struct State {
    var registers: LocalAPICRegisters
    var timer: (any DeviceTimer)?
    /// The moment that the timer is set to.
    var armed: UInt64?
    /// When the vCPU is to be asked again for its task priority.
    var nextLook: UInt64?
  }

  /// What `attention` says.
  private enum Attention {
    static let interrupt: UInt32 = 1 << 0
    static let signals: UInt32 = 1 << 1
    /// Only the task priority holds an interrupt back, as far as is known here: the guest may have changed
    /// CR8 since.
    static let heldBack: UInt32 = 1 << 2
  }

  /// The shortest time between two expiries of the timer that are told apart: a guest that asks for a
  /// shorter period must not keep the host busy.
  private static let shortestPeriod: UInt64 = 50_000

  /// How often the vCPU is asked for its task priority while that holds an interrupt back. Not every engine
  /// tells when the guest lowers CR8: KVM's instruction emulator does not.
  private static let lookInterval: UInt64 = 1_000_000

  private let state: Lock<State>
  private let attention = Atomic<UInt32>(0)
  private let clock: any DeviceClock
  private let guestClock: any GuestClock
  private let wake: @Sendable () -> Void

  /// - Parameter wake: called on any thread, with no lock of an APIC held, when there is something new for
  ///   the vCPU.
  init(
    index: UInt32, clock: any DeviceClock, guestClock: any GuestClock, wake: @escaping @Sendable () -> Void
  ) {
    self.clock = clock
    self.guestClock = guestClock
    self.wake = wake
    state = Lock(State(registers: LocalAPICRegisters(index: index)))
    // Weak: the clock's timer must not keep alive the APIC that keeps the timer.
    let timer = clock.makeTimer { [weak self] in self?.timerFired() }
    state.withLock { $0.timer = timer }
  }

  var hasInterrupt: Bool { attention.load(ordering: .acquiring) & Attention.interrupt != 0 }
  var hasSignals: Bool { attention.load(ordering: .acquiring) & Attention.signals != 0 }

  /// Changes the registers, then brings timer, `attention` and vCPU to what they say.
  func update<Result: Sendable>(_ change: (inout LocalAPICRegisters) -> Result) -> Result {
    let (result, mustWake) = state.withLock { state in
      let result = change(&state.registers)
      let hasMore = settleAttention(&state)
      settleTimer(&state)
      return (result, hasMore)
    }
    if mustWake { wake() }
    return result
  }

  /// Reads the registers.
  func read<Result: Sendable>(_ body: (LocalAPICRegisters) -> Result) -> Result {
    state.withLock { body($0.registers) }
  }

  /// The time as the registers want it.
  var now: UInt64 { clock.monotonicNanoseconds }

  /// Takes NMI, INIT and start-up IPI. INIT resets the registers.
  func takeSignals() -> ProcessorSignals {
    update { registers in
      var signals = ProcessorSignals()
      signals.nmi = registers.hasNMI
      signals.initialize = registers.hasINIT
      signals.startupVector = registers.startupVector
      if registers.hasINIT { registers.initialize() }
      registers.hasNMI = false
      registers.hasINIT = false
      registers.startupVector = nil
      return signals
    }
  }

  /// WRMSR of IA32_TSC_DEADLINE. On the vCPU's thread: the guest's time-stamp counter is asked for.
  func setTimeStampDeadline(_ value: UInt64) {
    let wait = value == 0 ? 0 : guestClock.nanoseconds(untilTimeStamp: value) ?? .max
    let now = now
    update { registers in
      registers.advance(to: now)
      registers.timer.setTimeStampDeadline(value, after: wait, now: now)
      registers.advance(to: now)
    }
  }

  private func timerFired() {
    let now = now
    let mustWake = state.withLock { state in
      state.armed = nil
      state.registers.advance(to: now)
      let isTimeToLook = state.nextLook.map { $0 <= now } ?? false
      if isTimeToLook { state.nextLook = nil }
      let hasMore = settleAttention(&state)
      settleTimer(&state, notBefore: now &+ Self.shortestPeriod)
      return hasMore || isTimeToLook && state.registers.isHeldBack
    }
    if mustWake { wake() }
  }

  /// Called with the lock held: `arm` does not call back. A timer that delivers nothing is not set.
  private func settleTimer(_ state: inout State, notBefore earliest: UInt64 = 0) {
    let isWanted = !state.registers.table.isMasked(.timer)
    var moment = isWanted ? state.registers.timer.expiry.map { max($0, earliest) } : nil
    if let look = state.nextLook { moment = min(look, moment ?? .max) }
    // One that is set to an earlier moment finds nothing then, and is set anew.
    if let moment, moment < state.armed ?? .max || state.armed == nil {
      state.timer?.arm(at: moment)
      state.armed = moment
    } else if moment == nil, state.armed != nil {
      state.timer?.cancel()
      state.armed = nil
    }
  }

  /// Says in `attention` what waits; true where that is more than before.
  private func settleAttention(_ state: inout State) -> Bool {
    let registers = state.registers
    var new: UInt32 = 0
    if registers.deliverable != nil || registers.hasExternalInterrupt { new |= Attention.interrupt }
    if registers.hasNMI || registers.hasINIT || registers.startupVector != nil { new |= Attention.signals }
    if registers.isHeldBack {
      new |= Attention.heldBack
      if state.nextLook == nil { state.nextLook = now &+ Self.lookInterval }
    } else {
      state.nextLook = nil
    }
    // Only written with the lock held.
    let old = attention.exchange(new, ordering: .acquiringAndReleasing)
    return new & ~old != 0
  }
}
