import CLinux

extension EventLoop {
  /// Makes a timer that is not set. `handler` runs on the loop's thread.
  public func makeTimer(_ handler: @escaping @Sendable () -> Void) -> Timer {
    Timer(loop: self, core: TimerCore(handler: handler))
  }

  /// A one-shot timer. It ends when its last reference goes.
  public final class Timer: Sendable {
    private let loop: EventLoop
    private let core: TimerCore

    init(loop: EventLoop, core: TimerCore) {
      self.loop = loop
      self.core = core
    }

    deinit { cancel() }

    /// Lets the timer fire once at this moment of `HostClock.monotonicNanoseconds`, at once if it
    /// has passed. Replaces the moment set before. Any thread may call it; after the loop's
    /// `stop()` nothing happens.
    public func arm(at monotonicNanoseconds: UInt64) {
      loop.state.withLock { state in
        guard loop.startOrDie(&state) else { return }
        state.timers.arm(core, at: monotonicNanoseconds)
        if let first = state.timers.first { loop.program(&state, first) }
      }
    }

    /// Unsets the timer. A handler that is running already goes on.
    public func cancel() {
      // The timer descriptor stays as it is: to wake up once for nothing is cheaper than to tell
      // the kernel of every change.
      loop.state.withLock { $0.timers.cancel(core) }
    }
  }

  /// Sets the timer descriptor to `deadline`, unless it is set to an earlier moment: then the loop
  /// wakes up at that moment, finds nothing due, and sets it anew.
  func program(_ state: inout State, _ deadline: UInt64) {
    guard deadline < state.programmedDeadline, let core = state.core else { return }
    state.programmedDeadline = deadline
    // An all-zero value would unset it; one nanosecond after the epoch has passed as well.
    let moment = max(deadline, 1)
    var setting = itimerspec()
    setting.it_value = timespec(
      tv_sec: Int(moment / 1_000_000_000), tv_nsec: Int(moment % 1_000_000_000))
    // Sound: the pointer is valid for the call. It cannot fail: the value is normalized.
    _ = unsafe timerfd_settime(core.timer.rawValue, Int32(TFD_TIMER_ABSTIME), &setting, nil)
  }
}
