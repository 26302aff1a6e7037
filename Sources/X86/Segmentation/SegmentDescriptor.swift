/// An 8-byte segment descriptor of a GDT or LDT (SDM Vol. 3A, figure 3-8): code, data, or a system
/// segment outside long mode.
///
/// Any value can be read; nothing here traps on what a guest wrote.
public struct SegmentDescriptor: RawRepresentable, Sendable, Hashable {
  /// The eight bytes, little-endian.
  public var rawValue: UInt64

  /// The descriptor with these eight bytes.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The descriptor of a segment, or nil where its limit cannot be written: above 1 MiB without page
  /// granularity, or not the last byte of a page with it.
  ///
  /// - Parameters:
  ///   - base: linear base address.
  ///   - limit: the last valid offset, in bytes, granularity already applied.
  ///   - attributes: the attribute bits; `isUnusable` has no place in a descriptor and is ignored.
  @inlinable public init?(base: UInt32, limit: UInt32, attributes: SegmentAttributes) {
    let field: UInt32
    if attributes.isPageGranular {
      guard limit & 0xFFF == 0xFFF else { return nil }
      field = limit >> 12
    } else {
      guard limit <= 0xF_FFFF else { return nil }
      field = limit
    }
    rawValue =
      UInt64(field & 0xFFFF) | UInt64(field >> 16) << 48
      | UInt64(base & 0xFF_FFFF) << 16 | UInt64(base >> 24) << 56
      | UInt64(attributes.accessRights & 0xF0FF) << 40
  }

  /// Linear base address, 32 bits.
  @inlinable public var base: UInt32 {
    UInt32(truncatingIfNeeded: rawValue >> 16 & 0xFF_FFFF) | UInt32(truncatingIfNeeded: rawValue >> 56) << 24
  }

  /// The last valid offset in bytes: the limit field with the granularity applied.
  @inlinable public var limit: UInt32 {
    let field =
      UInt32(truncatingIfNeeded: rawValue & 0xFFFF) | UInt32(truncatingIfNeeded: rawValue >> 48 & 0xF) << 16
    return rawValue & 1 << 55 != 0 ? field << 12 | 0xFFF : field
  }

  /// The attribute bits. A descriptor is never marked unusable.
  @inlinable public var attributes: SegmentAttributes {
    SegmentAttributes(accessRights: UInt32(truncatingIfNeeded: rawValue >> 40 & 0xF0FF))
  }

  /// What the CPU has in a segment register after it loaded this descriptor through `selector`.
  ///
  /// This is the copy alone: the privilege and type checks of the instruction that loads are not
  /// made, and the accessed bit is not set.
  @inlinable public func segment(selector: UInt16) -> Segment {
    Segment(selector: selector, base: UInt64(base), limit: limit, attributes: attributes)
  }
}

extension SegmentDescriptor {
  /// The descriptor that a code or data segment register would have been loaded from, or nil where
  /// none exists: a base above 4 GiB or a limit that a descriptor cannot hold.
  @inlinable public init?(_ segment: Segment) {
    guard let base = UInt32(exactly: segment.base) else { return nil }
    self.init(base: base, limit: segment.limit, attributes: segment.attributes)
  }
}

/// A 16-byte descriptor of a TSS or an LDT in long mode (SDM Vol. 3A, figure 7-4).
public struct SystemDescriptor: Sendable, Hashable {
  /// The first eight bytes: an ordinary descriptor with the low half of the base.
  public var low: SegmentDescriptor
  /// The last eight bytes: the high half of the base in bits 0…31.
  public var high: UInt64

  /// The descriptor with these two halves.
  @inlinable public init(low: UInt64, high: UInt64) {
    self.low = SegmentDescriptor(rawValue: low)
    self.high = high
  }

  /// The descriptor of a system segment, or nil where its limit cannot be written.
  ///
  /// - Parameters:
  ///   - base: linear base address, 64 bits.
  ///   - limit: the last valid offset, in bytes, granularity already applied.
  ///   - attributes: the attribute bits, with `isCodeOrData` false.
  @inlinable public init?(base: UInt64, limit: UInt32, attributes: SegmentAttributes) {
    guard
      let low = SegmentDescriptor(
        base: UInt32(truncatingIfNeeded: base), limit: limit, attributes: attributes)
    else { return nil }
    self.low = low
    self.high = base >> 32
  }

  /// Linear base address, 64 bits.
  @inlinable public var base: UInt64 { UInt64(low.base) | high << 32 }

  /// Whether bits 8…12 of the last doubleword are zero; LTR and LLDT raise #GP otherwise.
  ///
  /// They lie where the upper eight bytes, read as a descriptor of their own, have S and type: zero
  /// makes that an invalid descriptor.
  @inlinable public var isWellFormed: Bool { high >> 40 & 0x1F == 0 }

  /// What the CPU has in TR or LDTR after it loaded this descriptor through `selector`. The busy bit
  /// is as in the descriptor.
  @inlinable public func segment(selector: UInt16) -> Segment {
    Segment(selector: selector, base: base, limit: low.limit, attributes: low.attributes)
  }
}
