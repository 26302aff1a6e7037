public struct InstructionDecoder {
  public init(codeSize: CodeSize) {}
  public func decode(_ bytes: InstructionBytes) throws(DecodeError) -> Instruction { throw .tooLong }
}
