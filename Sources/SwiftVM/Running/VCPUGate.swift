internal import Host
internal import Synchronization

/// Where the vCPU threads of one machine are held and let go: pausing, resuming, stopping.
///
/// A thread comes here only when its processor reported `.interrupted`, so that a parked vCPU is
/// always at an instruction boundary and its state may be read from any thread.
final class VCPUGate: Sendable {
  private struct State {
    /// How many parties want the machine held.
    var pausers = 0
    var isStopping = false
    /// vCPU threads that wait here.
    var parked = 0
    /// vCPU threads that have not ended; where the vCPUs share one, that is one.
    var alive: Int
    /// What to call once every vCPU is parked, nobody holds the machine any more, or it stops.
    var onParked: [@Sendable () -> Void] = []
    /// Which vCPUs were woken from `sleep`.
    var isWoken: [Bool]
    /// Which vCPUs sleep.
    var isAsleep: [Bool]
    /// Which of them only another vCPU could wake.
    var isAsleepForGood: [Bool]

    /// Whether a vCPU may go on: the machine is neither held nor stopping.
    var isOpen: Bool { pausers == 0 && !isStopping }

    /// Hands out the calls that are due.
    mutating func dueCalls() -> [@Sendable () -> Void] {
      guard parked == alive || isOpen || isStopping, !onParked.isEmpty else { return [] }
      defer { onParked = [] }
      return onParked
    }
  }

  private let monitor: Monitor<State>
  /// How often `wake` was called: who runs several vCPUs need not ask for each of them.
  private let wakes = Atomic<UInt64>(0)

  /// A gate for the threads of `vcpuCount` vCPUs that are about to start: one for each, or one for all.
  init(vcpuCount: Int, shareThread: Bool = false) {
    let none = Array(repeating: false, count: vcpuCount)
    monitor = Monitor(
      State(alive: shareThread ? 1 : vcpuCount, isWoken: none, isAsleep: none, isAsleepForGood: none))
  }

  /// The answer to `.interrupted`: waits here while the machine is paused. False: it stops, and
  /// the thread must end.
  func answer() -> Bool {
    if monitor.read({ $0.isOpen }) { return true }
    park()
    return monitor.wait { state in
      if state.pausers > 0 && !state.isStopping { return nil }
      state.parked -= 1
      return !state.isStopping
    }
  }

  /// Waits as a halted vCPU does, until `wake` is called for it. It counts as parked meanwhile.
  /// False: the machine stops, and the thread must end.
  ///
  /// - Parameters:
  ///   - isForGood: only another vCPU could wake this one.
  ///   - allAsleep: called where by now every vCPU sleeps for good: none will ever be woken.
  func sleep(vcpu: Int, isForGood: Bool = false, allAsleep: () -> Void = {}) -> Bool {
    park { state in
      state.isAsleep[vcpu] = true
      state.isAsleepForGood[vcpu] = isForGood && !state.isWoken[vcpu]
    }
    if isForGood, monitor.read({ state in state.isAsleepForGood.allSatisfy { $0 } }) { allAsleep() }
    return monitor.wait { state in
      guard state.isStopping || state.isWoken[vcpu] && state.pausers == 0 else { return nil }
      if !state.isStopping { state.isWoken[vcpu] = false }
      state.isAsleep[vcpu] = false
      state.isAsleepForGood[vcpu] = false
      state.parked -= 1
      return !state.isStopping
    }
  }

  /// Ends the `sleep` of a vCPU, or the next one where it does not sleep now: then the result is false.
  @discardableResult
  func wake(vcpu: Int) -> Bool {
    defer { wakes.wrappingAdd(1, ordering: .releasing) }
    return monitor.update { state in
      state.isWoken[vcpu] = true
      state.isAsleepForGood[vcpu] = false
      return state.isAsleep[vcpu]
    }
  }

  // MARK: Where vCPUs share a thread

