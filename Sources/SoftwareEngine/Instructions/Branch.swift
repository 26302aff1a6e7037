internal import X86

extension Interpreter {
  func executeBranch(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
