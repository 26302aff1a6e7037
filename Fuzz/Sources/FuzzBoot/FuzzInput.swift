/// The bytes of one fuzzing run, taken from the front as values. At the end there are only zeros.
public struct FuzzInput {
  private var rest: ArraySlice<UInt8>

  /// The input that libFuzzer hands over.
  public init(_ data: UnsafePointer<UInt8>?, _ count: Int) {
    // Sound: libFuzzer gives `count` bytes, which stay valid during the call.
    rest = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))[...]
  }

  /// How many bytes are left.
  public var count: Int { rest.count }

  /// Takes one byte.
  public mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// Takes a little-endian integer.
  public mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) -> Value {
    var value: Value = 0
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      value |= Value(truncatingIfNeeded: byte()) << Value(shift)
    }
    return value
  }

  /// Takes an address or size: mostly one near a place where something is decided, now and then any
  /// value at all.
  public mutating func magnitude() -> UInt64 {
    let bases: [UInt64] = [
      0, 0, 0x500, 0x1000, 0x8000, 0x1_0000, 0x9_FC00, 0x10_0000, 0x10_0000, 0x10_1000, 0x20_0000, 0x40_0000,
      0xC000_0000, 0x1_0000_0000, .max,
    ]
    let selector = byte()
    guard let base = selector >> 4 < 15 ? bases[Int(selector >> 4)] : nil else { return integer() }
    // The low half says how far from there: nowhere, a little up or down, or up to 64 KiB up.
    switch selector & 15 {
    case 0...7: return base
    case 8...10: return base &+ UInt64(byte())
    case 11...12: return base &- UInt64(byte())
    default: return base &+ UInt64(integer(UInt16.self))
    }
  }

  /// Takes all that is left.
  public mutating func remainder() -> [UInt8] {
    defer { rest = [] }
    return Array(rest)
  }
}

extension [UInt8] {
  /// Appends an integer in little-endian order.
  public mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
      append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
  }
}
