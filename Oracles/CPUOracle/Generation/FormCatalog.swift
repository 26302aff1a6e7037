internal import X86

/// All forms that the decoder knows, found by asking it about every opcode with every prefix that may
/// matter. So a form that is added to the decoder is tested without another word.
struct FormCatalog {
  private(set) var forms: [OpcodeForm] = []
  private let decoder: InstructionDecoder
  private let codeSize: CodeSize

  /// The forms of code of this size that `filter` lets through.
  init(_ codeSize: CodeSize, where filter: (Instruction) -> Bool) {
    self.codeSize = codeSize
    decoder = InstructionDecoder(codeSize)
    for map in [OpcodeMap.primary, .secondary, .map0F38, .map0F3A] {
      for opcode in UInt8.min...UInt8.max where !Self.isPrefixOrEscape(map, opcode, codeSize) {
        addOpcode(map, opcode, filter)
      }
    }
  }

  /// The forms whose name contains `text`; all where it is nil.
  func filtered(by text: String?) -> Self {
    guard let text else { return self }
    var catalog = self
    catalog.forms = forms.filter { $0.name.contains(text) }
    return catalog
  }

  private static func isPrefixOrEscape(_ map: OpcodeMap, _ opcode: UInt8, _ codeSize: CodeSize) -> Bool {
    switch map {
    case .primary:
      switch opcode {
      case 0x0F, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3: true
      case 0x40...0x4F: codeSize == .bits64
      default: false
      }
    case .secondary: opcode == 0x38 || opcode == 0x3A
    case .map0F38, .map0F3A: false
    }
  }

  /// The combinations of prefixes that can make different instructions of one opcode.
  private var prefixSets: [[UInt8]] {
    var sets: [[UInt8]] = [
      [], [0x66], [0xF3], [0xF2], [0xF0], [0x67], [0x66, 0xF3], [0x66, 0xF2], [0x66, 0xF0], [0x67, 0xF3],
      [0x67, 0xF2],
    ]
    if codeSize == .bits64 {
      sets += [[0x48], [0x66, 0x48], [0xF3, 0x48], [0xF2, 0x48], [0xF0, 0x48], [0x67, 0x48]]
    }
    return sets
  }

  private mutating func addOpcode(_ map: OpcodeMap, _ opcode: UInt8, _ filter: (Instruction) -> Bool) {
    var known = Set<Signature>()
    for prefixes in prefixSets {
      var form = OpcodeForm()
      for (index, prefix) in prefixes.enumerated() { form.prefixes[index] = prefix }
      form.prefixCount = prefixes.count
      (form.map, form.opcode) = (map, opcode)
      // Opcodes without ModRM decode in the same way whatever comes next.
      guard let sample = decode(form, modRM: 0xC0) ?? decode(form, modRM: 0x03) ?? firstDecodable(form) else {
        continue
      }
      if !sample.hasModRM {
        form.instruction = sample
        add(form, filter, &known)
      } else {
        addModRM(form, .memory, filter, &known)
        addModRM(form, .register, filter, &known)
      }
    }
  }

  private func firstDecodable(_ form: OpcodeForm) -> Instruction? {
    for modRM in UInt8.min...UInt8.max {
      if let instruction = decode(form, modRM: modRM) { return instruction }
    }
    return nil
  }

  private mutating func addModRM(
    _ form: OpcodeForm, _ kind: OpcodeForm.Operand, _ filter: (Instruction) -> Bool,
    _ known: inout Set<Signature>
  ) {
    let mod: UInt8 = kind == .memory ? 0x00 : 0xC0
    let registers: ClosedRange<UInt8> = kind == .memory ? 3...3 : 0...7
    var form = form
    form.operand = kind
    var operations = Set<Operation?>()
    for reg in UInt8(0)..<8 { operations.insert(decode(form, modRM: mod | reg << 3 | 3)?.operation) }
    var byRegister = Set<Operation?>()
    if kind == .register {
      for reg in UInt8(0)..<8 {
        let those = Set(registers.map { decode(form, modRM: mod | reg << 3 | $0)?.operation })
        if those.count > 1 { byRegister = those }
      }
    }
    for reg in UInt8(0)..<8 {
      for rm in registers {
        guard let instruction = decode(form, modRM: mod | reg << 3 | rm) else { continue }
        form.instruction = instruction
        form.reg = operations.count > 1 || byRegister.count > 1 ? reg : nil
        form.rm = byRegister.count > 1 ? rm : nil
        add(form, filter, &known)
      }
    }
  }

