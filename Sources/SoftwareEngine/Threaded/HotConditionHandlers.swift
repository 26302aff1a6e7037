internal import X86

/// The handlers of what depends on a condition: Jcc, SETcc, CMOVcc. One for each condition, so that
/// each is a few instructions.
enum HotConditionHandlers {
  /// The handlers of one condition.
  struct Family {
    /// Jcc to an instruction in the same page.
    var jumpInPage: ThreadedHandler
    /// Jcc to another page.
    var jump: ThreadedHandler
    /// SETcc of a register.
    var set: ThreadedHandler
    /// CMOVcc between registers of 4 and of 8 bytes.
    var move32: ThreadedHandler
    var move64: ThreadedHandler
  }

  static func family(_ condition: Condition) -> Family {
    switch condition {
    case .overflow: unsafe overflow
    case .notOverflow: unsafe notOverflow
    case .below: unsafe below
    case .aboveOrEqual: unsafe aboveOrEqual
    case .equal: unsafe equal
    case .notEqual: unsafe notEqual
    case .belowOrEqual: unsafe belowOrEqual
    case .above: unsafe above
    case .sign: unsafe sign
    case .notSign: unsafe notSign
    case .parity: unsafe parity
    case .notParity: unsafe notParity
    case .less: unsafe less
    case .greaterOrEqual: unsafe greaterOrEqual
    case .lessOrEqual: unsafe lessOrEqual
    case .greater: unsafe greater
    }
  }

  private static let overflow = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.overflow, $0, $1) },
    jump: { unsafe jumpIf(.overflow, $0, $1) },
    set: { unsafe setIf(.overflow, $0, $1) },
    move32: { unsafe moveIf(.overflow, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.overflow, UInt64.self, $0, $1) })

  private static let notOverflow = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.notOverflow, $0, $1) },
    jump: { unsafe jumpIf(.notOverflow, $0, $1) },
    set: { unsafe setIf(.notOverflow, $0, $1) },
    move32: { unsafe moveIf(.notOverflow, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.notOverflow, UInt64.self, $0, $1) })

  private static let below = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.below, $0, $1) },
    jump: { unsafe jumpIf(.below, $0, $1) },
    set: { unsafe setIf(.below, $0, $1) },
    move32: { unsafe moveIf(.below, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.below, UInt64.self, $0, $1) })

  private static let aboveOrEqual = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.aboveOrEqual, $0, $1) },
    jump: { unsafe jumpIf(.aboveOrEqual, $0, $1) },
    set: { unsafe setIf(.aboveOrEqual, $0, $1) },
    move32: { unsafe moveIf(.aboveOrEqual, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.aboveOrEqual, UInt64.self, $0, $1) })

  private static let equal = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.equal, $0, $1) },
    jump: { unsafe jumpIf(.equal, $0, $1) },
    set: { unsafe setIf(.equal, $0, $1) },
    move32: { unsafe moveIf(.equal, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.equal, UInt64.self, $0, $1) })

  private static let notEqual = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.notEqual, $0, $1) },
    jump: { unsafe jumpIf(.notEqual, $0, $1) },
    set: { unsafe setIf(.notEqual, $0, $1) },
    move32: { unsafe moveIf(.notEqual, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.notEqual, UInt64.self, $0, $1) })

  private static let belowOrEqual = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.belowOrEqual, $0, $1) },
    jump: { unsafe jumpIf(.belowOrEqual, $0, $1) },
    set: { unsafe setIf(.belowOrEqual, $0, $1) },
    move32: { unsafe moveIf(.belowOrEqual, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.belowOrEqual, UInt64.self, $0, $1) })

  private static let above = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.above, $0, $1) },
    jump: { unsafe jumpIf(.above, $0, $1) },
    set: { unsafe setIf(.above, $0, $1) },
    move32: { unsafe moveIf(.above, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.above, UInt64.self, $0, $1) })

  private static let sign = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.sign, $0, $1) },
    jump: { unsafe jumpIf(.sign, $0, $1) },
    set: { unsafe setIf(.sign, $0, $1) },
    move32: { unsafe moveIf(.sign, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.sign, UInt64.self, $0, $1) })

  private static let notSign = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.notSign, $0, $1) },
    jump: { unsafe jumpIf(.notSign, $0, $1) },
    set: { unsafe setIf(.notSign, $0, $1) },
    move32: { unsafe moveIf(.notSign, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.notSign, UInt64.self, $0, $1) })

  private static let parity = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.parity, $0, $1) },
    jump: { unsafe jumpIf(.parity, $0, $1) },
    set: { unsafe setIf(.parity, $0, $1) },
    move32: { unsafe moveIf(.parity, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.parity, UInt64.self, $0, $1) })

  private static let notParity = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.notParity, $0, $1) },
    jump: { unsafe jumpIf(.notParity, $0, $1) },
    set: { unsafe setIf(.notParity, $0, $1) },
    move32: { unsafe moveIf(.notParity, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.notParity, UInt64.self, $0, $1) })

  private static let less = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.less, $0, $1) },
    jump: { unsafe jumpIf(.less, $0, $1) },
    set: { unsafe setIf(.less, $0, $1) },
    move32: { unsafe moveIf(.less, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.less, UInt64.self, $0, $1) })

  private static let greaterOrEqual = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.greaterOrEqual, $0, $1) },
    jump: { unsafe jumpIf(.greaterOrEqual, $0, $1) },
    set: { unsafe setIf(.greaterOrEqual, $0, $1) },
    move32: { unsafe moveIf(.greaterOrEqual, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.greaterOrEqual, UInt64.self, $0, $1) })

  private static let lessOrEqual = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.lessOrEqual, $0, $1) },
    jump: { unsafe jumpIf(.lessOrEqual, $0, $1) },
    set: { unsafe setIf(.lessOrEqual, $0, $1) },
    move32: { unsafe moveIf(.lessOrEqual, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.lessOrEqual, UInt64.self, $0, $1) })

  private static let greater = unsafe Family(
    jumpInPage: { unsafe jumpIfInPage(.greater, $0, $1) },
    jump: { unsafe jumpIf(.greater, $0, $1) },
    set: { unsafe setIf(.greater, $0, $1) },
    move32: { unsafe moveIf(.greater, UInt32.self, $0, $1) },
    move64: { unsafe moveIf(.greater, UInt64.self, $0, $1) })
}
