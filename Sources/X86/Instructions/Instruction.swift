/// One decoded instruction: what it does, to what, and how long it is.
///
/// A plain value without references: decoding allocates nothing. The explicit operands are in the
/// order of Intel's syntax, the destination first; implicit ones (the stack, RAX of MUL) are not
/// listed, but for those that the syntax writes (CL of a shift, AL of IN, the strings of MOVS).
public struct Instruction: Sendable, Equatable {
  /// What it does.
  public var operation = Operation.invalid
  /// Its length in bytes, prefixes included: 1…15.
  public var length: UInt8 = 0
  /// Effective operand size in bytes: 2, 4 or 8, and 1 for the byte forms.
  public var operandSize: UInt8 = 0
  /// Effective address size in bytes: 2, 4 or 8.
  public var addressSize: UInt8 = 0
  /// The prefixes that were there, meaningful or not.
  public var prefixes: InstructionPrefixes = []
  /// The opcode map and the opcode byte in it.
  public var map = OpcodeMap.primary
  /// The last opcode byte.
  public var opcode: UInt8 = 0
  /// The ModRM byte; 0 where `hasModRM` is false.
  public var modRM: UInt8 = 0
  /// Whether a ModRM byte follows the opcode.
  public var hasModRM = false
  /// How many bytes come before the opcode byte: prefixes, REX or VEX, and escape bytes.
  public var opcodeOffset: UInt8 = 0
  /// The explicit operands, destination first; `.none` after the last.
  public var operands = InlineArray<4, Operand>(repeating: .none)
  /// The address of the memory operand, where one of `operands` is `.memory`, `.stringSource` or
  /// `.stringDestination` (whose segment it holds).
  public var memory = MemoryOperand()
  /// The immediate. A signed one (of ADD, IMUL, PUSH, MOV to memory…) is sign-extended to 64 bits
  /// whatever the operand size: only its low `width` bytes are the operand. For a relative branch
  /// the displacement from the next instruction, sign-extended; for a far pointer its offset.
  public var immediate: UInt64 = 0
  /// A second immediate: ENTER's nesting level, a far pointer's selector, EXTRQ's length.
  public var secondImmediate: UInt16 = 0
  /// Which part of the architecture it belongs to.
  public var feature = InstructionFeature.base

  /// The condition of Jcc, SETcc and CMOVcc: the low four bits of the opcode (SDM Vol. 1, B.1).
  public var condition: Condition { Condition(rawValue: opcode & 15) ?? .overflow }

  /// An instruction that decodes as nothing.
  public init() {}

  /// Equal where every field is.
  public static func == (left: Self, right: Self) -> Bool {
    for index in 0..<4 where left.operands[index] != right.operands[index] { return false }
    return left.operation == right.operation && left.length == right.length
      && left.operandSize == right.operandSize && left.addressSize == right.addressSize
      && left.prefixes == right.prefixes && left.map == right.map && left.opcode == right.opcode
      && left.modRM == right.modRM && left.hasModRM == right.hasModRM
      && left.opcodeOffset == right.opcodeOffset && left.memory == right.memory
      && left.immediate == right.immediate && left.secondImmediate == right.secondImmediate
      && left.feature == right.feature
  }
}

/// One explicit operand.
public enum Operand: Sendable, Equatable {
  /// No operand.
  case none
  /// General register `number` (0…15 as encoded), `width` bytes of it: 1, 2, 4 or 8.
  case general(number: UInt8, width: UInt8)
  /// AH, CH, DH or BH: bits 8…15 of general register `number` 0…3.
  case highByte(number: UInt8)
  /// A segment register.
  case segment(SegmentName)
  /// CR`number`.
  case control(number: UInt8)
  /// DR`number`.
  case debug(number: UInt8)
  /// ST(`number`).
  case x87(number: UInt8)
  /// MM`number`.
  case mmx(number: UInt8)
  /// XMM`number`, or YMM where `width` is 32, ZMM where it is 64.
  case vector(number: UInt8, width: UInt8)
  /// Mask register K`number`.
  case mask(number: UInt8)
  /// `Instruction.memory`; `width` bytes are accessed there: 0 where only the address counts (LEA)
  /// or the size is not fixed (XSAVE).
  case memory(width: UInt16)
  /// DS:rSI, or another segment by prefix.
  case stringSource(width: UInt8)
  /// ES:rDI.
  case stringDestination(width: UInt8)
  /// `Instruction.immediate`, of `width` bytes as an operand.
  case immediate(width: UInt8)
  /// `Instruction.secondImmediate` alone: ENTER's nesting level, the second byte of EXTRQ.
  case secondImmediate
  /// A branch target relative to the next instruction: `Instruction.immediate`.
  case relative
  /// `Instruction.secondImmediate` : `Instruction.immediate`.
  case farPointer
}

