internal import X86

/// What far jumps, calls and returns share: the target's code segment.
extension Interpreter {
  /// A code segment for a jump or call without a gate, checked (SDM Vol. 2, JMP and CALL).
  ///
  /// - Throws: #GP or #NP with the selector.
  func directCode(_ selector: UInt16, _ descriptor: SegmentDescriptor) throws(Interruption) -> Segment {
    let attributes = descriptor.attributes
    let code = selector.errorCode()
    if attributes.isConforming {
      guard attributes.privilegeLevel <= core.privilege else { throw .generalProtection(code) }
    } else {
      guard selector.requestedPrivilege <= core.privilege, attributes.privilegeLevel == core.privilege else {
        throw .generalProtection(code)
      }
    }
    try checkCodeSizes(attributes, code)
    guard attributes.isPresent else { throw .segmentNotPresent(code) }
    var segment = try accessedSegment(selector, descriptor)
    segment.selector = selector.requesting(core.privilege)
    return segment
  }

  /// A code segment for a return to the privilege level that its selector requests, checked (SDM Vol. 2,
  /// RET and IRET).
  ///
  /// - Throws: #GP or #NP with the selector.
  func returnCode(_ selector: UInt16) throws(Interruption) -> Segment {
    if selector.isNullSelector { throw .generalProtection() }
    let code = selector.errorCode()
    guard let descriptor = try descriptor(selector) else { throw .generalProtection(code) }
    let attributes = descriptor.attributes
    let privilege = selector.requestedPrivilege
    guard attributes.isCode, privilege >= core.privilege else { throw .generalProtection(code) }
    guard
      attributes.isConforming
        ? attributes.privilegeLevel <= privilege : attributes.privilegeLevel == privilege
    else { throw .generalProtection(code) }
    try checkCodeSizes(attributes, code)
    guard attributes.isPresent else { throw .segmentNotPresent(code) }
    return try accessedSegment(selector, descriptor)
  }

  /// In long mode L and D may not both be set.
  private func checkCodeSizes(_ attributes: SegmentAttributes, _ code: UInt32) throws(Interruption) {
    if isLongModeActive, attributes.isLong, attributes.isDefault32 { throw .generalProtection(code) }
  }

  /// Whether `segment` would be 64-bit code.
  func is64Bit(_ segment: Segment) -> Bool { isLongModeActive && segment.isLong }

  /// Checks that code can go on at `offset` of a segment.
  ///
  /// - Throws: #GP(0).
  func checkTarget(_ offset: UInt64, in segment: Segment) throws(Interruption) {
    if is64Bit(segment) {
      guard isCanonical(offset, bits: 48) else { throw .generalProtection() }
    } else {
      guard offset <= UInt64(segment.limit) else { throw .generalProtection() }
    }
  }

  /// Goes on at `offset` of `segment`, which was checked.
  func enterCode(_ segment: Segment, _ offset: UInt64) {
    setSegment(.cs, segment)
    nextRIP = offset
    modeDidChange()
  }
}
