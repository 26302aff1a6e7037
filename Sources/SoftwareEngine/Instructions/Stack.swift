internal import X86

extension Interpreter {
  func executeStack(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
