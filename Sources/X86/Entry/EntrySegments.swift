/// Segment registers as the entry states need them: the hidden part is set directly, so nothing in
/// guest memory has to back it. All satisfy the checks of a VM entry (SDM Vol. 3C, 26.3.1.2).
extension Segment {
  /// A segment as real mode loads it: base 16 times the selector, 64 KiB, access rights 0x93.
  public static func realMode(_ selector: UInt16) -> Segment {
    Segment(
      selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF, attributes: SegmentAttributes(type: 3))
  }

  /// A code segment as real mode uses it: like `realMode`, but execute and read, access rights 0x9B.
  public static func realModeCode(_ selector: UInt16) -> Segment {
    Segment(
      selector: selector, base: UInt64(selector) << 4, limit: 0xFFFF, attributes: SegmentAttributes(type: 11))
  }

  /// Flat 4 GiB 32-bit code, execute and read.
  public static func flatCode32(_ selector: UInt16, privilegeLevel: UInt8 = 0) -> Segment {
    Segment(
      selector: selector, base: 0, limit: 0xFFFF_FFFF,
      attributes: SegmentAttributes(
        type: 11, privilegeLevel: privilegeLevel, isDefault32: true, isPageGranular: true))
  }

  /// Flat 64-bit code, execute and read.
  public static func flatCode64(_ selector: UInt16, privilegeLevel: UInt8 = 0) -> Segment {
    Segment(
      selector: selector, base: 0, limit: 0xFFFF_FFFF,
      attributes: SegmentAttributes(
        type: 11, privilegeLevel: privilegeLevel, isLong: true, isPageGranular: true))
  }

  /// Flat 4 GiB data, read and write, with a 32-bit stack pointer where it is the stack.
  public static func flatData(_ selector: UInt16, privilegeLevel: UInt8 = 0) -> Segment {
    Segment(
      selector: selector, base: 0, limit: 0xFFFF_FFFF,
      attributes: SegmentAttributes(
        type: 3, privilegeLevel: privilegeLevel, isDefault32: true, isPageGranular: true))
  }

  /// The task register with a null selector and a busy TSS at linear address 0, as VM entry demands
  /// even of a guest that has no task: access rights 0x8B. `limit` is in bytes.
  public static func initialTaskState(limit: UInt32) -> Segment {
    Segment(
      selector: 0, base: 0, limit: limit,
      attributes: SegmentAttributes(type: SystemSegmentType.busyTSS, isCodeOrData: false))
  }

  /// LDTR as reset leaves it: a null selector, base 0, 64 KiB, access rights 0x82.
  public static let initialLocalDescriptorTable = Segment(
    selector: 0, base: 0, limit: 0xFFFF,
    attributes: SegmentAttributes(type: SystemSegmentType.localDescriptorTable, isCodeOrData: false))
}
