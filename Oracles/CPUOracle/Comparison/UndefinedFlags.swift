internal import X86

/// The flags that the manuals leave undefined after a test case, whose count of a shift is known. The host's
/// CPU does something definite with each; where the engine does the same nothing is masked.
enum UndefinedFlags {
  static func mask(_ test: TestCase) -> UInt64 {
    var instruction = test.instruction
    switch instruction.operation {
    case .shl, .shr, .sar, .rol, .ror, .rcl, .rcr, .shld, .shrd:
      let isDouble = instruction.operation == .shld || instruction.operation == .shrd
      let place = isDouble ? 2 : 1
      if case .general = instruction.operands[place] {
        instruction.operands[place] = .immediate(width: 1)
        instruction.immediate = test.registers.general[1] & 0xFF
      }
    default: break
    }
    return instruction.flagsUndefined.rawValue
  }
}
