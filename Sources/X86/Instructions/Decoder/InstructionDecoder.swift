/// Turns bytes into an `Instruction`.
///
/// It knows what an encoding means in 16-, 32- and 64-bit code and no more: whether the processor
/// has the instruction (`Instruction.feature`), and whether its mode and privilege allow it, is for
/// the one who executes it. Where makers differ it follows Intel: 66 does not shrink a near branch
/// in 64-bit mode. SYSCALL decodes at every size, because AMD's processors have it in compatibility
/// mode.
public struct InstructionDecoder: Sendable {
  /// The default sizes of operands and addresses.
  public var codeSize: CodeSize

  /// A decoder for code of this size.
  @inlinable
  public init(_ codeSize: CodeSize) { self.codeSize = codeSize }

  /// The instruction that `bytes` begin with.
  ///
  /// - Throws: `DecodeError.needsMoreBytes` when the bytes end before it does, `.tooLong` when
  ///   fifteen bytes are not enough, `.undefined` when no such instruction is defined: an unused
  ///   opcode or ModRM form, one of another mode, LOCK where it is not allowed (SDM Vol. 2, 2.1.1),
  ///   or VEX after 66, F2, F3, LOCK or REX (SDM Vol. 2, 2.3.2 and 2.3.3).
  public func decode(_ bytes: InstructionBytes) throws(DecodeError) -> Instruction {
    var decoding = Decoding(bytes, codeSize)
    try decoding.run()
    return decoding.instruction
  }

  /// How many of `bytes` to step over where they are no instruction: one.
  static let undefinedStep = 1
}
