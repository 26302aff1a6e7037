internal import X86

extension Interpreter {
  func executeBit(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
