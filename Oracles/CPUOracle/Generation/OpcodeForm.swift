internal import X86

/// One way to encode an operation: what stays fixed while operands and values are random.
struct OpcodeForm {
  /// The prefixes that make it this form; a REX prefix is last.
  var prefixes: InlineArray<4, UInt8> = .init(repeating: 0)
  var prefixCount = 0
  var map = OpcodeMap.primary
  var opcode: UInt8 = 0
  /// What follows the opcode.
  var operand = Operand.none
  /// The reg and rm fields of ModRM where they belong to the opcode.
  var reg: UInt8?
  var rm: UInt8?
  /// What the decoder makes of it.
  var instruction = Instruction()

  /// What ModRM.rm names.
  enum Operand: UInt8 { case none, register, memory }

  var operation: Operation { instruction.operation }

  /// The form in words: mnemonic, prefixes, opcode, kind.
  var name: String {
    var text = instruction.operation.mnemonic
    for index in 0..<prefixCount { text += " " + hexadecimal(UInt64(prefixes[index]), digits: 2) }
    switch map {
    case .primary: break
    case .secondary: text += " 0f"
    case .map0F38: text += " 0f 38"
    case .map0F3A: text += " 0f 3a"
    }
    text += " " + hexadecimal(UInt64(opcode), digits: 2)
    if let reg { text += "/\(reg)" }
    if let rm { text += ".\(rm)" }
    switch operand {
    case .none: break
    case .register: text += " reg"
    case .memory: text += " mem"
    }
    return text
  }
}

/// A number in hexadecimal with at least `digits` digits, without a prefix.
func hexadecimal(_ value: UInt64, digits: Int = 1) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.count)) + text
}
