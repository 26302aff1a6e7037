/// Reading of little-endian integers from a header.
///
/// A read past the end gives zero instead of a trap: the bytes come from a file. A parser that must
/// tell missing from zero checks the count first.
struct HeaderBytes {
  /// The header.
  let bytes: [UInt8]

  /// The integer at `offset`.
  func load<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value {
    let size = MemoryLayout<Value>.size
    guard offset >= 0, offset <= bytes.count - size else { return 0 }
    var value: Value = 0
    for index in (0..<size).reversed() {
      value = value << 8 | Value(truncatingIfNeeded: bytes[offset + index])
    }
    return value
  }

  /// The byte at `offset`.
  func u8(_ offset: Int) -> UInt8 { load(UInt8.self, at: offset) }
  /// The 16-bit integer at `offset`.
  func u16(_ offset: Int) -> UInt16 { load(UInt16.self, at: offset) }
  /// The 32-bit integer at `offset`.
  func u32(_ offset: Int) -> UInt32 { load(UInt32.self, at: offset) }
  /// The 64-bit integer at `offset`.
  func u64(_ offset: Int) -> UInt64 { load(UInt64.self, at: offset) }

  /// Whether these bytes stand at `offset`.
  func has(_ expected: [UInt8], at offset: Int = 0) -> Bool {
    guard offset >= 0, offset <= bytes.count - expected.count else { return false }
    return bytes[offset..<offset + expected.count].elementsEqual(expected)
  }
}

extension [UInt8] {
  /// Appends an integer in little-endian order.
  mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
  }

  /// Appends zeros until the count is a multiple of `alignment`.
  mutating func align(to alignment: Int) {
    while count % alignment != 0 { append(0) }
  }
}
