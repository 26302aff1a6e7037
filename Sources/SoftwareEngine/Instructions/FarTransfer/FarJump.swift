internal import X86

/// JMP and CALL to another segment (SDM Vol. 2, JMP and CALL).
extension Interpreter {
  func jumpFar(_ selector: UInt16, _ offset: UInt64) throws(Interruption) {
    if isRealAddressing {
      let code = realSegment(.cs, selector)
      try checkTarget(offset, in: code)
      return enterCode(code, offset)
    }
    let descriptor = try targetDescriptor(selector)
    if descriptor.attributes.isCode {
      let code = try directCode(selector, descriptor)
      try checkTarget(offset, in: code)
      return enterCode(code, offset)
    }
    let gate = try callGate(selector, descriptor)
    let target = try gateTarget(gate)
    if !target.attributes.isConforming, target.privilegeLevel != core.privilege {
      throw .generalProtection(gate.selector.errorCode())
    }
    try checkTarget(gate.offset, in: target)
    var code = target
    code.selector = code.selector.requesting(core.privilege)
    enterCode(code, gate.offset)
  }

  func callFar(_ selector: UInt16, _ offset: UInt64, operandSize: UInt8) throws(Interruption) {
    if isRealAddressing {
      let code = realSegment(.cs, selector)
      try checkTarget(offset, in: code)
      return try call(code, offset, width: operandSize)
    }
    let descriptor = try targetDescriptor(selector)
    if descriptor.attributes.isCode {
      let code = try directCode(selector, descriptor)
      try checkTarget(offset, in: code)
      return try call(code, offset, width: operandSize)
    }
    let gate = try callGate(selector, descriptor)
    var code = try gateTarget(gate)
    try checkTarget(gate.offset, in: code)
    if !code.attributes.isConforming, code.privilegeLevel < core.privilege {
      return try callInner(gate, code)
    }
    code.selector = code.selector.requesting(core.privilege)
    try call(code, gate.offset, width: gate.width)
  }

  private func targetDescriptor(_ selector: UInt16) throws(Interruption) -> SegmentDescriptor {
    if selector.isNullSelector { throw .generalProtection() }
    guard let descriptor = try descriptor(selector) else { throw .generalProtection(selector.errorCode()) }
    return descriptor
  }

  /// Pushes the return address and goes on at the target, on the same stack.
  private func call(_ code: Segment, _ offset: UInt64, width: UInt8) throws(Interruption) {
    var stack = currentStack()
    try push(UInt64(selector(.cs)), width: width, on: &stack)
    try push(nextRIP & mask(width), width: width, on: &stack)
    adopt(stack)
    enterCode(code, offset)
  }

  // MARK: Call gates

  /// A call gate (SDM Vol. 3A, 5.8.3 and 5.8.3.1).
  private struct CallGate {
    var selector: UInt16
    var offset: UInt64
    /// Bytes of each value it pushes: 2, 4 or 8.
    var width: UInt8
    /// How many values of that width are copied from stack to stack; none in long mode.
    var parameterCount: UInt8
  }

  /// The call gate that `selector` names, checked for type, privilege and presence.
  private func callGate(_ selector: UInt16, _ descriptor: SegmentDescriptor) throws(Interruption) -> CallGate
  {
    let attributes = descriptor.attributes
    let code = selector.errorCode()
    let low = descriptor.rawValue
    guard !attributes.isCodeOrData else { throw .generalProtection(code) }
    var width: UInt8 = 4
    switch attributes.type {
    case SystemSegmentType.callGate: if isLongModeActive { width = 8 }
    case SystemSegmentType.callGate16 where !isLongModeActive: width = 2
    case SystemSegmentType.taskGate where !isLongModeActive,
      SystemSegmentType.availableTSS where !isLongModeActive,
      SystemSegmentType.availableTSS16 where !isLongModeActive:
      guard attributes.privilegeLevel >= max(core.privilege, selector.requestedPrivilege) else {
        throw .generalProtection(code)
      }
      guard attributes.isPresent else { throw .segmentNotPresent(code) }
      throw taskSwitchUnsupported()
    default: throw .generalProtection(code)
    }
    guard attributes.privilegeLevel >= max(core.privilege, selector.requestedPrivilege) else {
      throw .generalProtection(code)
    }
    var high: UInt64 = 0
    if width == 8 {
      guard let address = descriptorAddress(selector, byteCount: 16) else { throw .generalProtection(code) }
      high = try readSystem(address &+ 8, width: 8)
      // The type field of the upper half must be zero.
      guard high >> 40 & 0x1F == 0 else { throw .generalProtection(code) }
    }
    guard attributes.isPresent else { throw .segmentNotPresent(code) }
    let half = low & 0xFFFF
    let offset = width == 2 ? half : half | (low >> 32 & 0xFFFF_0000) | (high & 0xFFFF_FFFF) << 32
    return CallGate(
      selector: UInt16(truncatingIfNeeded: low >> 16), offset: offset, width: width,
      parameterCount: width == 8 ? 0 : UInt8(truncatingIfNeeded: low >> 32 & 0x1F))
  }

  /// The code segment behind a call gate, checked.
  private func gateTarget(_ gate: CallGate) throws(Interruption) -> Segment {
    if gate.selector.isNullSelector { throw .generalProtection() }
    let code = gate.selector.errorCode()
    guard let descriptor = try descriptor(gate.selector) else { throw .generalProtection(code) }
    let attributes = descriptor.attributes
    guard attributes.isCode, attributes.privilegeLevel <= core.privilege else {
      throw .generalProtection(code)
    }
    if isLongModeActive, !attributes.isLong || attributes.isDefault32 { throw .generalProtection(code) }
    guard attributes.isPresent else { throw .segmentNotPresent(code) }
    return try accessedSegment(gate.selector, descriptor)
  }

  /// Calls code of an inner privilege level on the stack that the TSS has for it.
  private func callInner(_ gate: CallGate, _ target: Segment) throws(Interruption) {
    let privilege = target.privilegeLevel
    let width = gate.width
    var stack: StackCursor
    if isLongModeActive {
      stack = StackCursor(
        segment: .nullStack(privilege: privilege),
        pointer: try stackPointer64(privilege: privilege, interruptStack: 0, 0), size: 8,
        privilege: .implicitSupervisor)
    } else {
      stack = try innerStack(privilege: privilege, 0)
    }
    try push(UInt64(selector(.ss)), width: width, on: &stack)
    try push(core.rsp & mask(width), width: width, on: &stack)
    // The parameter that was pushed first comes first.
    for index in (0..<UInt64(gate.parameterCount)).reversed() {
      try push(try peek(width: width, at: index * UInt64(width)), width: width, on: &stack)
    }
    try push(UInt64(selector(.cs)), width: width, on: &stack)
    try push(nextRIP & mask(width), width: width, on: &stack)
    adopt(stack)
    var code = target
    code.selector = code.selector.requesting(privilege)
    enterCode(code, gate.offset)
  }
}
