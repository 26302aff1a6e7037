internal import X86

extension Interpreter {
  func executeFarTransfer(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
