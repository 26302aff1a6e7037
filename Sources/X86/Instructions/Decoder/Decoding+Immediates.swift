/// The operands that are in the instruction's own bytes after ModRM, and the strings.
extension Decoding {
  /// Reads the immediate that `form` describes.
  mutating func immediate(_ form: OperandForm) throws(DecodeError) -> Operand {
    let operandSize = instruction.operandSize
    switch form {
    case .one:
      instruction.immediate = 1
      return .immediate(width: 1)
    case .ib:
      instruction.immediate = try take(1)
      return .immediate(width: 1)
    case .ibs:
      instruction.immediate = try takeSigned(1)
      return .immediate(width: operandSize)
    case .iw:
      instruction.immediate = try take(2)
      return .immediate(width: 2)
    case .iz:
      instruction.immediate = try takeSigned(min(operandSize, 4))
      return .immediate(width: operandSize)
    case .iv:
      instruction.immediate = try take(operandSize)
      return .immediate(width: operandSize)
    case .ib2:
      instruction.secondImmediate = UInt16(try takeByte())
      return .secondImmediate
    case .jb:
      instruction.immediate = try takeSigned(1)
      return .relative
    case .jz:
      instruction.immediate = try takeSigned(min(operandSize, 4))
      return .relative
    case .ap:
      instruction.immediate = try take(operandSize)
      instruction.secondImmediate = UInt16(truncatingIfNeeded: try take(2))
      return .farPointer
    default:
      throw undefined
    }
  }

  /// A register number in the high four bits of an immediate; bit 7 is ignored outside 64-bit mode.
  mutating func vectorInImmediate() throws(DecodeError) -> UInt8 {
    let byte = try takeByte()
    instruction.immediate = UInt64(byte)
    return byte &>> 4 & (is64 ? 15 : 7)
  }

  /// The address of MOV's forms without ModRM, as wide as addresses are.
  mutating func absoluteAddress(_ width: UInt8) throws(DecodeError) -> Operand {
    let address = try take(instruction.addressSize)
    instruction.memory.displacement = Int64(bitPattern: address)
    if let override { instruction.memory.segment = override }
    return .memory(width: UInt16(width))
  }

  /// DS:rSI or what an override makes of it; ES:rDI cannot be overridden.
  mutating func stringSource(_ width: UInt8) -> Operand {
    instruction.memory.segment = override ?? .ds
    instruction.memory.base = Register.si
    return .stringSource(width: width)
  }
}
