internal import X86

extension Interpreter {
  func executeNative(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}
