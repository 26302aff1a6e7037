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
    case .overflow: overflow
    case .notOverflow: notOverflow
    case .below: below
    case .aboveOrEqual: aboveOrEqual
    case .equal: equal
    case .notEqual: notEqual
    case .belowOrEqual: belowOrEqual
    case .above: above
    case .sign: sign
    case .notSign: notSign
    case .parity: parity
    case .notParity: notParity
    case .less: less
    case .greaterOrEqual: greaterOrEqual
    case .lessOrEqual: lessOrEqual
    case .greater: greater
    }
  }

  private static let overflow = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.overflow, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.overflow, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.overflow, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.overflow, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.overflow, UInt64.self, $0, $1) })

  private static let notOverflow = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.notOverflow, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.notOverflow, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.notOverflow, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.notOverflow, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.notOverflow, UInt64.self, $0, $1) })

  private static let below = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.below, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.below, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.below, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.below, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.below, UInt64.self, $0, $1) })

  private static let aboveOrEqual = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.aboveOrEqual, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.aboveOrEqual, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.aboveOrEqual, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.aboveOrEqual, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.aboveOrEqual, UInt64.self, $0, $1) })

  private static let equal = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.equal, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.equal, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.equal, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.equal, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.equal, UInt64.self, $0, $1) })

  private static let notEqual = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.notEqual, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.notEqual, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.notEqual, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.notEqual, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.notEqual, UInt64.self, $0, $1) })

  private static let belowOrEqual = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.belowOrEqual, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.belowOrEqual, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.belowOrEqual, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.belowOrEqual, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.belowOrEqual, UInt64.self, $0, $1) })

  private static let above = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.above, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.above, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.above, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.above, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.above, UInt64.self, $0, $1) })

  private static let sign = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.sign, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.sign, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.sign, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.sign, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.sign, UInt64.self, $0, $1) })

  private static let notSign = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.notSign, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.notSign, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.notSign, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.notSign, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.notSign, UInt64.self, $0, $1) })

  private static let parity = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.parity, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.parity, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.parity, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.parity, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.parity, UInt64.self, $0, $1) })

  private static let notParity = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.notParity, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.notParity, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.notParity, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.notParity, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.notParity, UInt64.self, $0, $1) })

  private static let less = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.less, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.less, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.less, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.less, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.less, UInt64.self, $0, $1) })

  private static let greaterOrEqual = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.greaterOrEqual, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.greaterOrEqual, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.greaterOrEqual, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.greaterOrEqual, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.greaterOrEqual, UInt64.self, $0, $1) })

  private static let lessOrEqual = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.lessOrEqual, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.lessOrEqual, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.lessOrEqual, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.lessOrEqual, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.lessOrEqual, UInt64.self, $0, $1) })

  private static let greater = Family(
    jumpInPage: ThreadedHandler { unsafe jumpIfInPage(.greater, $0, $1) },
    jump: ThreadedHandler { unsafe jumpIf(.greater, $0, $1) },
    set: ThreadedHandler { unsafe setIf(.greater, $0, $1) },
    move32: ThreadedHandler { unsafe moveIf(.greater, UInt32.self, $0, $1) },
    move64: ThreadedHandler { unsafe moveIf(.greater, UInt64.self, $0, $1) })
}
