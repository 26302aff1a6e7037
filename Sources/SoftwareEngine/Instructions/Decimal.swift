internal import X86

extension Interpreter {
  func executeDecimal(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
