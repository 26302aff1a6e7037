internal import X86

/// An exception or interrupt on its way into its handler.
struct DeliverableEvent {
  /// Where it comes from, which decides about privilege checks and the EXT bit of error codes.
  enum Source {
    /// An exception that an instruction raised, INT1's included.
    case exception
    /// An external interrupt, or an NMI.
    case interrupt
    /// INT n, INT3 or INTO: the gate's DPL counts, and a fault on the way is the instruction's own.
    case software
  }

  var vector: UInt8
  var errorCode: UInt32?
  var source: Source
  /// Where the handler returns to.
  var returnAddress: UInt64
  /// RF in the flags pushed: set for faults, so that the restarted instruction does not meet its
  /// breakpoint again (SDM Vol. 3B, 17.3.1.1).
  var setsResumeFlag = false

  /// The EXT bit of the error code of a fault on the way (SDM Vol. 3A, 6.13).
  var external: UInt32 { source == .software ? 0 : 1 }
  /// The error code that names the gate.
  var gateCode: UInt32 { UInt32(vector) << 3 | 2 | external }
}

extension DeliverableEvent {
  /// An exception raised by the instruction at `rip`; a trap returns to `next`.
  init(_ exception: GuestException, rip: UInt64, next: UInt64) {
    vector = exception.vector.rawValue
    errorCode = exception.errorCode
    source = .exception
    returnAddress = exception.isTrap ? next : rip
    let isBreakpoint = exception.vector == .debug && exception.payload & DebugStatus.registerAccess == 0
    setsResumeFlag = !exception.isTrap && !isBreakpoint && exception.vector.kind != .abort
  }
}
