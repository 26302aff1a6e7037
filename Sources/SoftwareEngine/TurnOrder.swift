internal import Host

/// Whose turn it is: of the vCPUs of one machine one runs at a time, in the order of their numbers.
///
/// Each has its thread, as on KVM, so that there is one run loop for every engine; but a thread is
/// only in the guest while it has the turn. So no two instructions of a machine are executed at the same
/// time, and one with a LOCK prefix needs no lock. How long a turn lasts depends on the host, too: a thread
/// that has given its turn away counts as waiting only once the host has run it again.
final class TurnOrder: Sendable {
  private struct State {
    /// Who has the turn.
    var holder: Int?
    /// Who had it last.
    var last: Int
    /// Who waits for it.
    var isWaiting: [Bool]

    /// Who is next: the first that waits after the last holder.
    var next: Int? {
      let count = isWaiting.count
      return (1...count).lazy.map { (last + $0) % count }.first { isWaiting[$0] }
    }
  }

  private let state: Monitor<State>
  private let isShared: Bool

  init(count: Int) {
    isShared = count > 1
    state = Monitor(
      State(holder: nil, last: max(count, 1) - 1, isWaiting: Array(repeating: false, count: max(count, 1))))
  }

  /// Waits until it is the turn of vCPU `index`; returns at once where it has it.
  func take(_ index: Int) {
    guard isShared, state.read({ $0.holder }) != index else { return }
    state.update { $0.isWaiting[index] = true }
    state.wait { state -> Void? in
      guard state.holder == nil, state.next == index else { return nil }
      state.holder = index
      state.last = index
      state.isWaiting[index] = false
      return ()
    }
  }

  /// Ends the turn of vCPU `index`, if it has it.
  func end(_ index: Int) {
    guard isShared else { return }
    state.update { if $0.holder == index { $0.holder = nil } }
  }

  /// Ends the turn of vCPU `index` where another waits, and waits for the next one.
  func pass(_ index: Int) {
    guard isShared, state.read({ $0.isWaiting.contains(true) }) else { return }
    end(index)
    take(index)
  }
}
