internal import X86

/// Events in long mode, from 64-bit and compatibility code alike (SDM Vol. 3A, 6.14).
extension Interpreter {
  func enterLongModeHandler(of event: DeliverableEvent) throws(Interruption) {
    let gate = try gate(of: event, isLong: true)
    var code = try handlerSegment(gate, of: event, isLong: true)
    let privilege = code.attributes.isConforming ? core.privilege : code.privilegeLevel
    let isInner = privilege < core.privilege

    // The frame is written with the rights of the privilege level that it is for. Where that does not
    // change and SMAP is lifted by RFLAGS.AC, it is still lifted.
    let isLifted = !isInner && core.systemFlags.contains(.alignmentCheck)
    var stack = StackCursor(
      segment: segment(.ss), pointer: core.rsp, size: 8,
      privilege: privilege == 3 ? .user : isLifted ? .supervisor : .implicitSupervisor,
      faultCode: event.external)
    if isInner || gate.interruptStack != 0 {
      stack.pointer = try stackPointer64(
        privilege: privilege, interruptStack: gate.interruptStack, event.external)
    }
    if isInner { stack.segment = .nullStack(privilege: privilege) }
    stack.pointer &= ~0xF

    try push(UInt64(selector(.ss)), width: 8, on: &stack)
    try push(core.rsp, width: 8, on: &stack)
    try push(flagsForFrame(of: event), width: 8, on: &stack)
    try push(UInt64(selector(.cs)), width: 8, on: &stack)
    try push(event.returnAddress, width: 8, on: &stack)
    if let errorCode = event.errorCode { try push(UInt64(errorCode), width: 8, on: &stack) }
    guard isCanonical(gate.offset, bits: 48) else { throw .generalProtection(event.external) }

    adopt(stack)
    code.selector = code.selector.requesting(privilege)
    setSegment(.cs, code)
    clearFlagsForHandler(masksInterrupts: gate.masksInterrupts)
    modeDidChange()
    nextRIP = gate.offset
  }
}
