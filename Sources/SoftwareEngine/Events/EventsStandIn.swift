extension Interpreter {
  func deliver(_ exception: GuestException) {}
  func deliverSingleStep() {}
  func instructionBreakpoint() -> GuestException? { nil }
  var hasInstructionBreakpoints: Bool { false }
  var wantsAttention: Bool { false }
}
