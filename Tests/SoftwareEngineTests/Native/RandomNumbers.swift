/// Random numbers that are the same in every run (SplitMix64), weighted to where things go wrong.
struct RandomNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  /// 64 bits of a vector: integers, floating-point numbers, and their extremes.
  mutating func lane() -> UInt64 {
    switch next() % 8 {
    case 0: return 0
    case 1: return .max
    case 2: return Double(Int64.random(in: -1000...1000, using: &self)).bitPattern
    case 3:
      let values: [Float] = [
        0, -0.0, 1, -1.5, .infinity, .nan, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 2.5e9,
      ]
      let pair = (values.randomElement(using: &self) ?? 0, values.randomElement(using: &self) ?? 0)
      return UInt64(pair.0.bitPattern) << 32 | UInt64(pair.1.bitPattern)
    case 4:
      let values: [Double] = [
        0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, 1e300, 1e-300, 9.3e18, 0.1,
      ]
      return (values.randomElement(using: &self) ?? 0).bitPattern
    case 5: return 0x8000_0000_8000_7F80 &* (next() & 3)
    default: return next()
    }
  }

  /// A register of the x87: a number, or one of the kinds that are not.
  mutating func x87() -> (significand: UInt64, exponent: UInt16) {
    switch next() % 10 {
    case 0: return (0, 0)
    case 1: return (1 << 63, 0x3FFF)
    case 2: return (1 << 63, 0x7FFF)
    case 3: return (next() | 3 << 62, 0xFFFF)
    case 4: return (next() >> 2 | 1 << 63, 0x7FFF)
    case 5: return (next() >> 1, 0)
    case 6: return (next(), UInt16(truncatingIfNeeded: next()))
    default:
      return (
        next() | 1 << 63,
        UInt16(truncatingIfNeeded: 0x3FE0 + next() % 64) | UInt16(truncatingIfNeeded: next() & 1) << 15
      )
    }
  }
}
