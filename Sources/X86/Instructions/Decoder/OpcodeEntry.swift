/// One slot of the opcode tables: an instruction's encoding, or the way to the slot that has it.
struct OpcodeEntry {
  /// What the instruction does; `.invalid` where nothing is defined.
  var operation = Operation.invalid
  /// Where its operands are, in Intel's order.
  var first = OperandForm.none
  var second = OperandForm.none
  var third = OperandForm.none
  var fourth = OperandForm.none
  /// Which processors have it.
  var feature = InstructionFeature.base
  /// Whether more of the encoding must be looked at, and which part.
  var selector = Selector.complete
  /// What else holds of the encoding.
  var traits: Traits = []
  /// Where `selector` is not `.complete`: the index of the first slot of the choice.
  var next: UInt16 = 0

  /// The part of an encoding that chooses among several slots, and their order.
  enum Selector: UInt8 {
    /// None: this slot is the instruction.
    case complete
    /// Eight: ModRM.reg.
    case extensionField
    /// Two: ModRM.rm is memory, a register.
    case memoryOrRegister
    /// Eight: ModRM.rm.
    case registerField
    /// Four: no mandatory prefix, 66, F3, F2. A later prefix of the last two wins, both win over 66.
    case mandatoryPrefix
    /// Three: operand size 2, 4, 8.
    case operandSize
    /// Two: 16- and 32-bit code, 64-bit code.
    case mode
    /// Two: REX.W or VEX.W clear, set.
    case wide
    /// The same, but outside 64-bit mode the first: the size of a general register.
    case generalWide
    /// Two: VEX.L clear, set.
    case vectorLength
    /// Two: REX.B clear, set.
    case extendedBase
  }

  /// Facts of an encoding.
  struct Traits: OptionSet {
    var rawValue: UInt16
    /// LOCK is allowed with a memory destination.
    static let lockable = Self(rawValue: 1 << 0)
    /// #UD in 64-bit mode.
    static let not64 = Self(rawValue: 1 << 1)
    /// #UD outside 64-bit mode.
    static let only64 = Self(rawValue: 1 << 2)
    /// The operand size is one byte.
    static let byte = Self(rawValue: 1 << 3)
    /// In 64-bit mode the operand size is 8, or 2 with 66.
    static let default64 = Self(rawValue: 1 << 4)
    /// In 64-bit mode the operand size is 8 whatever the prefixes.
    static let force64 = Self(rawValue: 1 << 5)
    /// The operand size is 8 in 64-bit mode, else 4.
    static let native = Self(rawValue: 1 << 6)
    /// 66 is part of the opcode or ignored: the operand size is 4, or 8 with REX.W.
    static let ignores66 = Self(rawValue: 1 << 7)
    /// REX.W makes the operand size 4: ports are never wider.
    static let ignoresWide = Self(rawValue: 1 << 8)
    /// A ModRM byte follows.
    static let modRM = Self(rawValue: 1 << 9)
    /// ModRM.rm is a register whatever ModRM.mod is.
    static let ignoresMod = Self(rawValue: 1 << 11)
    /// VEX.vvvv is an operand.
    static let vvvv = Self(rawValue: 1 << 10)
  }

  /// An instruction with these operands.
  static func op(
    _ operation: Operation, _ first: OperandForm = .none, _ second: OperandForm = .none,
    _ third: OperandForm = .none, _ fourth: OperandForm = .none
  ) -> Self {
    var entry = Self(
      operation: operation, first: first, second: second, third: third, fourth: fourth)
    if first.usesModRM || second.usesModRM || third.usesModRM { entry.traits.insert(.modRM) }
    if first.usesVVVV || second.usesVVVV || third.usesVVVV { entry.traits.insert(.vvvv) }
    if first == .rnAny || second == .rnAny { entry.traits.insert(.ignoresMod) }
    if first.isByte { entry.traits.insert(.byte) }
    return entry
  }

  /// A slot where nothing is defined.
  static let undefined = Self()

  /// The same with one more fact.
  private func with(_ trait: Traits) -> Self {
    var entry = self
    entry.traits.insert(trait)
    return entry
  }

  var lockable: Self { with(.lockable) }
  var not64: Self { with(.not64) }
  var only64: Self { with(.only64) }
  var byte: Self { with(.byte) }
  var default64: Self { with(.default64) }
  var force64: Self { with(.force64) }
  var native: Self { with(.native) }
  var ignores66: Self { with(.ignores66) }
  var ignoresWide: Self { with(.ignoresWide) }

  /// The same, of a part of the architecture that not every processor has.
  func of(_ feature: InstructionFeature) -> Self {
    var entry = self
    entry.feature = feature
    return entry
  }
}
