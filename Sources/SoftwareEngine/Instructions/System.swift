internal import X86

extension Interpreter {
  func executeSystem(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
