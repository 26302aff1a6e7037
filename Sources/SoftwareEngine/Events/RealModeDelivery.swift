internal import X86

/// Events in real mode: the interrupt vector table (SDM Vol. 3B, 20.1.4).
extension Interpreter {
  func enterRealModeHandler(of event: DeliverableEvent) throws(Interruption) {
    let entry = UInt64(event.vector) * 4
    // Real mode knows no error codes; this one is dropped when the fault is delivered in turn.
    guard entry + 3 <= UInt64(idt.limit) else { throw .generalProtection(event.gateCode) }
    let pointer = try readSystem(idt.base &+ entry, width: 4)
    let offset = pointer & 0xFFFF
    let selector = UInt16(truncatingIfNeeded: pointer >> 16)

    var stack = currentStack()
    try push(flagsForFrame(of: event) & 0xFFFF, width: 2, on: &stack)
    try push(UInt64(self.selector(.cs)), width: 2, on: &stack)
    try push(event.returnAddress & 0xFFFF, width: 2, on: &stack)
    let code = realSegment(.cs, selector)
    guard offset <= UInt64(code.limit) else { throw .generalProtection() }

    adopt(stack)
    setSegment(.cs, code)
    clearFlagsForHandler(masksInterrupts: true)
    core.systemFlags.remove(.alignmentCheck)
    modeDidChange()
    nextRIP = offset
  }
}
