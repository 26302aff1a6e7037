/// Segment attributes as one number, in the layout of VMX's "access rights" fields
/// (SDM Vol. 3C, table 24-2): bits 0…3 type, 4 S, 5…6 DPL, 7 P, 12 AVL, 13 L, 14 D/B, 15 G,
/// 16 unusable. Bits 0…15 are also a descriptor's bits 40…55 with the limit bits read as zero.
extension SegmentAttributes {
  /// The attributes in the layout of VMX's access rights.
  @inlinable public var accessRights: UInt32 {
    var bits = UInt32(type & 15)
    if isCodeOrData { bits |= 1 << 4 }
    bits |= UInt32(privilegeLevel & 3) << 5
    if isPresent { bits |= 1 << 7 }
    if isAvailable { bits |= 1 << 12 }
    if isLong { bits |= 1 << 13 }
    if isDefault32 { bits |= 1 << 14 }
    if isPageGranular { bits |= 1 << 15 }
    if isUnusable { bits |= 1 << 16 }
    return bits
  }

  /// The attributes that a number in the layout of VMX's access rights stands for. The reserved
  /// bits, 8…11 and 17…31, are ignored.
  @inlinable public init(accessRights bits: UInt32) {
    self.init()
    type = UInt8(bits & 15)
    isCodeOrData = bits & 1 << 4 != 0
    privilegeLevel = UInt8(bits >> 5 & 3)
    isPresent = bits & 1 << 7 != 0
    isAvailable = bits & 1 << 12 != 0
    isLong = bits & 1 << 13 != 0
    isDefault32 = bits & 1 << 14 != 0
    isPageGranular = bits & 1 << 15 != 0
    isUnusable = bits & 1 << 16 != 0
  }

  /// Whether this is a code segment: S set and type bit 3 set (SDM Vol. 3A, table 3-1).
  @inlinable public var isCode: Bool { isCodeOrData && type & 8 != 0 }
  /// Whether data may be written through it: a data segment with the W bit.
  @inlinable public var isWritable: Bool { isCodeOrData && type & 0b1010 == 0b0010 }
  /// Whether data may be read through it: any data segment, or code with the R bit.
  @inlinable public var isReadable: Bool { isCodeOrData && type & 0b1010 != 0b1000 }
  /// Whether it is code that runs at its caller's privilege (the C bit).
  @inlinable public var isConforming: Bool { isCodeOrData && type & 0b1100 == 0b1100 }
  /// Whether it is data whose valid offsets lie above the limit (the E bit).
  @inlinable public var isExpandDown: Bool { isCodeOrData && type & 0b1100 == 0b0100 }
}

/// The descriptor types that are system segments (SDM Vol. 3A, table 3-2), for
/// `SegmentAttributes.type` where `isCodeOrData` is false.
public enum SystemSegmentType {
  /// A 16-bit TSS that no task uses.
  public static let availableTSS16: UInt8 = 1
  /// A local descriptor table.
  public static let localDescriptorTable: UInt8 = 2
  /// The 16-bit TSS of the running task.
  public static let busyTSS16: UInt8 = 3
  /// A 16-bit call gate.
  public static let callGate16: UInt8 = 4
  /// A task gate.
  public static let taskGate: UInt8 = 5
  /// A 16-bit interrupt gate.
  public static let interruptGate16: UInt8 = 6
  /// A 16-bit trap gate.
  public static let trapGate16: UInt8 = 7
  /// A 32- or 64-bit TSS that no task uses.
  public static let availableTSS: UInt8 = 9
  /// The 32- or 64-bit TSS of the running task.
  public static let busyTSS: UInt8 = 11
  /// A 32- or 64-bit call gate.
  public static let callGate: UInt8 = 12
  /// A 32- or 64-bit interrupt gate.
  public static let interruptGate: UInt8 = 14
  /// A 32- or 64-bit trap gate.
  public static let trapGate: UInt8 = 15
}
