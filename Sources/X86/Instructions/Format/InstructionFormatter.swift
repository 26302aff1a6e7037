/// Writes instructions in Intel's syntax, as `llvm-objdump -M intel --print-imm-hex` does.
public struct InstructionFormatter: Sendable {
  /// The size that the instructions were decoded at.
  public var codeSize: CodeSize

  /// A formatter for code of this size.
  public init(_ codeSize: CodeSize) { self.codeSize = codeSize }

  /// The instruction as one line of text. `address` is its own, by which the target of a relative
  /// branch is known.
  public func text(_ instruction: Instruction, at address: UInt64) -> String {
    var text = prefix(instruction) + mnemonic(instruction)
    var separator = " "
    for operand in shownOperands(instruction) {
      text += separator + self.text(operand, of: instruction, at: address)
      separator = ", "
    }
    return text
  }

  /// The operands that the text has. The comparison that a mnemonic already tells is not repeated.
  private func shownOperands(_ instruction: Instruction) -> [Operand] {
    var operands: [Operand] = []
    for index in 0..<4 where instruction.operands[index] != .none {
      operands.append(instruction.operands[index])
    }
    if comparison(instruction) != nil { operands.removeLast() }
    // The manual names only the register that ST(0) is compared with.
    if instruction.operation == .fcom || instruction.operation == .fcomp,
      operands.first == .x87(number: 0), operands.count == 2
    {
      operands.removeFirst()
    }
    return operands
  }

  private func text(_ operand: Operand, of instruction: Instruction, at address: UInt64) -> String {
    switch operand {
    case .none: ""
    case .general(let number, let width): RegisterNames.general(number, width: width)
    case .highByte(let number): RegisterNames.highByte(number)
    case .segment(let name): RegisterNames.segment(name)
    case .control(let number): "cr\(number)"
    case .debug(let number): "dr\(number)"
    case .x87(let number): number == 0 ? "st" : "st(\(number))"
    case .mmx(let number): "mm\(number)"
    case .vector(let number, let width): RegisterNames.vector(number, width: width)
    case .mask(let number): "k\(number)"
    case .memory(let width): memory(instruction.hasWrittenSize ? width : 0, of: instruction)
    case .stringSource(let width): string(width, .si, of: instruction)
    case .stringDestination(let width): string(width, .di, of: instruction)
    case .immediate(let width): immediate(width, of: instruction)
    case .secondImmediate: hex(instruction.secondImmediate)
    case .relative: hex(target(of: instruction, at: address))
    case .farPointer: hex(instruction.secondImmediate) + ":" + hex(instruction.immediate)
    }
  }

  /// Where a relative branch goes: cut to the size of the instruction pointer.
  private func target(of instruction: Instruction, at address: UInt64) -> UInt64 {
    let target = address &+ UInt64(instruction.length) &+ instruction.immediate
    switch instruction.operandSize {
    case 2: return target & 0xFFFF
    case 4: return target & 0xFFFF_FFFF
    default: return target
    }
  }

  /// Signed where the encoding has fewer bits than the operand.
  private func immediate(_ width: UInt8, of instruction: Instruction) -> String {
    let isShort = instruction.map == .primary && [0x6A, 0x6B, 0x83].contains(instruction.opcode)
    let isMoved = instruction.map == .primary && instruction.opcode & 0xF8 == 0xB8
    if isShort || width == 8 && !isMoved { return signed(Int64(bitPattern: instruction.immediate)) }
    let mask = ~UInt64(0) &>> UInt64(64 &- 8 &* UInt64(width))
    return hex(instruction.immediate & mask)
  }

  private func signed(_ value: Int64) -> String {
    value < 0 ? "-" + hex(value.magnitude) : hex(value)
  }

  // MARK: Memory

  private enum StringRegister { case si, di }

  private func string(_ width: UInt8, _ register: StringRegister, of instruction: Instruction)
    -> String
  {
    let name = RegisterNames.general(register == .si ? 6 : 7, width: instruction.addressSize)
    let hasSegment = register == .di || instruction.prefixes.contains(.segment)
    let segment =
      register == .di ? "es:" : RegisterNames.segment(instruction.memory.segment) + ":"
    return size(UInt16(width)) + (hasSegment ? segment : "") + "[" + name + "]"
  }

  private func memory(_ width: UInt16, of instruction: Instruction) -> String {
    let memory = instruction.memory
    var parts: [String] = []
    if memory.base == MemoryOperand.instructionPointer {
      parts.append(instruction.addressSize == 8 ? "rip" : "eip")
    } else if memory.base != MemoryOperand.noRegister {
      parts.append(RegisterNames.general(memory.base, width: instruction.addressSize))
    }
    if memory.index != MemoryOperand.noRegister {
      let index = indexName(of: instruction)
      parts.append(memory.scale == 1 ? index : "\(memory.scale)*" + index)
    }
    var text = parts.joined(separator: " + ")
    if text.isEmpty {
      // Offsets in FS and GS are small and of either sign: those of thread-local variables.
      let isThreadLocal = memory.segment == .fs || memory.segment == .gs
      text =
        isThreadLocal && instruction.addressSize == 8
        ? signed(memory.displacement) : hex(absolute(memory.displacement, instruction.addressSize))
    } else if memory.displacement != 0 {
      text += memory.displacement < 0 ? " - " : " + "
      text += hex(memory.displacement.magnitude)
    }
    let hasSegment = instruction.prefixes.contains(.segment)
    let segment = hasSegment ? RegisterNames.segment(memory.segment) + ":" : ""
    return size(width) + segment + "[" + text + "]"
  }

  private func indexName(of instruction: Instruction) -> String {
    let number = instruction.memory.index
    if let width = instruction.vectorIndexWidth { return RegisterNames.vector(number, width: width) }
    return RegisterNames.general(number, width: instruction.addressSize)
  }

  /// An address without registers, cut to the address size.
  private func absolute(_ displacement: Int64, _ addressSize: UInt8) -> UInt64 {
    let bits = UInt64(bitPattern: displacement)
    switch addressSize {
    case 2: return bits & 0xFFFF
    case 4: return bits & 0xFFFF_FFFF
    default: return bits
    }
  }

  private func size(_ width: UInt16) -> String {
    switch width {
    case 1: "byte ptr "
    case 2: "word ptr "
    case 4: "dword ptr "
    case 6: "fword ptr "
    case 8: "qword ptr "
    case 10: "tbyte ptr "
    case 16: "xmmword ptr "
    case 32: "ymmword ptr "
    case 64: "zmmword ptr "
    default: ""
    }
  }
}

extension Instruction {
  /// Whether assemblers write the size of the memory operand: not of a table register's image.
  fileprivate var hasWrittenSize: Bool {
    switch operation {
    case .lgdt, .lidt, .sgdt, .sidt: false
    default: true
    }
  }
}
