internal import Engine
internal import Host

/// What the halt watch asks of a vCPU.
protocol HaltCandidate: AnyObject, Sendable {
  /// Changes whenever the vCPU went to sleep anew; nil where the engine cannot tell.
  var activityStamp: UInt64? { get }
  /// Whether it sleeps now, as far as can be told without disturbing it.
  var seemsAsleep: Bool { get }
  /// Whether it is in HLT with interrupts off; only asked while it is parked.
  func isHaltedForGood() throws(EngineError) -> Bool
}

extension VirtualCPU: HaltCandidate {
  var activityStamp: UInt64? { processor.activityStamp }
  var seemsAsleep: Bool { processor.seemsAsleep }
  func isHaltedForGood() throws(EngineError) -> Bool { try processor.isHaltedForGood() }
}

/// Finds out that every vCPU has halted for good, which KVM does not tell.
///
/// With interrupt controllers in the kernel, HLT does not leave the kernel: a guest that executes
/// `cli; hlt` simply never comes back. So the watch looks in from time to time: cheaply at first
/// (has anything happened since the last look, does every vCPU sleep), and only if all sleep it
/// parks them for a moment and reads their flags. Parking all of them at once is what makes the
/// answer right on SMP: no vCPU can wake another while the flags are read.
///
/// It looks after 1 ms, then at growing intervals up to 100 ms while nothing changes.
final class HaltWatch: Sendable {
  private struct State {
    var interval = HaltWatch.shortest
    var stamps: [UInt64?] = []
    /// The stamps at which the vCPUs were found asleep but not for good.
    var idleStamps: [UInt64?] = []
  }

  /// When to look first, in nanoseconds.
  static let firstLook: UInt64 = shortest

  private static let shortest: UInt64 = 1_000_000
  private static let longest: UInt64 = 100_000_000
  /// How long parking may take before the watch tries again later: a vCPU can be held up in a
  /// device whose other end is slow.
  private static let patience: UInt64 = 20_000_000

  private let candidates: [any HaltCandidate]
  private let gate: VCPUGate
  private let control: any MachineControl
  private let kickAll: @Sendable () -> Void
  private let state = Lock(State())

  init(
    candidates: [any HaltCandidate], gate: VCPUGate, control: any MachineControl,
    kickAll: @escaping @Sendable () -> Void
  ) {
    self.candidates = candidates
    self.gate = gate
    self.control = control
    self.kickAll = kickAll
  }

  /// Takes one look; returns after how many nanoseconds to look again.
  func look() -> UInt64? {
    if gate.isStopping { return nil }
    let stamps = candidates.map(\.activityStamp)
    let mustCheck = state.withLock { state in
      let changed = stamps != state.stamps
      state.stamps = stamps
      state.interval = changed ? Self.shortest : min(state.interval * 2, Self.longest)
      return stamps.contains(nil) || stamps != state.idleStamps
    }
    if mustCheck, candidates.allSatisfy(\.seemsAsleep) { check(stamps) }
    return state.withLock(\.interval)
  }

  private func check(_ stamps: [UInt64?]) {
    gate.requestPause()
    defer { gate.release() }
    kickAll()
    guard gate.waitUntilParked(forAtMost: Self.patience), !gate.isStopping else { return }
    // An error is left to the vCPU's own thread, which will meet it too and report it better.
    let allHalted = candidates.allSatisfy { (try? $0.isHaltedForGood()) ?? false }
    if allHalted {
      control.requestStop(.halted)
    } else {
      state.withLock { $0.idleStamps = stamps }
    }
  }
}
