/// The prefixes that carry a part of the opcode: VEX (SDM Vol. 2, 2.3.5) and EVEX (2.7.1).
extension Decoding {
  /// Neither may follow 66, F2, F3, LOCK or REX.
  private func checkVectorPrefix() throws(DecodeError) {
    if !instruction.prefixes.isDisjoint(with: [
      .operandSize, .repeatEqual, .repeatNotEqual, .lock, .rex,
    ]) {
      throw undefined
    }
  }

  /// Reads the rest of VEX after C4 (three bytes in all) or C5 (two), and the opcode.
  mutating func takeVEX(isShort: Bool) throws(DecodeError) -> OpcodeEntry {
    try checkVectorPrefix()
    instruction.prefixes.insert(.vex)
    var payload = try takeByte()
    setInverted(r: payload & 0x80)
    var map: UInt8 = 1
    if !isShort {
      setInverted(x: payload & 0x40)
      setInverted(b: payload & 0x20)
      map = payload & 0x1F
      guard 1...3 ~= map else { throw undefined }
      payload = try takeByte()
      isWide = payload & 0x80 != 0
      if isWide { instruction.prefixes.insert(.wide) }
    }
    takeLow(payload)
    if payload & 4 != 0 {
      vectorLength = 32
      instruction.prefixes.insert(.vectorLength)
    }
    let opcode = try takeByte()
    finishOpcode(opcode, OpcodeMap(rawValue: map) ?? .secondary)
    if !is64 {
      // There are eight registers only; the bits are ignored where they are not the prefix's own.
      registerExtension = 0
      indexExtension = 0
      baseExtension = 0
    }
    return OpcodeTable.shared.entries[OpcodeTable.vex &+ Int(map &- 1) &* 256 &+ Int(opcode)]
  }

  /// VEX.vvvv and VEX.pp, at the same place in both prefixes.
  private mutating func takeLow(_ payload: UInt8) {
    vvvv = ~payload &>> 3 & (is64 ? 15 : 7)
    // Its order is that of `mandatoryPrefix`.
    mandatoryPrefix = payload & 3
  }

  private mutating func setInverted(r: UInt8) { registerExtension = r == 0 ? 8 : 0 }
  private mutating func setInverted(x: UInt8) { indexExtension = x == 0 ? 8 : 0 }
  private mutating func setInverted(b: UInt8) { baseExtension = b == 0 ? 8 : 0 }

  /// Reads the rest of EVEX after 62, and the opcode. The slot that is returned says nothing:
  /// `finishEVEX` finds the length without one.
  mutating func takeEVEX() throws(DecodeError) -> OpcodeEntry {
    try checkVectorPrefix()
    instruction.prefixes.insert(.evex)
    let first = try takeByte()
    let second = try takeByte()
    let third = try takeByte()
    // Bit 3 of the first is zero, bit 2 of the second one, and maps 0, 4 and 7 are not in use.
    let map = first & 7
    guard first & 8 == 0, second & 4 != 0, map != 0, map != 4, map != 7 else { throw undefined }
    setInverted(r: first & 0x80)
    setInverted(x: first & 0x40)
    setInverted(b: first & 0x20)
    isWide = second & 0x80 != 0
    if isWide { instruction.prefixes.insert(.wide) }
    takeLow(second)
    if !is64 {
      registerExtension = 0
      indexExtension = 0
      baseExtension = 0
    }
    vectorLength = third & 0x40 != 0 ? 64 : third & 0x20 != 0 ? 32 : 16
    let opcode = try takeByte()
    finishOpcode(opcode, map == 2 ? .map0F38 : map == 3 ? .map0F3A : .secondary)
    // Maps 5 and 6 (AVX512-FP16) have no immediates, as 2 has none.
    hasEVEXImmediate = map == 3 || map == 1 && Self.hasImmediateInMap1(opcode)
    return .undefined
  }

  /// The shuffles, shifts by a constant, comparisons, insertions and extractions of map 1.
  private static func hasImmediateInMap1(_ opcode: UInt8) -> Bool {
    switch opcode {
    case 0x70...0x73, 0xC2, 0xC4...0xC6: true
    default: false
    }
  }

  /// Reads what follows an EVEX opcode. All of them have ModRM; the one-byte displacement stays as
  /// encoded, without the factor that the instruction would give it.
  mutating func finishEVEX() throws(DecodeError) {
    instruction.operation = .evex
    instruction.feature = .avx512
    instruction.operandSize = isWide ? 8 : 4
    if try takeModRM() < 0xC0 { try takeMemory() }
    if hasEVEXImmediate { instruction.immediate = try take(1) }
    instruction.length = position
  }
}
