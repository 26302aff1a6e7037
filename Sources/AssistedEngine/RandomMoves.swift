/// When a vCPU moves though it need not: for tests, which compare a guest that is moved about with one
/// that is left alone.
struct RandomMoves {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The next number (SplitMix64).
  mutating func next() -> UInt64 {
    state = state &+ 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }

  /// For how many instructions the helper keeps the vCPU: often few, sometimes many.
  mutating func stay() -> Int64 {
    let number = next()
    return 1 + Int64(number >> 32 & (number & 1 == 0 ? 15 : 1023))
  }
}
