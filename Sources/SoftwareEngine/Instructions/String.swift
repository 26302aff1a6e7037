internal import X86

extension Interpreter {
  func executeString(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
