/// A guest-physical address.
public struct GuestAddress: RawRepresentable, Hashable, Comparable, Sendable {
  /// The address, in bytes.
  public var rawValue: UInt64

  /// The address with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// The address with this value.
  public init(_ value: UInt64) { rawValue = value }

  /// Orders addresses by value.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// The address `offset` bytes further, or nil where that is past the end of the address space.
  public func advanced(by offset: UInt64) -> GuestAddress? {
    let (sum, overflow) = rawValue.addingReportingOverflow(offset)
    return overflow ? nil : GuestAddress(sum)
  }
}

extension GuestAddress: CustomStringConvertible {
  /// The address in hexadecimal.
  public var description: String { "0x" + String(rawValue, radix: 16) }
}
