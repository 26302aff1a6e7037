internal import X86

extension Interpreter {
  func executeArithmetic(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
