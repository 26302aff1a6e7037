internal import X86

/// The flags that the manuals leave undefined after an instruction (SDM Vol. 1, appendix A, and the
/// instructions' own pages). The host's CPU does something definite with each; where the engine does
/// the same nothing is masked.
enum UndefinedFlags {
  private static let carry = RFLAGS.carry.rawValue
  private static let parity = RFLAGS.parity.rawValue
  private static let adjust = RFLAGS.adjust.rawValue
  private static let zero = RFLAGS.zero.rawValue
  private static let sign = RFLAGS.sign.rawValue
  private static let overflow = RFLAGS.overflow.rawValue

  /// The undefined flags of a test case, whose shift count is known.
  static func mask(_ test: TestCase) -> UInt64 {
    let instruction = test.instruction
    switch instruction.operation {
    case .and, .or, .xor, .test, .andn: return instruction.operation == .andn ? adjust | parity : adjust
    case .mul, .imul: return sign | zero | adjust | parity
    case .div, .idiv: return carry | overflow | sign | zero | adjust | parity
    case .shl, .shr, .sar: return shift(test) | adjust
    case .shld, .shrd: return shift(test) | adjust
    case .rol, .ror, .rcl, .rcr: return count(test) == 1 ? 0 : overflow
    case .bsf, .bsr: return carry | overflow | sign | adjust | parity
    case .bt, .bts, .btr, .btc: return overflow | sign | adjust | parity
    case .lzcnt, .tzcnt: return overflow | sign | adjust | parity
    case .bextr: return adjust | sign | parity
    case .blsi, .blsr, .blsmsk, .bzhi: return adjust | parity
    case .aaa, .aas: return overflow | sign | zero | parity
    case .aam, .aad: return overflow | adjust | carry
    case .daa, .das: return overflow
    default: return 0
    }
  }

  private static func count(_ test: TestCase) -> UInt64 {
    let instruction = test.instruction
    let wide: UInt64 = instruction.operandSize == 8 ? 63 : 31
    let isDouble = instruction.operation == .shld || instruction.operation == .shrd
    switch instruction.operands[isDouble ? 2 : 1] {
    case .immediate: return instruction.immediate & wide
    case .general: return test.registers.general[1] & wide
    default: return 1
    }
  }

  private static func shift(_ test: TestCase) -> UInt64 {
    let count = count(test)
    let width = UInt64(test.instruction.operandSize) * 8
    var flags = count == 1 ? 0 : overflow
    if count >= width { flags |= carry }
    if (test.instruction.operation == .shld || test.instruction.operation == .shrd) && count > width {
      flags |= sign | zero | parity
    }
    return flags
  }
}
