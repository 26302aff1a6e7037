import CLinux

/// What the loop's thread does.
extension EventLoop {
  func run(_ core: Core) {
    // Sound: plain bytes that the kernel fills in.
    var events = unsafe [epoll_event](repeating: epoll_event(), count: 32)
    while true {
      // Sound: the buffer outlives the call and its size is passed along.
      let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
        unsafe epoll_wait(core.epoll.rawValue, buffer.baseAddress, Int32(buffer.count), -1)
      }
      // A negative count can only be EINTR (the kick signal): the rest is done all the same.
      var index = 0
      while index < Int(count) {
        // Sound: every event was registered with u64.
        let token = unsafe events[index].data.u64
        unsafe dispatch(token, Readiness(rawValue: events[index].events), core)
        index += 1
      }
      runTasks()
      runTimers(core)
      if finishIfStopping() { return }
    }
  }

  private func dispatch(_ token: UInt64, _ readiness: Readiness, _ core: Core) {
    switch token {
    case wakeUpToken:
      var value: eventfd_t = 0
      // Sound: the pointer is valid for the call.
      _ = unsafe eventfd_read(core.wakeUp.rawValue, &value)
      // From here on a `perform` must write again; what it was given before is seen by `runTasks`.
      state.withLock { $0.isWakeUpPending = false }
    case timerToken:
      var expirations: UInt64 = 0
      // Sound: reads eight bytes into an eight-byte local.
      _ = unsafe read(core.timer.rawValue, &expirations, 8)
      state.withLock { $0.programmedDeadline = .max }
    default:
      let handler = state.withLock { state -> (@Sendable (Readiness) -> Void)? in
        let slot = Int(token & 0xFFFF_FFFF)
        guard slot < state.entries.count else { return nil }
        let entry = state.entries[slot]
        // Removed, or put to sleep, by a handler that ran earlier in this round.
        guard UInt64(entry.generation) == token >> 32, !entry.interest.isEmpty else { return nil }
        guard !readiness.intersection(entry.interest.union([.hangUp, .failure])).isEmpty else { return nil }
        return entry.handler
      }
      handler?(readiness)
    }
  }

  private func runTasks() {
    let tasks = state.withLock { state in
      let tasks = state.tasks
      state.tasks = []
      return tasks
    }
    for task in tasks { task() }
  }

  private func runTimers(_ core: Core) {
    // Only as many as are set now: a handler that arms its timer for the past must not keep the
    // descriptors from their turn.
    var budget = state.withLock { $0.timers.count }
    guard budget > 0 else { return }
    let now = HostClock.monotonicNanoseconds
    while budget > 0, let timer = state.withLock({ $0.timers.popDue(at: now) }) {
      timer.handler()
      budget -= 1
    }
    state.withLock { state in
      if let first = state.timers.first { program(&state, first) }
    }
  }

  /// Ends the loop where that was asked for. True: the thread is to return.
  private func finishIfStopping() -> Bool {
    guard state.withLock({ $0.phase == .stopping }) else { return false }
    // No task can be added any more, so this ends.
    runTasks()
    let remains = state.withLock { state in
      state.phase = .stopped
      // Dropped outside of the lock: a closure may hold the last reference to a registration,
      // which takes the lock when it goes.
      let remains = (state.entries, state.timers.removeAll(), state.core)
      state.entries = []
      state.core = nil
      return remains
    }
    withExtendedLifetime(remains) {}
    return true
  }
}
