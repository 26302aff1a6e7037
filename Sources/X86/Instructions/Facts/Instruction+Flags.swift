/// Which status flags an instruction reads, writes and leaves undefined (SDM Vol. 1, table A-1 and
/// "Flags Affected" of each instruction). Only CF, PF, AF, ZF, SF and OF are told.
extension Instruction {
  /// The flags on which its result depends.
  public var flagsRead: RFLAGS {
    switch operation {
    case .jcc, .setcc, .cmovcc: condition.flagsRead
    default: operation.flagsRead
    }
  }

  /// The flags that it may give a defined value. A shift by a count of zero, or a repeated
  /// comparison of nothing, leaves all of them.
  public var flagsWritten: RFLAGS { operation.flagsAffected.subtracting(flagsUndefined) }

  /// The flags that it may leave without a defined value.
  public var flagsUndefined: RFLAGS {
    switch operation {
    case .shl, .shr, .sar, .rol, .ror, .rcl, .rcr, .shld, .shrd: flagsUndefinedByCount
    default: operation.flagsUndefined
    }
  }

  /// OF is defined for a count of one, CF as long as the operand is not shifted out altogether.
  private var flagsUndefinedByCount: RFLAGS {
    var flags = operation.flagsUndefined
    let isDouble = operation == .shld || operation == .shrd
    let countOperand = isDouble ? operands[2] : operands[1]
    guard case .immediate = countOperand else {
      // CL may be anything up to 31, or 63 with a 64-bit operand.
      flags.insert(.overflow)
      if operandSize < 4 { flags.formUnion(operation.flagsUndefinedBeyondSize) }
      return flags
    }
    let count = immediate & (operandSize == 8 ? 63 : 31)
    if count != 1 { flags.insert(.overflow) }
    let bits = UInt64(operandSize) &* 8
    // A double shift is defined up to the size itself, a single one below it.
    if isDouble ? count > bits : count >= bits {
      flags.formUnion(operation.flagsUndefinedBeyondSize)
    }
    return flags
  }
}

extension RFLAGS {
  /// CF, PF, AF, ZF, SF and OF.
  public static let status: Self = [.carry, .parity, .adjust, .zero, .sign, .overflow]
}
