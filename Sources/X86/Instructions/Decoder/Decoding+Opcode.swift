/// What comes before the operands: prefixes and the opcode (SDM Vol. 2, 2.1, 2.2.1, 2.3).
extension Decoding {
  /// Reads the prefixes and the first opcode byte, which it returns.
  mutating func takePrefixes() throws(DecodeError) -> UInt8 {
    var rex: UInt8 = 0
    while true {
      let byte = try takeByte()
      switch byte {
      case 0x26: overrideUnlessLong(.es)
      case 0x2E: overrideUnlessLong(.cs)
      case 0x36: overrideUnlessLong(.ss)
      case 0x3E: overrideUnlessLong(.ds)
      case 0x64: override = .fs
      case 0x65: override = .gs
      case 0x66: instruction.prefixes.insert(.operandSize)
      case 0x67: instruction.prefixes.insert(.addressSize)
      case 0xF0: instruction.prefixes.insert(.lock)
      case 0xF2:
        instruction.prefixes.remove(.repeatEqual)
        instruction.prefixes.insert(.repeatNotEqual)
      case 0xF3:
        instruction.prefixes.remove(.repeatNotEqual)
        instruction.prefixes.insert(.repeatEqual)
      case 0x40...0x4F where is64:
        // It counts only right before the opcode: a later prefix takes it back.
        rex = byte
        continue
      default:
        if rex != 0 { apply(rex: rex) }
        finishPrefixes()
        return byte
      }
      rex = 0
    }
  }

  /// ES, CS, SS and DS overrides do nothing in 64-bit mode, not even undo one of FS or GS.
  private mutating func overrideUnlessLong(_ segment: SegmentName) {
    if !is64 { override = segment }
  }

  private mutating func apply(rex: UInt8) {
    instruction.prefixes.insert(.rex)
    isWide = rex & 8 != 0
    if isWide { instruction.prefixes.insert(.wide) }
    registerExtension = rex &<< 1 & 8
    indexExtension = rex &<< 2 & 8
    baseExtension = rex &<< 3 & 8
  }

  /// Sets what the prefixes together mean.
  private mutating func finishPrefixes() {
    let prefixes = instruction.prefixes
    if prefixes.contains(.repeatEqual) {
      mandatoryPrefix = 2
    } else if prefixes.contains(.repeatNotEqual) {
      mandatoryPrefix = 3
    } else if prefixes.contains(.operandSize) {
      mandatoryPrefix = 1
    }
    if let override {
      instruction.prefixes.insert(.segment)
      // For XLAT, MONITOR and others whose memory no operand names.
      instruction.memory.segment = override
    }
    let hasAddressPrefix = prefixes.contains(.addressSize)
    instruction.addressSize =
      switch codeSize {
      case .bits16: hasAddressPrefix ? 4 : 2
      case .bits32: hasAddressPrefix ? 2 : 4
      case .bits64: hasAddressPrefix ? 4 : 8
      }
  }

  /// Reads the rest of the opcode after its first byte and returns its slot in the tables.
  mutating func takeOpcode(_ first: UInt8) throws(DecodeError) -> OpcodeEntry {
    switch first {
    case 0x0F: return try takeEscapedOpcode()
    case 0xC4, 0xC5, 0x62:
      if try isVectorPrefix() {
        return first == 0x62 ? try takeEVEX() : try takeVEX(isShort: first == 0xC5)
      }
    case 0xD8...0xDF:
      finishOpcode(first, .primary)
      let modRM = try takeModRM()
      let index =
        modRM < 0xC0
        ? OpcodeTable.x87Memory &+ Int(first & 7) &* 8 &+ Int(modRM &>> 3 & 7)
        : OpcodeTable.x87Register &+ Int(first & 7) &* 64 &+ Int(modRM & 63)
      return OpcodeTable.shared.entries[index]
    default: break
    }
    finishOpcode(first, .primary)
    return OpcodeTable.shared.entries[OpcodeTable.legacy &+ Int(first)]
  }

  /// Reads an opcode after 0F.
  private mutating func takeEscapedOpcode() throws(DecodeError) -> OpcodeEntry {
    var opcode = try takeByte()
    var map = OpcodeMap.secondary
    if opcode == 0x38 {
      opcode = try takeByte()
      map = .map0F38
    } else if opcode == 0x3A {
      opcode = try takeByte()
      map = .map0F3A
    }
    finishOpcode(opcode, map)
    return OpcodeTable.shared.entries[
      OpcodeTable.legacy &+ Int(map.rawValue) &* 256 &+ Int(opcode)]
  }

  /// Whether C4, C5 or 62 begins VEX or EVEX here. Outside 64-bit mode it does only where what
  /// would be LES, LDS or BOUND had a register as its second operand.
  private func isVectorPrefix() throws(DecodeError) -> Bool {
    if is64 { return true }
    guard let peeked else { throw .needsMoreBytes(count: position) }
    return peeked >= 0xC0
  }

  /// Notes the last opcode byte, which was just read.
  mutating func finishOpcode(_ opcode: UInt8, _ map: OpcodeMap) {
    instruction.opcode = opcode
    instruction.map = map
    instruction.opcodeOffset = position &- 1
  }
}
