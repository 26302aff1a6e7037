internal import X86

/// An instruction as it is encoded for the host: with its registers, but for its general register,
/// which becomes RAX, and its operand in memory, which becomes [RSI].
///
/// What is left of the guest's encoding is what matters: prefixes without effect, addressing and the
/// mode's quirks are gone, so that one stub serves the instruction wherever it stands.
struct NativeEncoding {
  /// What tells it from every other encoding: opcode, map, mandatory prefix, REX.W, kind and numbers
  /// of the operands, immediate.
  let key: UInt64
  /// General register `generalNumber` is an operand, and whether it is the destination.
  private(set) var generalNumber: UInt8?
  private(set) var writesGeneral = false

  private let prefix: UInt8
  private let map: OpcodeMap
  private let opcode: UInt8
  private let isWide: Bool
  private let modRM: UInt8?
  private let registers: (reg: UInt8, rm: UInt8)
  private let immediate: UInt8?

  /// The encoding of an instruction of the families MMX and SSE.
  init(vector instruction: borrowing Instruction) {
    let prefixes = instruction.prefixes
    map = instruction.map
    opcode = instruction.opcode
    prefix =
      prefixes.contains(.repeatEqual)
      ? 0xF3 : prefixes.contains(.repeatNotEqual) ? 0xF2 : prefixes.contains(.operandSize) ? 0x66 : 0
    isWide = prefixes.contains(.wide)

    // The operand in ModRM.reg and the one in ModRM.rm.
    let isShiftByImmediate = map == .secondary && opcode >= 0x71 && opcode <= 0x73
    let isReversed = Self.hasDestinationInRM(map, opcode, prefix)
    let rmIndex = isShiftByImmediate || isReversed ? 0 : 1
    let rm = Self.number(instruction.operands[rmIndex])
    let (hasModRM, modRM) = (instruction.hasModRM, instruction.modRM)
    let extensionField = modRM >> 3 & 7
    let reg = isShiftByImmediate ? extensionField : Self.number(instruction.operands[1 - rmIndex])
    let isMemory = hasModRM && modRM < 0xC0

    var immediate: UInt8?
    var generalField: UInt8 = 0
    for index in 0..<4 {
      switch instruction.operands[index] {
      case .immediate: immediate = UInt8(truncatingIfNeeded: instruction.immediate)
      case .general(let number, _):
        generalNumber = number
        writesGeneral = index == 0
        generalField = index == rmIndex ? 2 : 1
      default: break
      }
    }
    self.immediate = immediate
    registers = (generalField == 1 ? 0 : reg, isMemory ? 6 : generalField == 2 ? 0 : rm)
    self.modRM =
      hasModRM
      ? (isMemory ? 0 : 0xC0) | (registers.reg & 7) << 3 | registers.rm & 7 : nil

    var key = UInt64(opcode) | UInt64(map.rawValue) << 8 | UInt64(prefix) << 10
    key |= (isWide ? 1 << 18 : 0) | (isMemory ? 1 << 19 : 0)
    key |= UInt64(reg & 15) << 20 | UInt64(isMemory ? 0 : rm & 15) << 24
    self.key = key | (immediate.map { UInt64($0) << 28 | 1 << 36 } ?? 0) | 1 << 63
  }

  /// The encoding of an x87 instruction.
  init(x87 instruction: borrowing Instruction) {
    map = .primary
    opcode = instruction.opcode
    prefix = 0
    isWide = false
    immediate = nil
    registers = (0, 0)
    let modRM = instruction.modRM < 0xC0 ? instruction.modRM & 0x38 | 6 : instruction.modRM
    self.modRM = modRM
    key = UInt64(opcode) | UInt64(modRM) << 8 | 1 << 62
  }

  /// The bytes of the instruction.
  func append(to stub: inout StubAssembler) {
    if prefix != 0 { stub.emit(prefix) }
    let rex = 0x40 | (isWide ? 8 : 0) | (registers.reg & 8) >> 1 | (registers.rm & 8) >> 3
    if rex != 0x40 { stub.emit(rex) }
    switch map {
    case .primary: break
    case .secondary: stub.emit(0x0F)
    case .map0F38: stub.emit(0x0F, 0x38)
    case .map0F3A: stub.emit(0x0F, 0x3A)
    }
    stub.emit(opcode)
    if let modRM { stub.emit(modRM) }
    if let immediate { stub.emit(immediate) }
  }

  /// FOP as the host's CPU makes it of this x87 encoding.
  var x87Opcode: UInt16 { UInt16(opcode & 7) << 8 | UInt16(modRM ?? 0) }

  /// Whether the first operand is encoded in ModRM.rm: stores, and moves in the direction of one.
  private static func hasDestinationInRM(_ map: OpcodeMap, _ opcode: UInt8, _ prefix: UInt8) -> Bool {
    switch (map, opcode) {
    case (.secondary, 0x11), (.secondary, 0x13), (.secondary, 0x17), (.secondary, 0x29),
      (.secondary, 0x2B), (.secondary, 0x7F), (.secondary, 0xE7):
      true
    // MOVQ xmm, xmm/m64 is F3 0F 7E; MOVDQ2Q and MOVQ2DQ are F2 and F3 0F D6.
    case (.secondary, 0x7E): prefix != 0xF3
    case (.secondary, 0xD6): prefix == 0x66
    case (.map0F3A, 0x14...0x17): true
    default: false
    }
  }

  private static func number(_ operand: Operand) -> UInt8 {
    switch operand {
    case .general(let number, _), .vector(let number, _), .mmx(let number): number
    default: 0
    }
  }
}
