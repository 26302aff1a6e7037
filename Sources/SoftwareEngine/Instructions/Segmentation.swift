internal import X86

extension Interpreter {
  func executeSegmentation(_ instruction: borrowing Instruction) throws(Interruption) { throw .invalidOpcode }
}

extension Interpreter {
  /// MOV and POP to a segment register.
  func moveToSegment(_ name: SegmentName, _ selector: UInt16) throws(Interruption) {
    throw .invalidOpcode
  }
}