  /// Has a vCPU sleep while its thread goes on with others. False where it was woken before: then it does not
  /// sleep.
  ///
  /// - Parameter allAsleep: called where by now every vCPU sleeps for good.
  func layDown(vcpu: Int, isForGood: Bool, allAsleep: () -> Void) -> Bool {
    let (sleeps, isLast) = monitor.update { state in
      if state.isWoken[vcpu] {
        state.isWoken[vcpu] = false
        return (false, false)
      }
      state.isAsleep[vcpu] = true
      state.isAsleepForGood[vcpu] = isForGood
      return (true, state.isAsleepForGood.allSatisfy { $0 })
    }
    if isLast { allAsleep() }
    return sleeps
  }

  /// Ends the sleep of a vCPU that was woken; false where it was not.
  func rise(vcpu: Int) -> Bool {
    monitor.update { state in
      guard state.isWoken[vcpu] else { return false }
      state.isWoken[vcpu] = false
      state.isAsleep[vcpu] = false
      return true
    }
  }

  /// Changes with every call of `wake`.
  var wakeCount: UInt64 { wakes.load(ordering: .acquiring) }

  /// Waits while all vCPUs of the calling thread sleep. False: the machine stops, and the thread must end.
  func sleepUntilAnyIsWoken() -> Bool {
    park()
    return monitor.wait { state in
      let isAnyWoken = zip(state.isAsleep, state.isWoken).contains { $0 && $1 }
      guard state.isStopping || isAnyWoken && state.pausers == 0 else { return nil }
      state.parked -= 1
      return !state.isStopping
    }
  }

  /// Whether the vCPU is in `sleep`.
  func isAsleep(vcpu: Int) -> Bool { monitor.read { $0.isAsleep[vcpu] } }

  private func park(_ change: (inout State) -> Void = { _ in }) {
    let calls = monitor.update { state in
      state.parked += 1
      change(&state)
      return state.dueCalls()
    }
    for call in calls { call() }
  }

  /// Calls `body` once every vCPU that is alive is parked, or that will not come any more, because
  /// nobody holds the machine or it stops: at once, or later on the thread that makes it so.
  func whenParked(_ body: @escaping @Sendable () -> Void) {
    let calls = monitor.update { state in
      state.onParked.append(body)
      return state.dueCalls()
    }
    for call in calls { call() }
  }

  /// Whether vCPUs may run: nobody holds the machine and it does not stop.
  var isOpen: Bool { monitor.read { $0.isOpen } }

  /// Holds the machine. Call `kick` on every vCPU after it, then `waitUntilParked`.
  func requestPause() { monitor.update { $0.pausers += 1 } }

  /// Waits until every vCPU that is alive is parked; false if that took longer than `nanoseconds`.
  func waitUntilParked(forAtMost nanoseconds: UInt64) -> Bool {
    monitor.wait(forAtMost: nanoseconds) { $0.parked == $0.alive ? true : nil } ?? false
  }

  /// Takes one `requestPause` back.
  func release() {
    let calls = monitor.update { state in
      state.pausers -= 1
      return state.dueCalls()
    }
    for call in calls { call() }
  }

  /// Lets every vCPU thread end. Call `kick` on every vCPU after it.
  func requestStop() {
    let calls = monitor.update { state in
      state.isStopping = true
      return state.dueCalls()
    }
    for call in calls { call() }
  }

  /// Whether the machine is stopping.
  var isStopping: Bool { monitor.read { $0.isStopping } }

  /// Says that the calling vCPU thread ends. True for the last one.
  func leave() -> Bool {
    monitor.update { state in
      state.alive -= 1
      return state.alive == 0
    }
  }

  /// How many vCPU threads have not ended.
  var alive: Int { monitor.read { $0.alive } }

  /// Waits until all vCPU threads have ended; false if that took longer than `nanoseconds`.
  func waitUntilLeft(forAtMost nanoseconds: UInt64) -> Bool {
    monitor.wait(forAtMost: nanoseconds) { $0.alive == 0 ? true : nil } ?? false
  }
}
