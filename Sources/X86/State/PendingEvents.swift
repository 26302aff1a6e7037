/// Exceptions and interrupts that are under way or held back at an instruction boundary.
///
/// The fields follow KVM_GET_VCPU_EVENTS (KVM API, 4.31), which is the least an engine must hand
/// over for none of them to be lost.
public struct PendingEvents: Sendable, Equatable {
  /// An exception that was raised and is not delivered yet, or one whose delivery was interrupted.
  public struct PendingException: Sendable, Equatable {
    /// The exception's vector, 0…31.
    public var vector: UInt8
    /// Its error code, for the vectors that push one.
    public var errorCode: UInt32?
    /// Delivery had begun: it must be delivered again, not raised again.
    public var isInjected: Bool
    /// What DR6 or CR2 becomes on delivery, where that is still outstanding.
    public var payload: UInt64?

    /// An exception.
    public init(vector: UInt8, errorCode: UInt32?, isInjected: Bool, payload: UInt64? = nil) {
      self.vector = vector
      self.errorCode = errorCode
      self.isInjected = isInjected
      self.payload = payload
    }
  }

  /// The exception, if any.
  public var exception: PendingException?
  /// The vector of an external or software interrupt whose delivery was interrupted.
  public var injectedInterrupt: UInt8?
  /// That interrupt came from INT n: RIP moves past the instruction on delivery.
  public var isSoftwareInterrupt = false
  /// An NMI whose delivery was interrupted.
  public var isNMIInjected = false
  /// An NMI waits.
  public var isNMIPending = false
  /// NMIs are blocked until IRET.
  public var isNMIMasked = false
  /// Interrupts are blocked for one instruction after STI.
  public var isShadowedBySTI = false
  /// Interrupts are blocked for one instruction after MOV SS or POP SS.
  public var isShadowedByMOVSS = false
  /// The page of the start-up vector of a SIPI that was received (address = vector × 4096).
  public var startupVector: UInt32 = 0

  /// Nothing pending.
  public init() {}
}
