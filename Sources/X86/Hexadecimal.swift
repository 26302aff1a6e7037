/// Hexadecimal numbers as every report and error message of ours prints them: `0x`, lower-case
/// digits, no separators.

/// `value` in hexadecimal after `0x`, with at least `digits` digits.
///
/// A negative number is printed as its two's complement.
public func hex(_ value: some FixedWidthInteger, digits: Int = 1) -> String {
  "0x" + hexDigits(value, digits: digits)
}

/// `value` in hexadecimal without a prefix, with at least `digits` digits.
///
/// A negative number is printed as its two's complement.
public func hexDigits<Value: FixedWidthInteger>(_ value: Value, digits: Int = 1) -> String {
  let text = String(Value.Magnitude(truncatingIfNeeded: value), radix: 16)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}

/// The bytes in hexadecimal, two digits each, with a space between two bytes.
public func hexBytes(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { hexDigits($0, digits: 2) }.joined(separator: " ")
}