  private func decode(_ form: OpcodeForm, modRM: UInt8) -> Instruction? {
    var bytes = InstructionBytes()
    for index in 0..<form.prefixCount { bytes.append(form.prefixes[index]) }
    switch form.map {
    case .primary: break
    case .secondary: bytes.append(0x0F)
    case .map0F38:
      bytes.append(0x0F)
      bytes.append(0x38)
    case .map0F3A:
      bytes.append(0x0F)
      bytes.append(0x3A)
    }
    bytes.append(form.opcode)
    bytes.append(modRM)
    for _ in 0..<12 { bytes.append(0) }
    do throws(DecodeError) { return try decoder.decode(bytes) } catch { return nil }
  }

  /// What makes two encodings of one opcode the same form.
  private struct Signature: Hashable {
    var operation: Operation
    var sizes: UInt64
    var operands: [UInt32]
    var fields: UInt32
  }

  private mutating func add(
    _ form: OpcodeForm, _ filter: (Instruction) -> Bool, _ known: inout Set<Signature>
  ) {
    let instruction = form.instruction
    guard filter(instruction) else { return }
    var operands: [UInt32] = []
    for index in 0..<4 { operands.append(Self.kind(instruction.operands[index])) }
    let isLocked = instruction.prefixes.contains(.lock)
    let isRepeated =
      instruction.operation.isString
      && !instruction.prefixes.isDisjoint(with: [.repeatEqual, .repeatNotEqual])
    let repetition = isRepeated ? (instruction.prefixes.contains(.repeatEqual) ? 1 : 2) : 0
    let usesAddress =
      form.operand == .memory || instruction.operation.isString || instruction.operation == .jcxz
    let addressSize = usesAddress ? instruction.addressSize : 0
    // An operand size that no operand has is no other instruction.
    let operandSize = instruction.feature == .x87 || instruction.hasFixedSize ? 0 : instruction.operandSize
    let signature = Signature(
      operation: instruction.operation,
      sizes: UInt64(operandSize) | UInt64(addressSize) << 8 | (isLocked ? 1 << 16 : 0)
        | UInt64(repetition) << 17,
      operands: operands, fields: UInt32(form.reg ?? 9) << 8 | UInt32(form.rm ?? 9))
    if known.insert(signature).inserted { forms.append(form) }
  }

  private static func kind(_ operand: Operand) -> UInt32 {
    switch operand {
    case .none: 0
    case .general(_, let width): 1 << 16 | UInt32(width)
    // ModRM of the samples names either; which it is is up to the random registers.
    case .highByte: 1 << 16 | 1
    case .segment: 3 << 16
    case .control: 4 << 16
    case .debug: 5 << 16
    case .x87: 6 << 16
    case .mmx: 7 << 16
    case .vector(_, let width): 8 << 16 | UInt32(width)
    case .memory(let width): 9 << 16 | UInt32(width)
    case .stringSource(let width): 10 << 16 | UInt32(width)
    case .stringDestination(let width): 11 << 16 | UInt32(width)
    case .immediate(let width): 12 << 16 | UInt32(width)
    case .relative: 13 << 16
    case .farPointer: 14 << 16
    case .mask: 15 << 16
    case .secondImmediate: 16 << 16
    }
  }
}

extension Instruction {
  /// Whether its operand size means nothing: it has no operands, and is none that moves data.
  fileprivate var hasFixedSize: Bool {
    guard operands[0] == .none else { return false }
    switch operation {
    case .clc, .stc, .cmc, .cld, .std, .cli, .sti, .clts, .hlt, .invd, .wbinvd, .wbnoinvd, .lahf, .sahf,
      .int1,
      .int3, .rdmsr, .wrmsr, .swapgs, .sysret, .sysexit, .lfence, .mfence, .sfence, .emms, .nop, .ud2, .xlat:
      return true
    default: return false
    }
  }
}

extension Operation {
  /// Whether it is one of the string instructions, which REP repeats.
  var isString: Bool {
    switch self {
    case .cmps, .ins, .lods, .movs, .outs, .scas, .stos: true
    default: false
    }
  }
}
