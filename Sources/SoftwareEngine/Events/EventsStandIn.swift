extension Interpreter {
  func deliver(_ exception: GuestException) {}
  func deliverSingleStep() {}
  func instructionBreakpoint() -> GuestException? { nil }
  var hasInstructionBreakpoints: Bool { false }
  func deliverPendingEvents() {}
  func takeInterrupt(vector: UInt8) {}
  var canTakeInterrupt: Bool { false }
  func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64? { nil }
}
