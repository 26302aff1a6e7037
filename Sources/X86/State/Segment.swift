/// A segment register with its hidden part: the descriptor the CPU loaded last
/// (SDM Vol. 3A, 3.4.3 and 3.4.5).
public struct Segment: Sendable, Equatable {
  /// The visible selector.
  public var selector: UInt16 = 0
  /// Linear base address. 64 bits wide for FS, GS, TR and LDTR in long mode.
  public var base: UInt64 = 0
  /// The last valid offset, in bytes, with the granularity already applied.
  public var limit: UInt32 = 0
  /// The attributes of the descriptor.
  public var attributes = SegmentAttributes()

  /// A null segment.
  public init() {}

  /// A segment of given parts. `limit` is in bytes, granularity already applied.
  public init(selector: UInt16, base: UInt64, limit: UInt32, attributes: SegmentAttributes) {
    self.selector = selector
    self.base = base
    self.limit = limit
    self.attributes = attributes
  }

  /// The descriptor privilege level, 0…3.
  public var privilegeLevel: UInt8 { attributes.privilegeLevel }
  /// 64-bit code (the L bit).
  public var isLong: Bool { attributes.isLong }
  /// 32-bit default operand and stack size (the D/B bit).
  public var isDefault32: Bool { attributes.isDefault32 }
}

/// The attribute bits of a segment descriptor, in the layout of the descriptor's bits 40…55 with
/// the limit bits taken out (SDM Vol. 3A, figure 3-8), plus an "unusable" mark.
public struct SegmentAttributes: Sendable, Equatable {
  /// Descriptor type, 0…15: meaning depends on `isCodeOrData`.
  public var type: UInt8 = 0
  /// The S bit: a code or data segment, not a system segment.
  public var isCodeOrData = false
  /// Descriptor privilege level, 0…3.
  public var privilegeLevel: UInt8 = 0
  /// The P bit.
  public var isPresent = false
  /// The AVL bit, free for software.
  public var isAvailable = false
  /// The L bit: 64-bit code.
  public var isLong = false
  /// The D/B bit: 32-bit default size.
  public var isDefault32 = false
  /// The G bit: the descriptor's limit counts 4 KiB pages.
  public var isPageGranular = false
  /// The register holds a null selector: using it faults.
  public var isUnusable = false

  /// All bits clear.
  public init() {}

  /// Attributes of a code or data segment that is present.
  public init(
    type: UInt8, isCodeOrData: Bool = true, privilegeLevel: UInt8 = 0, isLong: Bool = false,
    isDefault32: Bool = false, isPageGranular: Bool = false
  ) {
    self.type = type
    self.isCodeOrData = isCodeOrData
    self.privilegeLevel = privilegeLevel
    self.isPresent = true
    self.isLong = isLong
    self.isDefault32 = isDefault32
    self.isPageGranular = isPageGranular
  }
}

/// GDTR or IDTR.
public struct DescriptorTable: Sendable, Equatable {
  /// Linear address of the first entry.
  public var base: UInt64 = 0
  /// The last valid byte offset in the table.
  public var limit: UInt16 = 0

  /// An empty table at address 0.
  public init() {}

  /// A table at `base` whose last byte is at offset `limit`.
  public init(base: UInt64, limit: UInt16) {
    self.base = base
    self.limit = limit
  }
}
