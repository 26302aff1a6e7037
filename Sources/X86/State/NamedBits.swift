/// A register whose bits have names in the manuals.
///
/// The crash report prints them with `setBitNames`; code tests them as an option set.
public protocol NamedBits: OptionSet, Sendable where RawValue == UInt64 {
  /// The named bits in ascending order, with the manual's short name for each.
  static var bitNames: [(bit: Self, name: String)] { get }
}

extension NamedBits {
  /// The short names of the bits that are set, in ascending order; unnamed bits that are set come
  /// last as one hexadecimal number.
  public var setBitNames: [String] {
    var rest = rawValue
    var names: [String] = []
    for (bit, name) in Self.bitNames where rawValue & bit.rawValue == bit.rawValue {
      names.append(name)
      rest &= ~bit.rawValue
    }
    if rest != 0 { names.append("0x" + String(rest, radix: 16)) }
    return names
  }
}
