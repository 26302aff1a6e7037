/// Up to fifteen bytes from the instruction pointer on, as one value: what a decoder is given.
///
/// They are kept in one 128-bit number, so that neither filling it nor taking bytes from it
/// allocates or checks an index.
public struct InstructionBytes: Sendable, Equatable {
  /// The bytes, the first in bits 0…7. Bytes beyond `count` are zero.
  public private(set) var bits: UInt128 = 0
  /// How many bytes there are: 0…15.
  public private(set) var count: UInt8 = 0

  /// The longest instruction there is (SDM Vol. 2, 2.3.11).
  public static let maximumCount = 15

  /// No bytes.
  public init() {}

  /// The low `count` bytes of `low`, and above it of `high`; at most fifteen count.
  @inlinable
  public init(low: UInt64, high: UInt64, count: Int) {
    let kept = min(max(count, 0), Self.maximumCount)
    let mask = UInt128(1) &<< UInt128(truncatingIfNeeded: 8 &* kept) &- 1
    self.init(bits: (UInt128(high) &<< 64 | UInt128(low)) & mask, count: UInt8(truncatingIfNeeded: kept))
  }

  @usableFromInline
  init(bits: UInt128, count: UInt8) {
    self.bits = bits
    self.count = count
  }

  /// The first fifteen bytes of a sequence, or as many as it has.
  public init(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      guard count < Self.maximumCount else { return }
      append(byte)
    }
  }

  /// One more byte; ignored when there are fifteen.
  public mutating func append(_ byte: UInt8) {
    guard count < Self.maximumCount else { return }
    bits |= UInt128(byte) &<< UInt128(8 &* count)
    count &+= 1
  }

  /// Byte `index`, or 0 where there is none.
  public subscript(index: Int) -> UInt8 {
    guard index >= 0, index < count else { return 0 }
    return UInt8(truncatingIfNeeded: bits &>> UInt128(8 &* index))
  }
}
