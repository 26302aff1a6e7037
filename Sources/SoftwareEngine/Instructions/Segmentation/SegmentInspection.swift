internal import X86

/// The instructions by which a program asks about a selector without loading it: they set ZF, and do not
/// fault on a selector that cannot be used (SDM Vol. 2, LAR, LSL, VERR, ARPL).
extension Interpreter {
  func loadAccessRights(_ instruction: borrowing Instruction) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    let selector = UInt16(truncatingIfNeeded: try read(instruction, 1))
    guard let descriptor = try visibleDescriptor(selector, isForLimit: false) else {
      return setZeroFlag(false)
    }
    setZeroFlag(true)
    // Bits 8…23 of the upper half, the limit's bits 16…19 left out of what is defined but given as they are.
    try write(instruction, 0, descriptor.rawValue >> 32 & 0xFF_FF00)
  }

  func loadSegmentLimit(_ instruction: borrowing Instruction) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    let selector = UInt16(truncatingIfNeeded: try read(instruction, 1))
    guard let descriptor = try visibleDescriptor(selector, isForLimit: true) else {
      return setZeroFlag(false)
    }
    setZeroFlag(true)
    try write(instruction, 0, UInt64(descriptor.limit))
  }

  /// VERR and VERW.
  func verifySegment(_ instruction: borrowing Instruction, forWriting: Bool) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    let selector = UInt16(truncatingIfNeeded: try read(instruction, 0))
    guard let descriptor = try visibleDescriptor(selector, isForLimit: false) else {
      return setZeroFlag(false)
    }
    let attributes = descriptor.attributes
    setZeroFlag(forWriting ? attributes.isWritable : attributes.isReadable)
  }

  /// ARPL: raises the RPL of a selector to that of another.
  func adjustRequestedPrivilege(_ instruction: borrowing Instruction) throws(Interruption) {
    if isRealAddressing { throw .invalidOpcode }
    let wanted = try read(instruction, 1) & 3
    let selector = try read(instruction, 0)
    let isRaised = selector & 3 < wanted
    // Written only where it changes: a read-only page does not matter else.
    if isRaised { try write(instruction, 0, selector & ~3 | wanted) }
    setZeroFlag(isRaised)
  }

  /// The descriptor that a selector names, or nil where LAR, LSL, VERR and VERW do not see it: null,
  /// beyond the table, of a type that does not count, or too privileged.
  private func visibleDescriptor(_ selector: UInt16, isForLimit: Bool) throws(Interruption)
    -> SegmentDescriptor?
  {
    if selector.isNullSelector { return nil }
    guard let descriptor = try descriptor(selector) else { return nil }
    let attributes = descriptor.attributes
    if !attributes.isCodeOrData {
      guard isInspectable(attributes.type, isForLimit: isForLimit) else { return nil }
    }
    if attributes.isConforming { return descriptor }
    return max(core.privilege, selector.requestedPrivilege) <= attributes.privilegeLevel ? descriptor : nil
  }

  /// The system types that LAR and LSL know: long mode has no 16-bit ones and no task gates; LSL knows
  /// none that are gates.
  private func isInspectable(_ type: UInt8, isForLimit: Bool) -> Bool {
    switch type {
    case SystemSegmentType.localDescriptorTable, SystemSegmentType.availableTSS, SystemSegmentType.busyTSS:
      true
    case SystemSegmentType.callGate: !isForLimit
    case SystemSegmentType.availableTSS16, SystemSegmentType.busyTSS16: !isLongModeActive
    case SystemSegmentType.callGate16, SystemSegmentType.taskGate: !isLongModeActive && !isForLimit
    default: false
    }
  }

  private func setZeroFlag(_ isSet: Bool) {
    let others = core.statusFlags & ~RFLAGS.zero.rawValue
    core.setStatusFlags(isSet ? others | RFLAGS.zero.rawValue : others)
  }
}
