internal import X86

extension Interpreter {
  func executeFlag(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
