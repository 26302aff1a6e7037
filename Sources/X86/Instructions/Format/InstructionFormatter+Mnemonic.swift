/// The mnemonic with what the encoding adds to it, and the prefixes that have an effect.
extension InstructionFormatter {
  func mnemonic(_ instruction: Instruction) -> String {
    let name = instruction.operation.mnemonic
    let size = instruction.operandSize
    switch instruction.operation {
    case .jcc, .setcc, .cmovcc: return name + instruction.condition.suffix
    case .movs, .cmps, .stos, .lods, .scas, .ins, .outs:
      return name + (size == 1 ? "b" : size == 2 ? "w" : size == 4 ? "d" : "q")
    case .jcxz:
      return instruction.addressSize == 2 ? "jcxz" : instruction.addressSize == 4 ? "jecxz" : "jrcxz"
    case .iret, .pushf, .popf:
      return name + (size == 2 ? "" : size == 4 ? "d" : "q")
    case .pusha, .popa: return name + (size == 2 ? "" : "d")
    case .retFar, .sysret, .sysexit: return name + (size == 8 ? "q" : "")
    case .fxsave, .fxrstor, .xsave, .xrstor, .xsaveopt, .xsavec, .xsaves, .xrstors:
      return name + (size == 8 ? "64" : "")
    case .rdssp, .incssp, .wrss, .wruss: return name + (size == 8 ? "q" : "d")
    case .mov: return isAbsoluteMove(instruction) ? "movabs" : name
    default:
      guard let comparison = comparison(instruction) else { return name }
      // "cmp" or "vcmp", and the type of the elements.
      return name.dropLast(2) + comparison + name.suffix(2)
    }
  }

  /// Whether a MOV has 64 bits of immediate or of address.
  private func isAbsoluteMove(_ instruction: Instruction) -> Bool {
    guard instruction.map == .primary else { return false }
    switch instruction.opcode {
    case 0xA0...0xA3: return instruction.addressSize == 8
    case 0xB8...0xBF: return instruction.operandSize == 8
    default: return false
    }
  }

  /// What the immediate of CMPPS and its relatives compares for, where that has a name.
  func comparison(_ instruction: Instruction) -> String? {
    let names: [String]
    switch instruction.operation {
    case .cmpps, .cmppd, .cmpss, .cmpsd: names = Self.comparisons
    case .vcmpps, .vcmppd, .vcmpss, .vcmpsd: names = Self.comparisons + Self.vexComparisons
    default: return nil
    }
    guard let index = Int(exactly: instruction.immediate), index < names.count else { return nil }
    return names[index]
  }

  /// By the three bits that SSE has (SDM Vol. 2, "CMPPD", table 3-2)…
  private static let comparisons = ["eq", "lt", "le", "unord", "neq", "nlt", "nle", "ord"]
  /// …and the rest of AVX's five bits (table 3-1).
  private static let vexComparisons = [
    "eq_uq", "nge", "ngt", "false", "neq_oq", "ge", "gt", "true", "eq_os", "lt_oq", "le_oq",
    "unord_s", "neq_us", "nlt_uq", "nle_uq", "ord_s", "eq_us", "nge_uq", "ngt_uq", "false_os",
    "neq_os", "ge_oq", "gt_oq", "true_us",
  ]

  /// LOCK, and F2 or F3 where the instruction repeats.
  func prefix(_ instruction: Instruction) -> String {
    var text = instruction.prefixes.contains(.lock) ? "lock " : ""
    switch instruction.operation {
    case .movs, .stos, .lods, .ins, .outs:
      // Either makes them repeat.
      if instruction.prefixes.contains(.repeatEqual) { text += "rep " }
      if instruction.prefixes.contains(.repeatNotEqual) { text += "repne " }
    case .cmps, .scas:
      if instruction.prefixes.contains(.repeatEqual) { text += "repe " }
      if instruction.prefixes.contains(.repeatNotEqual) { text += "repne " }
    default: break
    }
    return text
  }
}

extension Operation {
  /// The name in the manuals, in lower case, without what width and condition add.
  public var mnemonic: String {
    switch self {
    case .invalid: "(bad)"
    case .evex: "(evex)"
    case .callNear: "call"
    case .callFar: "lcall"
    case .jmpNear: "jmp"
    case .jmpFar: "ljmp"
    case .retNear: "ret"
    case .retFar: "retf"
    case .jcc: "j"
    case .setcc: "set"
    case .cmovcc: "cmov"
    case .fcomip: "fcompi"
    case .fucomip: "fucompi"
    case .fwait: "wait"
    case .xlat: "xlatb"
    // The other cases are named as the manuals name them.
    default: String(describing: self)
    }
  }
}

extension Condition {
  /// What it adds to a mnemonic, of several names the one that disassemblers print.
  public var suffix: String {
    switch self {
    case .overflow: "o"
    case .notOverflow: "no"
    case .below: "b"
    case .aboveOrEqual: "ae"
    case .equal: "e"
    case .notEqual: "ne"
    case .belowOrEqual: "be"
    case .above: "a"
    case .sign: "s"
    case .notSign: "ns"
    case .parity: "p"
    case .notParity: "np"
    case .less: "l"
    case .greaterOrEqual: "ge"
    case .lessOrEqual: "le"
    case .greater: "g"
    }
  }
}
