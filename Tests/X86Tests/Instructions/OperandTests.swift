import Testing
import X86

/// Registers, addresses and immediates, against the tables of the manual (SDM Vol. 2, 2.1.5, 2.2.1).
struct OperandTests {
  @Test("Byte registers 4…7 are the high halves without REX")
  func byteRegisters() throws {
    #expect(try decode("88 e0").operands[1] == .highByte(number: 0))
    #expect(try decode("40 88 e0").operands[1] == .general(number: 4, width: 1))
    #expect(try disassembled("40 88 fe") == "mov sil, dil")
    #expect(try disassembled("88 fe") == "mov dh, bh")
    #expect(try disassembled("b7 12") == "mov bh, 0x12")
    #expect(try disassembled("41 b7 12") == "mov r15b, 0x12")
  }

  @Test(
    "16-bit addresses",
    arguments: [
      ("8b 00", "[bx + si]", SegmentName.ds), ("8b 01", "[bx + di]", .ds),
      ("8b 02", "[bp + si]", .ss), ("8b 03", "[bp + di]", .ss), ("8b 04", "[si]", .ds),
      ("8b 05", "[di]", .ds), ("8b 06 34 12", "[0x1234]", .ds), ("8b 07", "[bx]", .ds),
      ("8b 46 fe", "[bp - 0x2]", .ss), ("8b 87 00 80", "[bx - 0x8000]", .ds),
    ])
  func addresses16(_ text: String, _ operand: String, _ segment: SegmentName) throws {
    #expect(try disassembled(text, .bits16) == "mov ax, word ptr " + operand)
    #expect(try decode(text, .bits16).memory.segment == segment)
    // The same with 67 in 32-bit code.
    #expect(try disassembled("67 " + text, .bits32) == "mov eax, dword ptr " + operand)
  }

  @Test(
    "32- and 64-bit addresses, and the segment that goes with their base",
    arguments: [
      ("8b 03", "[rbx]", SegmentName.ds), ("8b 04 24", "[rsp]", .ss), ("8b 45 00", "[rbp]", .ss),
      ("41 8b 45 00", "[r13]", .ds), ("41 8b 04 24", "[r12]", .ds),
      ("42 8b 04 20", "[rax + r12]", .ds), ("8b 04 25 78 56 34 12", "[0x12345678]", .ds),
      ("8b 05 78 56 34 12", "[rip + 0x12345678]", .ds), ("8b 04 cd f0 ff ff ff", "[8*rcx - 0x10]", .ds),
      ("67 8b 05 78 56 34 12", "[eip + 0x12345678]", .ds), ("67 8b 44 8c fc", "[esp + 4*ecx - 0x4]", .ss),
      ("8b 84 05 00 00 00 80", "[rbp + rax - 0x80000000]", .ss),
      ("43 8b 44 bd 08", "[r13 + 4*r15 + 0x8]", .ds),
    ])
  func addresses64(_ text: String, _ operand: String, _ segment: SegmentName) throws {
    #expect(try disassembled(text) == "mov eax, dword ptr " + operand)
    #expect(try decode(text).memory.segment == segment)
  }

  @Test("In 32-bit code the form that is relative to RIP is an absolute address")
  func absolute() throws {
    #expect(try disassembled("8b 05 78 56 34 f2", .bits32) == "mov eax, dword ptr [0xf2345678]")
  }

  @Test(
    "Addresses without ModRM are as wide as addresses are",
    arguments: [
      ("a1 11 22 33 44 55 66 77 88", CodeSize.bits64, "movabs eax, dword ptr [0x8877665544332211]", 9),
      ("67 a1 11 22 33 c4", .bits64, "mov eax, dword ptr [0xc4332211]", 6),
      ("a2 11 22 33 44", .bits32, "mov byte ptr [0x44332211], al", 5),
      ("26 a0 11 f2", .bits16, "mov al, byte ptr es:[0xf211]", 4),
    ])
  func absoluteMoves(_ text: String, _ size: CodeSize, _ line: String, _ length: Int) throws {
    #expect(try disassembled(text, size) == line)
    #expect(try decode(text, size).length == length)
  }

