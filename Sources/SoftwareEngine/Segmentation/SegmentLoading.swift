internal import X86

/// Loading ES, SS, DS, FS and GS with a selector (SDM Vol. 2, MOV; Vol. 3A, 5.6 and 5.7). CS is loaded
/// by far transfers only.
extension Interpreter {
  /// Loads a data or stack segment register.
  ///
  /// - Throws: #GP, #SS or #NP with the selector, or #PF; nothing has changed then.
  func loadSegment(_ name: SegmentName, _ selector: UInt16) throws(Interruption) {
    if isRealAddressing {
      setSegment(name, realSegment(name, selector))
    } else if name == .ss {
      setSegment(.ss, try stackSegment(selector, privilege: core.privilege, isFor64Bit: core.isLong))
      modeDidChange()
      return
    } else {
      setSegment(name, try dataSegment(name, selector))
    }
    if name == .ss { modeDidChange() }
  }

  /// What real mode and virtual-8086 mode make of a selector. In real mode the limit and the default
  /// size stay what they were, which is what "unreal mode" lives on.
  func realSegment(_ name: SegmentName, _ selector: UInt16) -> Segment {
    if core.cr0.contains(.protectionEnable) { return .virtual8086(selector) }
    var segment = segment(name)
    if segment.attributes.isUnusable { segment.limit = 0xFFFF }
    segment.selector = selector
    segment.base = UInt64(selector) << 4
    let size = segment.attributes
    segment.attributes = SegmentAttributes(
      type: name == .cs ? 11 : 3, isDefault32: size.isDefault32, isPageGranular: size.isPageGranular)
    return segment
  }

  /// Checks a selector for DS, ES, FS or GS, and returns the segment.
  private func dataSegment(_ name: SegmentName, _ selector: UInt16) throws(Interruption) -> Segment {
    if selector.isNullSelector { return nullSegment(name, selector) }
    guard let descriptor = try descriptor(selector) else { throw .generalProtection(selector.errorCode()) }
    let attributes = descriptor.attributes
    guard attributes.isReadable else { throw .generalProtection(selector.errorCode()) }
    if !attributes.isConforming {
      let privilege = max(core.privilege, selector.requestedPrivilege)
      guard privilege <= attributes.privilegeLevel else { throw .generalProtection(selector.errorCode()) }
    }
    guard attributes.isPresent else { throw .segmentNotPresent(selector.errorCode()) }
    return try accessedSegment(selector, descriptor)
  }

  /// A register with a null selector. Intel's CPUs clear the base, AMD's leave it (AMD APM Vol. 2, 4.5.3),
  /// which shows in FS and GS only.
  func nullSegment(_ name: SegmentName, _ selector: UInt16) -> Segment {
    var segment = Segment()
    segment.selector = selector
    if model.isAMD, isLongModeActive { segment.base = segmentBase(name) }
    segment.attributes.isUnusable = true
    return segment
  }

  /// Checks a selector for SS, and returns the segment.
  ///
  /// - Parameters:
  ///   - privilege: the CPL that the stack is for.
  ///   - isFor64Bit: the code that will use it is 64-bit code, which may have a null SS below CPL 3.
  ///   - external: the EXT bit of error codes.
  func stackSegment(_ selector: UInt16, privilege: UInt8, isFor64Bit: Bool) throws(Interruption) -> Segment {
    if selector.isNullSelector {
      guard isFor64Bit, privilege < 3, selector.requestedPrivilege == privilege else {
        throw .generalProtection()
      }
      return .nullStack(privilege: privilege)
    }
    guard let descriptor = try descriptor(selector) else { throw .generalProtection(selector.errorCode()) }
    let attributes = descriptor.attributes
    guard selector.requestedPrivilege == privilege, attributes.isWritable,
      attributes.privilegeLevel == privilege
    else { throw .generalProtection(selector.errorCode()) }
    guard attributes.isPresent else { throw .stackFault(selector.errorCode()) }
    return try accessedSegment(selector, descriptor)
  }

  /// After a return to an outer privilege level: data segments that it may not use become null (SDM
  /// Vol. 2, RET and IRET).
  func dropInnerSegments() {
    for name in [SegmentName.es, .ds, .fs, .gs] {
      let held = segment(name)
      let attributes = held.attributes
      if attributes.isUnusable || attributes.isConforming { continue }
      if attributes.privilegeLevel < core.privilege { setSegment(name, nullSegment(name, 0)) }
    }
  }
}

extension Segment {
  /// A segment of virtual-8086 mode (SDM Vol. 3B, 20.2.1).
  static func virtual8086(_ selector: UInt16) -> Segment {
    Segment(
      selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF,
      attributes: SegmentAttributes(type: 3, privilegeLevel: 3))
  }

  /// SS with a null selector, as 64-bit mode has it below CPL 3: the DPL is the CPL all the same.
  static func nullStack(privilege: UInt8) -> Segment {
    var segment = Segment()
    segment.selector = UInt16(privilege)
    segment.attributes.isUnusable = true
    segment.attributes.privilegeLevel = privilege
    return segment
  }
}

extension Interruption {
  /// #NP with this error code.
  static func segmentNotPresent(_ code: UInt32) -> Self {
    .exception(GuestException(vector: .segmentNotPresent, errorCode: code))
  }
  /// #TS with this error code.
  static func invalidTSS(_ code: UInt32) -> Self {
    .exception(GuestException(vector: .invalidTSS, errorCode: code))
  }
}
