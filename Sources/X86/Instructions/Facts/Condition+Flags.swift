extension Condition {
  /// The status flags that the condition looks at (SDM Vol. 1, table B-1).
  public var flagsRead: RFLAGS {
    switch self {
    case .overflow, .notOverflow: [.overflow]
    case .below, .aboveOrEqual: [.carry]
    case .equal, .notEqual: [.zero]
    case .belowOrEqual, .above: [.carry, .zero]
    case .sign, .notSign: [.sign]
    case .parity, .notParity: [.parity]
    case .less, .greaterOrEqual: [.sign, .overflow]
    case .lessOrEqual, .greater: [.zero, .sign, .overflow]
    }
  }

  /// Whether it holds with these flags.
  public func holds(in flags: RFLAGS) -> Bool {
    let isTrue =
      switch self {
      case .overflow, .notOverflow: flags.contains(.overflow)
      case .below, .aboveOrEqual: flags.contains(.carry)
      case .equal, .notEqual: flags.contains(.zero)
      case .belowOrEqual, .above: flags.contains(.carry) || flags.contains(.zero)
      case .sign, .notSign: flags.contains(.sign)
      case .parity, .notParity: flags.contains(.parity)
      case .less, .greaterOrEqual: flags.contains(.sign) != flags.contains(.overflow)
      case .lessOrEqual, .greater:
        flags.contains(.zero) || flags.contains(.sign) != flags.contains(.overflow)
      }
    // The odd numbers are the opposites.
    return isTrue != (rawValue & 1 != 0)
  }
}
