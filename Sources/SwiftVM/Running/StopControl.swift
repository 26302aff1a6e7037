internal import Engine
internal import Host

/// Why one run of a machine stops: the first reason given counts, and giving it lets the vCPU
/// threads end. Devices, the run loop, timers and signals all come here.
final class StopControl: MachineControl {
  /// A reason to stop and who gave it.
  struct Stop: Sendable {
    var reason: StopReason
    /// The Linux thread ID of who gave it: tells the vCPU in whose exit a device asked for it.
    var thread: Int32
  }

  private let stop = Lock<Stop?>(nil)
  private let gate: VCPUGate
  private let onStop: @Sendable () -> Void

  /// - Parameter onStop: called once, on the thread that gives the first reason.
  init(gate: VCPUGate, onStop: @escaping @Sendable () -> Void) {
    self.gate = gate
    self.onStop = onStop
  }

  /// The first reason, once there is one.
  var stopped: Stop? { stop.withLock { $0 } }

  func requestStop(_ reason: StopReason) {
    let isFirst = stop.withLock { stop in
      guard stop == nil else { return false }
      stop = Stop(reason: reason, thread: currentThreadID())
      return true
    }
    guard isFirst else { return }
    gate.requestStop()
    onStop()
  }
}
