internal import X86

extension Interpreter {
  func executeExtendedState(_ instruction: borrowing Instruction) throws(Interruption) {
    throw .invalidOpcode
  }
}
