internal import X86

/// An entry of the interrupt descriptor table (SDM Vol. 3A, 6.11 and 6.14.1).
struct InterruptGate {
  /// The first eight bytes.
  var low: UInt64
  /// The last eight bytes of a long-mode gate, else 0.
  var high: UInt64 = 0

  var type: UInt8 { UInt8(truncatingIfNeeded: low >> 40 & 0x1F) }
  var privilegeLevel: UInt8 { UInt8(truncatingIfNeeded: low >> 45 & 3) }
  var isPresent: Bool { low & 1 << 47 != 0 }
  var selector: UInt16 { UInt16(truncatingIfNeeded: low >> 16) }
  /// Whether it is of the 32- or 64-bit kind.
  var isWide: Bool { type & 8 != 0 }
  /// Whether it is an interrupt gate, which clears IF.
  var masksInterrupts: Bool { type & 1 == 0 }
  /// The stack that a long-mode gate asks for: 1…7, or 0 for none.
  var interruptStack: UInt8 { UInt8(truncatingIfNeeded: low >> 32 & 7) }
  /// The handler's offset, of the width that the type says.
  var offset: UInt64 {
    let half = low & 0xFFFF
    return isWide ? half | (low >> 32 & 0xFFFF_0000) | high << 32 : half
  }
}

extension Interpreter {
  /// Reads the gate of `event` and checks limit, type, privilege and presence.
  ///
  /// - Throws: #GP or #NP with the number of the gate, or the failure that a task gate is.
  func gate(of event: DeliverableEvent, isLong: Bool) throws(Interruption) -> InterruptGate {
    let byteCount: UInt64 = isLong ? 16 : 8
    let entry = UInt64(event.vector) * byteCount
    guard entry + byteCount - 1 <= UInt64(idt.limit) else { throw .generalProtection(event.gateCode) }
    var gate = InterruptGate(low: try readSystem(idt.base &+ entry, width: 8))
    if isLong { gate.high = try readSystem(idt.base &+ entry &+ 8, width: 8) & 0xFFFF_FFFF }
    switch gate.type {
    case SystemSegmentType.interruptGate, SystemSegmentType.trapGate: break
    case SystemSegmentType.interruptGate16 where !isLong, SystemSegmentType.trapGate16 where !isLong,
      SystemSegmentType.taskGate where !isLong:
      break
    default: throw .generalProtection(event.gateCode)
    }
    if event.source == .software, gate.privilegeLevel < core.privilege {
      throw .generalProtection(event.gateCode)
    }
    guard gate.isPresent else { throw .segmentNotPresent(event.gateCode) }
    if gate.type == SystemSegmentType.taskGate { throw taskSwitchUnsupported() }
    return gate
  }

  /// The code segment of a handler, checked.
  ///
  /// - Throws: #GP or #NP with its selector.
  func handlerSegment(_ gate: InterruptGate, of event: DeliverableEvent, isLong: Bool) throws(Interruption)
    -> Segment
  {
    let selector = gate.selector
    if selector.isNullSelector { throw .generalProtection(event.external) }
    let code = selector.errorCode(event.external)
    guard let descriptor = try descriptor(selector) else { throw .generalProtection(code) }
    let attributes = descriptor.attributes
    guard attributes.isCode, attributes.privilegeLevel <= core.privilege else {
      throw .generalProtection(code)
    }
    if isLong, !attributes.isLong || attributes.isDefault32 { throw .generalProtection(code) }
    guard attributes.isPresent else { throw .segmentNotPresent(code) }
    return try accessedSegment(selector, descriptor)
  }
}
