internal import X86

extension Interpreter {
  func executeShift(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
