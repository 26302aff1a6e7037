/// DR0 … DR3, DR6 and DR7 (SDM Vol. 3B, 17.2).
public struct DebugRegisters: Sendable, Equatable {
  /// Linear address of breakpoint 0.
  public var dr0: UInt64 = 0
  /// Linear address of breakpoint 1.
  public var dr1: UInt64 = 0
  /// Linear address of breakpoint 2.
  public var dr2: UInt64 = 0
  /// Linear address of breakpoint 3.
  public var dr3: UInt64 = 0
  /// Debug status; its reset value.
  public var dr6: UInt64 = 0xFFFF_0FF0
  /// Debug control; its reset value.
  public var dr7: UInt64 = 0x400

  /// The values after reset.
  public init() {}
}
