/// The arguments of a hypercall (Linux, Documentation/virt/kvm/x86/hypercalls.rst): RBX, RCX, RDX and RSI,
/// cut to 32 bits where the guest is not in 64-bit mode.
public struct HypercallArguments: Sendable, Equatable {
  /// RBX.
  public var first: UInt64
  /// RCX.
  public var second: UInt64
  /// RDX.
  public var third: UInt64
  /// RSI.
  public var fourth: UInt64

  /// These arguments.
  public init(_ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0, _ fourth: UInt64 = 0) {
    (self.first, self.second, self.third, self.fourth) = (first, second, third, fourth)
  }
}
