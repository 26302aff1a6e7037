internal import X86

extension Interpreter {
  func executePort(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
