/// The exceptions of x86, by vector (SDM Vol. 3A, table 6-1; AMD APM Vol. 2, table 8-1).
///
/// Vectors 15, 22…27 and 31 are reserved and have no case.
public enum ExceptionVector: UInt8, Sendable, CaseIterable {
  /// #DE: division by zero, or a quotient that does not fit.
  case divideError = 0
  /// #DB: single step, a hardware breakpoint, or INT1.
  case debug = 1
  /// The non-maskable interrupt.
  case nonMaskableInterrupt = 2
  /// #BP: INT3.
  case breakpoint = 3
  /// #OF: INTO with OF set.
  case overflow = 4
  /// #BR: BOUND found its operand out of range.
  case boundRangeExceeded = 5
  /// #UD: an instruction that does not exist here.
  case invalidOpcode = 6
  /// #NM: x87 or SSE used while CR0 forbids it.
  case deviceNotAvailable = 7
  /// #DF: an exception while another was being delivered.
  case doubleFault = 8
  /// The 386's coprocessor touched memory beyond a segment; not raised since.
  case coprocessorSegmentOverrun = 9
  /// #TS: a TSS that cannot be used.
  case invalidTSS = 10
  /// #NP: a segment or gate that is not present.
  case segmentNotPresent = 11
  /// #SS: the stack segment's limit, or a stack address that is not canonical.
  case stackSegmentFault = 12
  /// #GP: any other violation of protection.
  case generalProtection = 13
  /// #PF: the page tables do not allow the access.
  case pageFault = 14
  /// #MF: an x87 floating-point error.
  case x87FloatingPoint = 16
  /// #AC: an unaligned access with alignment checks on.
  case alignmentCheck = 17
  /// #MC: the hardware failed.
  case machineCheck = 18
  /// #XM: an SSE floating-point error.
  case simdFloatingPoint = 19
  /// #VE: an EPT violation that the hypervisor left to the guest (Intel).
  case virtualization = 20
  /// #CP: a violation of control-flow enforcement.
  case controlProtection = 21
  /// #HV: an event that the hypervisor injects into an SEV-SNP guest (AMD).
  case hypervisorInjection = 28
  /// #VC: an SEV-ES guest did something that needs the hypervisor (AMD).
  case vmmCommunication = 29
  /// #SX: a security event that SVM redirects (AMD).
  case security = 30

  /// When an exception is reported, and whether its instruction can be restarted (SDM Vol. 3A, 6.5).
  public enum Kind: String, Sendable {
    /// Before the instruction, which runs again after the handler.
    case fault
    /// After the instruction.
    case trap
    /// Before or after, by cause.
    case faultOrTrap = "fault or trap"
    /// The program cannot go on.
    case abort
    /// It does not come from an instruction.
    case interrupt
  }

  /// The manual's short name, such as "#PF"; the two that have none are "NMI" and "vector 9".
  public var mnemonic: String {
    switch self {
    case .divideError: "#DE"
    case .debug: "#DB"
    case .nonMaskableInterrupt: "NMI"
    case .breakpoint: "#BP"
    case .overflow: "#OF"
    case .boundRangeExceeded: "#BR"
    case .invalidOpcode: "#UD"
    case .deviceNotAvailable: "#NM"
    case .doubleFault: "#DF"
    case .coprocessorSegmentOverrun: "vector 9"
    case .invalidTSS: "#TS"
    case .segmentNotPresent: "#NP"
    case .stackSegmentFault: "#SS"
    case .generalProtection: "#GP"
    case .pageFault: "#PF"
    case .x87FloatingPoint: "#MF"
    case .alignmentCheck: "#AC"
    case .machineCheck: "#MC"
    case .simdFloatingPoint: "#XM"
    case .virtualization: "#VE"
    case .controlProtection: "#CP"
    case .hypervisorInjection: "#HV"
    case .vmmCommunication: "#VC"
    case .security: "#SX"
    }
  }

  /// The manual's name, in lower case.
  public var name: String {
    switch self {
    case .divideError: "divide error"
    case .debug: "debug exception"
    case .nonMaskableInterrupt: "non-maskable interrupt"
    case .breakpoint: "breakpoint"
    case .overflow: "overflow"
    case .boundRangeExceeded: "BOUND range exceeded"
    case .invalidOpcode: "invalid opcode"
    case .deviceNotAvailable: "device not available"
    case .doubleFault: "double fault"
    case .coprocessorSegmentOverrun: "coprocessor segment overrun"
    case .invalidTSS: "invalid TSS"
    case .segmentNotPresent: "segment not present"
    case .stackSegmentFault: "stack-segment fault"
    case .generalProtection: "general protection"
    case .pageFault: "page fault"
    case .x87FloatingPoint: "x87 floating-point error"
    case .alignmentCheck: "alignment check"
    case .machineCheck: "machine check"
    case .simdFloatingPoint: "SIMD floating-point exception"
    case .virtualization: "virtualization exception"
    case .controlProtection: "control protection exception"
    case .hypervisorInjection: "hypervisor injection exception"
    case .vmmCommunication: "VMM communication exception"
    case .security: "security exception"
    }
  }

  /// When it is reported.
  public var kind: Kind {
    switch self {
    case .debug: .faultOrTrap
    case .breakpoint, .overflow: .trap
    case .doubleFault, .machineCheck, .coprocessorSegmentOverrun: .abort
    case .nonMaskableInterrupt, .hypervisorInjection: .interrupt
    default: .fault
    }
  }

  /// Whether delivery pushes an error code. Real mode never does.
  public var hasErrorCode: Bool {
    switch self {
    case .doubleFault, .invalidTSS, .segmentNotPresent, .stackSegmentFault, .generalProtection, .pageFault,
      .alignmentCheck, .controlProtection, .vmmCommunication, .security:
      true
    default: false
    }
  }

  /// Whether the error code names a segment or gate: read it as `SelectorErrorCode`.
  public var errorCodeIsSelector: Bool {
    switch self {
    case .invalidTSS, .segmentNotPresent, .stackSegmentFault, .generalProtection: true
    default: false
    }
  }
}

extension ExceptionVector: CustomStringConvertible {
  /// Mnemonic and name, such as "#PF (page fault)".
  public var description: String { "\(mnemonic) (\(name))" }

  /// Mnemonic, name and error code in words, as a crash report prints an exception.
  public func describe(errorCode: UInt32?) -> String {
    guard let errorCode else { return description }
    if self == .pageFault {
      return "\(description), error code \(PageFaultErrorCode(rawValue: UInt64(errorCode)))"
    }
    if errorCodeIsSelector { return "\(description), error code \(SelectorErrorCode(rawValue: errorCode))" }
    return "\(description), error code \(hex(errorCode))"
  }
}
