internal import X86

/// Events in protected mode outside long mode, virtual-8086 mode included (SDM Vol. 3A, 6.12; Vol. 3B,
/// 20.3; Vol. 2, INT n).
extension Interpreter {
  func enterProtectedModeHandler(of event: DeliverableEvent) throws(Interruption) {
    let gate = try gate(of: event, isLong: false)
    var code = try handlerSegment(gate, of: event, isLong: false)
    let isVirtual8086 = core.systemFlags.contains(.virtual8086)
    let isInner = !code.attributes.isConforming && code.privilegeLevel < core.privilege
    let privilege = isInner ? code.privilegeLevel : core.privilege
    // Virtual-8086 mode is left for privilege level 0 only.
    if isVirtual8086, !isInner || privilege != 0 {
      throw .generalProtection(gate.selector.errorCode(event.external))
    }

    var stack =
      isInner ? try innerStack(privilege: privilege, event.external) : currentStack(faultCode: event.external)
    let width: UInt8 = gate.isWide ? 4 : 2
    if isVirtual8086 {
      for name in [SegmentName.gs, .fs, .ds, .es] {
        try push(UInt64(selector(name)), width: width, on: &stack)
      }
    }
    if isInner {
      try push(UInt64(selector(.ss)), width: width, on: &stack)
      try push(core.rsp & mask(width), width: width, on: &stack)
    }
    try push(flagsForFrame(of: event) & mask(width), width: width, on: &stack)
    try push(UInt64(selector(.cs)), width: width, on: &stack)
    try push(event.returnAddress & mask(width), width: width, on: &stack)
    if let errorCode = event.errorCode { try push(UInt64(errorCode) & mask(width), width: width, on: &stack) }
    guard gate.offset <= UInt64(code.limit) else { throw .generalProtection(event.external) }

    adopt(stack)
    code.selector = code.selector.requesting(privilege)
    setSegment(.cs, code)
    clearFlagsForHandler(masksInterrupts: gate.masksInterrupts)
    if isVirtual8086 {
      for name in [SegmentName.gs, .fs, .ds, .es] { setSegment(name, nullSegment(name, 0)) }
    }
    modeDidChange()
    nextRIP = gate.offset
  }
}
