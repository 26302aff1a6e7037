internal import X86

extension Interpreter {
  func executeX87(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
