/// Why a machine stopped. Each has one documented exit status; see `Outcome` in `SwiftVM`.
public enum StopReason: Sendable, Equatable {
  /// The guest switched the machine off.
  case poweredOff
  /// Every vCPU executed HLT with interrupts off: nothing can happen any more.
  case halted
  /// The guest wrote this value to the exit port.
  case guestExit(status: UInt32)
  /// A triple fault on this vCPU.
  case tripleFault(vcpu: Int)
  /// This vCPU met an instruction that its engine cannot carry out.
  case emulationFailure(vcpu: Int, EmulationFailure)
  /// The hardware refused this vCPU's state.
  case failedEntry(vcpu: Int, reason: UInt64)
  /// The guest reported a panic.
  case guestPanic
  /// The guest asked for a reset, by the named means (for people: "the keyboard controller").
  case reset(by: String)
  /// The time limit passed.
  case timeout
  /// The process got this signal.
  case signal(Int32)
  /// The host's program asked for it.
  case requested
  /// The VMM itself failed; the text says how.
  case internalFault(String)
}

extension EmulationFailure: Equatable {
  /// Equal where code and valid instruction bytes are equal.
  public static func == (left: Self, right: Self) -> Bool {
    guard left.code == right.code, left.instructionByteCount == right.instructionByteCount else {
      return false
    }
    for index in 0..<Int(left.instructionByteCount)
    where left.instructionBytes[index] != right.instructionBytes[index] {
      return false
    }
    return true
  }
}

/// What a device may ask of the machine it is in.
public protocol MachineControl: AnyObject, Sendable {
  /// Stops the machine; the first reason given is the one that counts. Any thread may call it.
  func requestStop(_ reason: StopReason)
}
