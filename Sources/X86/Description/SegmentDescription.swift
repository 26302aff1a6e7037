extension SegmentAttributes: CustomStringConvertible {
  /// The attributes in words: "64-bit code, execute/read, DPL 0, present".
  public var description: String {
    if isUnusable { return "unusable" }
    let presence = isPresent ? "present" : "not present"
    return "\(kind), DPL \(privilegeLevel), \(presence)"
  }

  /// What kind of segment it is, and what it allows.
  private var kind: String {
    guard isCodeOrData else { return Self.systemKinds[Int(type & 15)] }
    if isCode {
      let size = isLong ? "64-bit" : isDefault32 ? "32-bit" : "16-bit"
      return "\(size) code, \(isReadable ? "execute/read" : "execute only")"
        + (isConforming ? ", conforming" : "")
    }
    return "\(isDefault32 ? "32-bit" : "16-bit") data, \(isWritable ? "read/write" : "read only")"
      + (isExpandDown ? ", expand-down" : "")
  }

  /// The system descriptors by type (SDM Vol. 3A, table 3-2). In long mode the 32-bit kinds are
  /// 64-bit ones, so they are named without a size.
  private static let systemKinds = [
    "reserved type 0", "available 16-bit TSS", "LDT", "busy 16-bit TSS",
    "16-bit call gate", "task gate", "16-bit interrupt gate", "16-bit trap gate",
    "reserved type 8", "available TSS", "reserved type 10", "busy TSS",
    "call gate", "reserved type 13", "interrupt gate", "trap gate",
  ]
}

extension Segment: CustomStringConvertible {
  /// Selector, base, limit and attributes in columns, without `0x`.
  public var description: String { columns + attributes.description }

  /// The numbers, and the space before the attributes.
  var columns: String {
    "\(hexDigits(selector, digits: 4))  base \(hexDigits(base, digits: 16))"
      + "  limit \(hexDigits(limit, digits: 8))  "
  }
}

extension DescriptorTable: CustomStringConvertible {
  /// Base and limit in the columns of a segment, without `0x`.
  public var description: String {
    "      base \(hexDigits(base, digits: 16))  limit \(hexDigits(limit, digits: 8))"
  }
}