/// The address of a memory operand: segment base + base + index × scale + displacement.
public struct MemoryOperand: Sendable, Equatable {
  /// The segment: the default or the override in effect.
  public var segment = SegmentName.ds
  /// The base: general register 0…15, `instructionPointer`, or `noRegister`.
  public var base: UInt8 = noRegister
  /// The index: general register 0…15 or `noRegister`.
  public var index: UInt8 = noRegister
  /// 1, 2, 4 or 8.
  public var scale: UInt8 = 1
  /// The displacement, sign-extended.
  public var displacement: Int64 = 0

  /// There is no such register in the address.
  @inlinable public static var noRegister: UInt8 { 0xFF }
  /// The base is the address of the next instruction.
  @inlinable public static var instructionPointer: UInt8 { 0x10 }

  /// Address zero in DS.
  public init() {}
}

/// The segment registers by their number in an encoding.
public enum SegmentName: UInt8, Sendable {
  case es = 0
  case cs, ss, ds, fs, gs
}

/// The prefixes of an instruction (SDM Vol. 2, 2.1.1 and 2.2.1).
public struct InstructionPrefixes: OptionSet, Sendable {
  /// One bit a prefix.
  public var rawValue: UInt16

  /// The prefixes of these bits.
  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// F0.
  @inlinable public static var lock: Self { Self(rawValue: 1 << 0) }
  /// F2: REPNE, or part of the opcode.
  @inlinable public static var repeatNotEqual: Self { Self(rawValue: 1 << 1) }
  /// F3: REP, REPE, or part of the opcode.
  @inlinable public static var repeatEqual: Self { Self(rawValue: 1 << 2) }
  /// 66.
  @inlinable public static var operandSize: Self { Self(rawValue: 1 << 3) }
  /// 67.
  @inlinable public static var addressSize: Self { Self(rawValue: 1 << 4) }
  /// A segment override that takes effect: see `MemoryOperand.segment`.
  @inlinable public static var segment: Self { Self(rawValue: 1 << 5) }
  /// A REX prefix right before the opcode.
  @inlinable public static var rex: Self { Self(rawValue: 1 << 6) }
  /// REX.W, VEX.W.
  @inlinable public static var wide: Self { Self(rawValue: 1 << 7) }
  /// VEX.L: vectors of 256 bits.
  @inlinable public static var vectorLength: Self { Self(rawValue: 1 << 10) }
  /// VEX.
  @inlinable public static var vex: Self { Self(rawValue: 1 << 8) }
  /// EVEX.
  @inlinable public static var evex: Self { Self(rawValue: 1 << 9) }
}

/// The opcode maps (SDM Vol. 2, appendix A).
public enum OpcodeMap: UInt8, Sendable {
  /// One-byte opcodes.
  case primary
  /// 0F xx.
  case secondary
  /// 0F 38 xx.
  case map0F38
  /// 0F 3A xx.
  case map0F3A
}

/// The conditions of Jcc, SETcc and CMOVcc, by the low four bits of the opcode.
public enum Condition: UInt8, Sendable {
  case overflow, notOverflow, below, aboveOrEqual, equal, notEqual, belowOrEqual, above
  case sign, notSign, parity, notParity, less, greaterOrEqual, lessOrEqual, greater
}
