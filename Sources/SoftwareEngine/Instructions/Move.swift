internal import X86

extension Interpreter {
  func executeMove(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
