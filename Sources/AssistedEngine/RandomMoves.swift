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

  /// When a vCPU leaves KVM next.
  enum Move {
    /// Not before KVM came back with an exit that was answered.
    case none
    /// Now, at the exit that KVM came back with.
    case atExit
    /// After so long, if KVM does not come back with an exit before.
    case afterNanoseconds(UInt64)
  }

  mutating func nextMove() -> Move {
    let number = next()
    switch number & 3 {
    case 0: return .none
    case 1: return .atExit
    default: return .afterNanoseconds(time(number >> 2))
    }
  }

  /// Half of the times are so short that KVM hardly begins.
  private func time(_ number: UInt64) -> UInt64 {
    2000 &+ (number >> 1 & (number & 1 == 0 ? 0x3FFF : 0x3FFFF))
  }

  /// For how long KVM has user mode, where that is all it does; nil: until user mode is left. Short times,
  /// since user mode runs at full speed; what is much shorter is over before KVM is entered.
  mutating func userModeTime() -> UInt64? {
    let number = next()
    return number & 1 == 0 ? nil : 4000 &+ (number >> 1 & 0x7FFF)
  }

  /// For how many instructions the helper keeps the vCPU: often few, sometimes many.
  mutating func stay() -> Int64 {
    let number = next()
    return 1 + Int64(number >> 32 & (number & 1 == 0 ? 15 : 1023))
  }
}
