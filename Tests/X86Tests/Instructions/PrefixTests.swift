import Testing
import X86

/// Prefixes in the orders and combinations that decoders get wrong (SDM Vol. 2, 2.1.1 and 2.2.1).
struct PrefixTests {
  @Test(
    "66 shortens a near branch except in 64-bit mode",
    arguments: [
      ("66 0f 84 34 12 00 00", CodeSize.bits64, 7, "je 0x223b"),
      ("66 e8 34 12 00 00", .bits64, 6, "call 0x223a"),
      ("66 e9 34 12 00 00", .bits64, 6, "jmp 0x223a"),
      ("66 0f 84 34 12", .bits32, 5, "je 0x2239"),
      ("66 e8 00 f0", .bits32, 4, "call 0x4"),
      ("66 e8 34 12 00 00", .bits16, 6, "call 0x223a"),
    ])
  func operandSizeOfBranches(_ text: String, _ size: CodeSize, _ length: Int, _ line: String) throws {
    #expect(try decode(text, size).length == length)
    #expect(try disassembled(text, size) == line)
  }

  @Test(
    "REX counts only right before the opcode",
    arguments: [
      ("48 89 c8", "mov rax, rcx"), ("48 66 89 c8", "mov ax, cx"), ("66 48 89 c8", "mov rax, rcx"),
      ("44 41 89 c8", "mov r8d, ecx"), ("4f f3 90", "pause"), ("f3 4e 90", "pause"),
      ("48 64 8b 07", "mov eax, dword ptr fs:[rdi]"),
    ])
  func rexPosition(_ text: String, _ line: String) throws {
    #expect(try disassembled(text) == line)
  }

  @Test(
    "90 is an exchange only with REX.B, and then never PAUSE",
    arguments: [
      ("90", "nop"), ("66 90", "nop"), ("48 90", "nop"), ("f2 90", "nop"), ("f3 90", "pause"),
      ("49 90", "xchg rax, r8"), ("41 90", "xchg eax, r8d"), ("f3 41 90", "xchg eax, r8d"),
      ("91", "xchg eax, ecx"),
    ])
  func nopAndPause(_ text: String, _ line: String) throws {
    #expect(try disassembled(text) == line)
  }

  @Test(
    "The last of F2 and F3 wins, and both win over 66",
    arguments: [
      ("0f 10 c1", Operation.movups), ("66 0f 10 c1", .movupd), ("f3 0f 10 c1", .movss),
      ("f2 0f 10 c1", .movsd), ("66 f3 0f 10 c1", .movss), ("f3 66 0f 10 c1", .movss),
      ("f2 f3 0f 10 c1", .movss), ("f3 f2 0f 10 c1", .movsd), ("f2 66 0f 10 c1", .movsd),
    ])
  func mandatoryPrefixes(_ text: String, _ operation: X86.Operation) throws {
    #expect(try decode(text).operation == operation)
  }

  @Test("66 is an operand size beside F2 or F3 where the opcode leaves it to be one")
  func operandSizeBesideRepeat() throws {
    #expect(try disassembled("66 f3 0f b8 c1") == "popcnt ax, cx")
    #expect(try disassembled("66 f2 0f 38 f1 c1") == "crc32 eax, cx")
    #expect(try disassembled("f2 48 0f 38 f1 c1") == "crc32 rax, rcx")
    #expect(try disassembled("f2 0f 38 f0 c1") == "crc32 eax, cl")
    #expect(try disassembled("66 0f 38 f0 07") == "movbe ax, word ptr [rdi]")
  }

  @Test("Segment overrides but FS and GS do nothing in 64-bit mode, not even undo those")
  func segmentOverrides() throws {
    #expect(try decode("64 3e 8b 07").memory.segment == .fs)
    #expect(try decode("2e 8b 07").memory.segment == .ds)
    #expect(try decode("2e 8b 07").prefixes.contains(.segment) == false)
    #expect(try decode("36 65 8b 07").memory.segment == .gs)
    #expect(try decode("64 3e 8b 07", .bits32).memory.segment == .ds)
    #expect(try decode("3e 8b 45 00", .bits32).memory.segment == .ds)
    #expect(try decode("2e d7", .bits16).memory.segment == .cs)
  }

  @Test("FWAIT is an instruction of its own before the ones it is written together with")
  func wait() throws {
    let instruction = try decode("9b db e2")
    #expect(instruction.operation == .fwait && instruction.length == 1)
    #expect(try decode("db e2").operation == .fnclex)
  }

  @Test("Fifteen bytes are an instruction, sixteen are #GP")
  func longest() throws {
    let prefixes = [UInt8](repeating: 0x66, count: 14)
    let decoder = InstructionDecoder(.bits64)
    #expect(try decoder.decode(InstructionBytes(prefixes + [0x90])).length == 15)
    #expect(throws: DecodeError.tooLong) { try decoder.decode(InstructionBytes(prefixes + [0x66, 0x90])) }
    // Twelve prefixes, opcode, ModRM and four bytes of immediate.
    let long = [UInt8](repeating: 0x2E, count: 12) + bytes("81 c0 01 02 03 04")
    #expect(throws: DecodeError.tooLong) { try decoder.decode(InstructionBytes(long)) }
  }

  @Test("VEX is told from LES and LDS, and EVEX from BOUND, by what would be a register operand")
  func vectorPrefixes() throws {
    #expect(try disassembled("c5 f8 77", .bits32) == "vzeroupper")
    #expect(try disassembled("c5 07", .bits32) == "lds eax, fword ptr [edi]")
    #expect(try disassembled("c4 07", .bits16) == "les ax, dword ptr [bx]")
    #expect(try disassembled("62 07", .bits32) == "bound eax, qword ptr [edi]")
    #expect(try decode("62 f1 7c 48 10 07", .bits32).operation == .evex)
    #expect(try decode("62 f1 7c 48 10 07").length == 6)
    #expect(try decode("62 f3 7d 48 3e 40 01 02").length == 8)
    // C5 07 is VEX in 64-bit mode: whatever it is, it is not LDS.
    #expect(throws: DecodeError.undefined(length: 3)) { try decode("c5 07 04") }
  }
}
