/// What is under way or held back, in words, for the crash report.
extension PendingEvents {
  /// One text for each event or block; empty where nothing is pending.
  public var descriptions: [String] {
    var texts: [String] = []
    if let exception {
      var text = exception.isInjected ? "being delivered: " : "raised: "
      if let vector = ExceptionVector(rawValue: exception.vector) {
        text += vector.describe(errorCode: exception.errorCode)
      } else {
        text += "exception \(exception.vector)"
        if let code = exception.errorCode { text += ", error code \(hex(code))" }
      }
      if let payload = exception.payload { text += ", payload \(hex(payload))" }
      texts.append(text)
    }
    if let vector = injectedInterrupt {
      texts.append(
        "being delivered: \(isSoftwareInterrupt ? "software interrupt" : "interrupt") \(hex(vector))")
    }
    if isNMIInjected { texts.append("being delivered: NMI") }
    if isNMIPending { texts.append("NMI waits") }
    if isNMIMasked { texts.append("NMIs are blocked until IRET") }
    if isShadowedBySTI { texts.append("interrupts are blocked for one instruction after STI") }
    if isShadowedByMOVSS { texts.append("interrupts are blocked for one instruction after MOV SS") }
    if startupVector != 0 { texts.append("start-up IPI for page \(hex(startupVector))") }
    return texts
  }
}

extension ActivityState: CustomStringConvertible {
  /// The state in words.
  public var description: String {
    switch self {
    case .running: "running"
    case .uninitialized: "waiting for INIT"
    case .initReceived: "waiting for a start-up IPI"
    case .halted: "halted"
    case .startupReceived: "start-up IPI received"
    }
  }
}

extension OperatingMode: CustomStringConvertible {
  /// The manual's name of the mode.
  public var description: String {
    switch self {
    case .real: "real mode"
    case .virtual8086: "virtual-8086 mode"
    case .protected: "protected mode"
    case .compatibility: "compatibility mode"
    case .long: "64-bit mode"
    }
  }
}
