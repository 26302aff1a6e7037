internal import X86

/// Reading the descriptor tables.
extension Interpreter {
  /// Whether segment registers are loaded as the 8086 does: real mode and virtual-8086 mode.
  var isRealAddressing: Bool {
    !core.cr0.contains(.protectionEnable) || core.systemFlags.contains(.virtual8086)
  }

  /// Whether EFER.LMA is set: 64-bit mode or compatibility mode.
  var isLongModeActive: Bool { core.efer.contains(.longModeActive) }

  /// The linear address of the descriptor that `selector` names, or nil where its `byteCount` bytes are
  /// not all in the table, or there is no LDT.
  func descriptorAddress(_ selector: UInt16, byteCount: UInt64 = 8) -> UInt64? {
    let offset = UInt64(selector & 0xFFF8)
    let last = offset + byteCount - 1
    if selector & 4 == 0 { return last <= UInt64(gdt.limit) ? gdt.base &+ offset : nil }
    guard !ldt.attributes.isUnusable, last <= UInt64(ldt.limit) else { return nil }
    return ldt.base &+ offset
  }

  /// The descriptor that `selector` names, or nil where it is beyond its table.
  ///
  /// - Throws: #PF.
  func descriptor(_ selector: UInt16) throws(Interruption) -> SegmentDescriptor? {
    guard let address = descriptorAddress(selector) else { return nil }
    return SegmentDescriptor(rawValue: try readSystem(address, width: 8))
  }

  /// Sets the accessed bit of a code or data segment's descriptor if it is clear (SDM Vol. 3A, 3.4.5.1),
  /// and returns the segment as a register holds it.
  func accessedSegment(_ selector: UInt16, _ descriptor: SegmentDescriptor) throws(Interruption) -> Segment {
    var segment = descriptor.segment(selector: selector)
    if segment.attributes.type & 1 == 0 {
      segment.attributes.type |= 1
      if let address = descriptorAddress(selector) {
        let rights = UInt64(descriptor.rawValue >> 40 & 0xFF) | 1
        try writeSystem(address &+ 5, width: 1, rights)
      }
    }
    return segment
  }
}

extension UInt16 {
  /// Whether a selector is null: index and table are zero, whatever the RPL (SDM Vol. 3A, 3.4.2).
  var isNullSelector: Bool { self & 0xFFFC == 0 }
  /// The requested privilege level of a selector.
  var requestedPrivilege: UInt8 { UInt8(truncatingIfNeeded: self & 3) }
  /// The selector with another RPL.
  func requesting(_ privilege: UInt8) -> UInt16 { self & 0xFFFC | UInt16(privilege & 3) }
  /// The selector as an error code; `external` is 1 for the EXT bit.
  func errorCode(_ external: UInt32 = 0) -> UInt32 { UInt32(self & 0xFFFC) | external }
}