  @Test("Immediates are extended as the instruction extends them")
  func immediates() throws {
    #expect(try decode("83 c0 ff").immediate == .max)
    #expect(try decode("48 81 c0 00 00 00 80").immediate == 0xFFFF_FFFF_8000_0000)
    #expect(try decode("48 b8 11 22 33 44 55 66 77 88").immediate == 0x8877_6655_4433_2211)
    #expect(try decode("b8 ff ff ff ff").immediate == 0xFFFF_FFFF)
    #expect(try decode("6a 80").operandSize == 8)
    #expect(try decode("6a 80").immediate == 0xFFFF_FFFF_FFFF_FF80)
    #expect(try decode("cd 80").immediate == 0x80)
    #expect(try decode("c2 00 80").immediate == 0x8000)
    #expect(try decode("eb fe").immediate == 0xFFFF_FFFF_FFFF_FFFE)
  }

  @Test("Two immediates: ENTER, far pointers, EXTRQ")
  func secondImmediates() throws {
    let enter = try decode("c8 34 12 05")
    #expect(enter.immediate == 0x1234 && enter.secondImmediate == 5 && enter.operandSize == 8)
    let far = try decode("ea 78 56 34 12 10 00", .bits32)
    #expect(far.immediate == 0x1234_5678 && far.secondImmediate == 0x10 && far.operands[0] == .farPointer)
    #expect(try disassembled("9a 00 10 08 00", .bits16) == "lcall 0x8:0x1000")
    #expect(try decode("66 0f 78 c1 02 03").secondImmediate == 3)
  }

  @Test(
    "Operand sizes that are not the usual ones",
    arguments: [
      ("50", CodeSize.bits64, 8), ("66 50", .bits64, 2), ("9c", .bits64, 8), ("cf", .bits64, 4),
      ("48 cf", .bits64, 8), ("cb", .bits64, 4), ("ff 10", .bits64, 8), ("66 ff 10", .bits64, 8),
      ("0f 20 c0", .bits64, 8), ("0f 20 c0", .bits16, 4), ("48 ed", .bits64, 4), ("66 ed", .bits64, 2),
      ("48 a5", .bits64, 8), ("48 6d", .bits64, 4), ("0f 01 17", .bits16, 2), ("66 0f 01 17", .bits16, 4),
      ("0f 01 17", .bits64, 8), ("48 0f 07", .bits64, 8), ("66 9d", .bits32, 2), ("c9", .bits16, 2),
    ])
  func operandSizes(_ text: String, _ size: CodeSize, _ operandSize: Int) throws {
    #expect(try decode(text, size).operandSize == operandSize)
  }

  @Test("What an opcode means may depend on the mode")
  func modes() throws {
    #expect(try disassembled("63 c8") == "movsxd ecx, eax")
    #expect(try disassembled("63 c8", .bits32) == "arpl ax, cx")
    #expect(try disassembled("48", .bits32) == "dec eax")
    #expect(try disassembled("41", .bits16) == "inc cx")
    #expect(try disassembled("98", .bits16) == "cbw")
    #expect(try disassembled("48 98") == "cdqe")
    #expect(try disassembled("66 99") == "cwd")
    #expect(try disassembled("e3 00", .bits16) == "jcxz 0x1002")
    #expect(try disassembled("67 e3 00", .bits16) == "jecxz 0x1003")
  }

  @Test("Gathers have a vector register as index, XMM4 included")
  func vectorIndex() throws {
    #expect(try disassembled("c4 e2 69 90 04 60") == "vpgatherdd xmm0, dword ptr [rax + 2*xmm4], xmm2")
    #expect(try decode("c4 e2 ed 93 04 08").vectorIndexWidth == 32)
    #expect(throws: DecodeError.self) { try decode("c4 e2 69 90 00") }
  }

  @Test("Where ModRM.mod is ignored no address follows")
  func ignoredMod() throws {
    #expect(try decode("0f 22 05").length == 3)
    #expect(try disassembled("0f 20 44") == "mov rsp, cr0")
  }
}
