internal import X86

/// The six segment registers, in the state block.
extension Interpreter {
  private func place(_ name: SegmentName) -> Int {
    CoreLayout.segments &+ Int(name.rawValue) &* CoreLayout.segmentStride
  }

  /// A segment register with its hidden part.
  func segment(_ name: SegmentName) -> Segment {
    let place = place(name)
    return Segment(
      selector: core.load(at: place &+ CoreLayout.segmentSelector),
      base: core.load(at: place &+ CoreLayout.segmentBase),
      limit: core.load(at: place &+ CoreLayout.segmentLimit),
      attributes: SegmentAttributes(accessRights: core.load(at: place &+ CoreLayout.segmentRights)))
  }

  /// Replaces a segment register with its hidden part. The caller calls `modeDidChange` after CS or
  /// SS.
  func setSegment(_ name: SegmentName, _ segment: Segment) {
    let place = place(name)
    core.store(segment.selector, at: place &+ CoreLayout.segmentSelector)
    core.store(segment.limit, at: place &+ CoreLayout.segmentLimit)
    core.store(segment.attributes.accessRights, at: place &+ CoreLayout.segmentRights)
    setSegmentBase(name, segment.base)
    // Outside of 64-bit mode what the jump cache holds was checked against the limit of CS.
    if name == .cs, !core.efer.contains(.longModeActive) { translations.jumpCache.clear() }
  }

  /// A segment's attributes as one number.
  func accessRights(_ name: SegmentName) -> UInt32 { core.load(at: place(name) &+ CoreLayout.segmentRights) }

  func segmentBase(_ name: SegmentName) -> UInt64 { core.load(at: place(name) &+ CoreLayout.segmentBase) }

  /// Replaces the base alone: WRFSBASE, the base MSRs, SWAPGS.
  func setSegmentBase(_ name: SegmentName, _ base: UInt64) {
    core.store(base, at: place(name) &+ CoreLayout.segmentBase)
    if name == .fs { core.store(base, at: CoreLayout.fsBase) }
    if name == .gs { core.store(base, at: CoreLayout.gsBase) }
  }

  func selector(_ name: SegmentName) -> UInt16 { core.load(at: place(name) &+ CoreLayout.segmentSelector) }

  /// The linear address of `byteCount` bytes at `offset` in a segment, checked against the segment's
  /// limit and type, or for being canonical in 64-bit mode (SDM Vol. 3A, 5.3 and 5.5).
  ///
  /// - Throws: #GP(0), or #SS(0) for the stack segment.
  @inline(__always)
  func linearAddress(
    _ name: SegmentName, _ offset: UInt64, byteCount: UInt64, isWrite: Bool
  ) throws(Interruption) -> UInt64 {
    if core.isLong {
      var linear = offset
      if name == .fs { linear = linear &+ core.load(UInt64.self, at: CoreLayout.fsBase) }
      if name == .gs { linear = linear &+ core.load(UInt64.self, at: CoreLayout.gsBase) }
      let last = linear &+ (byteCount &- 1)
      guard isCanonical(linear, bits: 48), isCanonical(last, bits: 48) else {
        throw .segmentFault(name)
      }
      return linear
    }
    return try legacyLinearAddress(name, offset, byteCount: byteCount, isWrite: isWrite)
  }

  @inline(never)
  private func legacyLinearAddress(
    _ name: SegmentName, _ offset: UInt64, byteCount: UInt64, isWrite: Bool
  ) throws(Interruption) -> UInt64 {
    let place = place(name)
    let limit = UInt64(core.load(UInt32.self, at: place &+ CoreLayout.segmentLimit))
    let rights = SegmentAttributes(accessRights: core.load(at: place &+ CoreLayout.segmentRights))
    let last = offset &+ (byteCount &- 1)
    if core.cr0.contains(.protectionEnable), !core.systemFlags.contains(.virtual8086) {
      guard !rights.isUnusable, isWrite ? rights.isWritable : rights.isReadable else {
        throw .segmentFault(name)
      }
    }
    if rights.isExpandDown {
      let top: UInt64 = rights.isDefault32 ? 0xFFFF_FFFF : 0xFFFF
      guard offset > limit, last <= top, last >= offset else { throw .segmentFault(name) }
    } else {
      guard last <= limit, last >= offset else { throw .segmentFault(name) }
    }
    return (core.load(UInt64.self, at: place &+ CoreLayout.segmentBase) &+ offset) & 0xFFFF_FFFF
  }
}
