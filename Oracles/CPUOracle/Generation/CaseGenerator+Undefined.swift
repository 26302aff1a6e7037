internal import X86

/// Encodings that are no instruction: both CPUs must say so.
extension CaseGenerator {
  /// Makes an encoding that the decoder refuses; false where the random bytes are an instruction.
  mutating func makeUndefined(_ number: UInt64, _ test: inout TestCase) -> Bool {
    random = RandomSource(seed: seed &* 0x9E6C_63D0_876A_68DE ^ number)
    begin(&test)
    test.usesExtended = false
    // Should the host know what the decoder does not, its memory is ours.
    for register in 0..<16 {
      test.registers.general[register] = ArenaLayout.data + 0x800 + random.below(0x800)
    }
    test.registers.rip = ArenaLayout.code + 0x800
    test.registers.rflags = 0x202
    test.instruction = Instruction()

    var length = 0
    func append(_ byte: UInt8) {
      if length < 15 {
        test.bytes[length] = byte
        length += 1
      }
    }
    let choice = random.next()
    if choice & 3 == 0 { append(0xF0) }
    switch choice >> 2 & 15 {
    case 0: append(0x66)
    case 1: append(0xF2)
    case 2: append(0xF3)
    default: break
    }
    if codeSize == .bits64, choice >> 6 & 3 == 0 {
      append(0x40 | UInt8(truncatingIfNeeded: choice >> 8 & 15))
    }
    let map = choice >> 12 & 3
    if map > 0 { append(0x0F) }
    if map == 2 { append(0x38) }
    if map == 3 { append(0x3A) }
    let opcode = UInt8(truncatingIfNeeded: choice >> 16)
    // VEX and EVEX reach instructions that the engine does not offer, and that a host may have.
    if map == 0, opcode == 0x62 || opcode == 0xC4 || opcode == 0xC5 || opcode == 0xD5 { return false }
    // Aliases of x87 instructions that no manual has, and ENQCMD.
    if map == 0, opcode >= 0xD8, opcode <= 0xDF { return false }
    if map == 2, opcode == 0xF8 { return false }
    append(opcode)
    var tail = random.next()
    // Memory operands without an index and a displacement, or registers.
    if tail & 1 == 0 { tail = tail & ~0xC0 } else { tail |= 0xC0 }
    if tail & 0xC7 == 4 || tail & 0xC7 == 5 { tail ^= 7 }
    // After a prefix an x87 opcode may come second.
    if map == 0, tail & 0xF8 == 0xD8 { return false }
    // Where VMX and SGX have theirs, the answer of a host that is itself a guest may be its hypervisor's.
    if map == 1, opcode == 0x01, tail & 0xC0 == 0xC0 { return false }
    append(UInt8(truncatingIfNeeded: tail))
    // Should the host know it, what comes next is INT3.
    while length < 15 { append(0xCC) }
    test.length = length
    undefinedOpcode = UInt16(map) << 8 | UInt16(opcode)
    do throws(DecodeError) {
      _ = try InstructionDecoder(codeSize).decode(test.instructionBytes)
      return false
    } catch {
      return true
    }
  }
}
