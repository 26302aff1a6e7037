/// What the software engine did for another one that ran the same vCPU.
public struct AssistanceCount: Sendable, Equatable {
  /// Instructions that the other engine could not carry out, by mnemonic.
  public var byMnemonic: [String: UInt64] = [:]
  /// Instructions executed in software, those among them.
  public var instructions: UInt64 = 0
  /// Moves from the other engine to the software engine.
  public var moves: UInt64 = 0
  /// Those of the moves that KVM did not ask for: it was slow, and its time was over.
  public var takeovers: UInt64 = 0

  /// Nothing done.
  public init() {}

  /// Instructions that the other engine could not carry out.
  public var failures: UInt64 { byMnemonic.values.reduce(0, &+) }

  /// Adds what was done for another vCPU.
  public mutating func add(_ other: AssistanceCount) {
    byMnemonic.merge(other.byMnemonic, uniquingKeysWith: &+)
    instructions &+= other.instructions
    moves &+= other.moves
    takeovers &+= other.takeovers
  }
}
