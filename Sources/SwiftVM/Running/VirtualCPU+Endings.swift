internal import Engine
internal import Host
internal import X86

/// How a vCPU's life ends, and what is kept of it.
extension VirtualCPU {
  /// Ends the machine because of this vCPU. Its state is saved first: nobody else can do it as
  /// well as the thread that just saw it fail.
  func die(_ reason: StopReason) {
    capture()
    machine.control.requestStop(reason)
  }

  /// Called when the machine stops for a reason that came from elsewhere.
  ///
  /// - Parameter isLastToRun: of the vCPUs of the calling thread it was this one that ran: what stopped the
  ///   machine on this thread did so in its exit.
  func captureStateIfWanted(isLastToRun: Bool = true) {
    guard let stop = machine.control.stopped, stop.reason.wantsCPUState else { return }
    capture(isCulprit: isLastToRun && stop.thread == currentThreadID())
  }

  private func capture(isCulprit: Bool = true) {
    do throws(EngineError) {
      var state = try processor.saveState()
      if let delivery { state.activity = delivery.activity }
      ending.withLock { $0 = Ending(state: state, isCulprit: isCulprit) }
    } catch {
      ending.withLock { $0 = Ending(failure: error.description, isCulprit: isCulprit) }
    }
  }

  /// What the kernel reports on the guest's behalf (KVM API, KVM_EXIT_SYSTEM_EVENT).
  func answer(systemEvent type: UInt32, detail: UInt64) {
    switch type {
    case 1: machine.control.requestStop(.poweredOff)
    case 2: machine.control.requestStop(.reset(by: "a system event"))
    case 3: machine.control.requestStop(.guestPanic)
    default:
      machine.control.requestStop(
        .internalFault(
          "vCPU \(processor.index) reported system event \(type), which this version does not know"))
    }
  }

  static func unknownExit(_ reason: UInt32, vcpu: Int) -> String {
    "vCPU \(vcpu) stopped with exit reason \(reason), which this version does not know; "
      + "please report it with the output of `swiftvm doctor`"
  }
}

/// What is known of a vCPU at its end.
struct Ending: Sendable {
  /// Its state, where it could be saved.
  var state: CPUState?
  /// Why it could not be saved.
  var failure: String?
  /// The machine stopped because of this vCPU.
  var isCulprit: Bool
}

extension StopReason {
  /// Whether the vCPUs' registers tell something about this end.
  var wantsCPUState: Bool {
    switch self {
    case .tripleFault, .emulationFailure, .failedEntry, .guestPanic, .timeout, .internalFault: true
    case .poweredOff, .halted, .guestExit, .reset, .signal, .requested: false
    }
  }
}
