/// Random numbers with a seed (SplitMix64), and values at which instructions change their behaviour.
struct RandomSource: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  @inline(__always)
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// A number below `count`.
  @inline(__always)
  mutating func below(_ count: UInt64) -> UInt64 {
    (next() >> 32 &* count) >> 32
  }

  /// True once in `count` times.
  @inline(__always)
  mutating func oneIn(_ count: UInt64) -> Bool { below(count) == 0 }

  /// A number that an instruction might treat in its own way: uniform random numbers almost never
  /// carry to the end, are zero, or equal each other. Of 8, 16, 32 or 64 significant bits.
  mutating func edgeValue() -> UInt64 {
    let choice = next()
    let width = UInt64(8) << (choice >> 8 & 3)
    let mask = UInt64.max >> (64 - width)
    switch choice & 15 {
    case 0: return 0
    case 1: return mask
    case 2: return 1 << (width - 1)  // the most negative number
    case 3: return mask >> 1  // the greatest
    case 4: return choice >> 16 & 15  // small
    case 5: return 0 &- (choice >> 16 & 15)  // small and negative
    case 6, 7: return (1 << (choice >> 16 & 63)) &- 1 &+ (choice >> 24 % 3)  // 2ⁿ − 1, 2ⁿ, 2ⁿ + 1
    case 8: return (next() & mask) | 0xFF00_0000_0000_0000  // upper bits that do not belong to it
    case 9: return next() >> (choice >> 16 & 63)  // any magnitude
    case 10: return (next() & next()) & mask  // few bits
    case 11: return (next() | next()) | ~mask  // many bits
    case 12: return (choice >> 16 & 0xFF) &* 0x0101_0101_0101_0101  // repeated bytes
    default: return next()
    }
  }
}
