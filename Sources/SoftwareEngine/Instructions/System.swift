internal import X86

extension Interpreter {
  func executeSystem(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}

extension Interpreter {
  func moveControl(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
  func moveDebug(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
