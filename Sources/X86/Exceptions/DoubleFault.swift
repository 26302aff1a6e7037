/// How an exception that arises while another is being delivered is handled.
extension ExceptionVector {
  /// The classes that decide it (SDM Vol. 3A, table 6-4; AMD APM Vol. 2, 8.2.9).
  public enum Severity: Sendable {
    /// It never makes a double fault.
    case benign
    /// Two of these make a double fault.
    case contributory
    /// Followed by one of these or a contributory one, it makes a double fault.
    case pageFault
    /// A double fault under delivery: what is not benign shuts the CPU down.
    case doubleFault
  }

  /// What the CPU does about the second of two exceptions.
  public enum NestedOutcome: Sendable {
    /// It delivers the second; the first comes again when its instruction is restarted.
    case deliverSecond
    /// It delivers #DF, error code 0, in place of both.
    case doubleFault
    /// It shuts down: a triple fault.
    case shutdown
  }

  /// The class of this exception.
  public var severity: Severity {
    switch self {
    case .divideError, .invalidTSS, .segmentNotPresent, .stackSegmentFault, .generalProtection,
      .controlProtection, .vmmCommunication, .security:
      .contributory
    case .pageFault, .virtualization: .pageFault
    case .doubleFault: .doubleFault
    default: .benign
    }
  }

  /// What happens where `second` arises while this exception is being delivered (SDM Vol. 3A, table 6-5).
  public func nested(_ second: ExceptionVector) -> NestedOutcome {
    switch (severity, second.severity) {
    case (.doubleFault, .benign): .deliverSecond
    case (.doubleFault, _): .shutdown
    case (.benign, _), (_, .benign): .deliverSecond
    case (.contributory, .contributory), (.pageFault, .contributory), (.pageFault, .pageFault): .doubleFault
    case (.contributory, .pageFault): .deliverSecond
    case (.contributory, .doubleFault), (.pageFault, .doubleFault): .doubleFault
    }
  }
}
