internal import X86

extension Interpreter {
  func executeSegmentation(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
