import Testing
import X86

/// Runs of instructions as text.
struct DisassemblyTests {
  @Test func listsInstructionsOneAfterTheOther() {
    let code = bytes("55 48 89 e5 e8 f7 ff ff ff 06 c3")
    let lines = Disassembly(code, at: 0x1000, .bits64).lines
    #expect(lines.map(\.text) == ["push rbp", "mov rbp, rsp", "call 0x1000", "(bad)", "ret"])
    #expect(lines.map(\.address) == [0x1000, 0x1001, 0x1004, 0x1009, 0x100A])
    #expect(lines.flatMap(\.bytes) == code)
    #expect(lines[1].description == "0x00001001  48 89 e5                        mov rbp, rsp")
  }

  @Test func endsAtTheLimitAndBeforeAnInstructionThatIsCut() {
    let code = bytes("90 90 90 48 b8 01 02")
    #expect(Disassembly(code, at: 0, .bits64).lines.count == 3)
    #expect(Disassembly(code, at: 0, .bits64, limit: 2).lines.count == 2)
    #expect(Disassembly(code, at: 0, .bits64, limit: 0).lines.isEmpty)
    #expect(Disassembly([], at: 0, .bits64).lines.isEmpty)
  }

  @Test func goesOnAfterTooManyPrefixes() {
    // Sixteen: the first begins no instruction, the second begins one of fifteen bytes.
    let code = [UInt8](repeating: 0x66, count: 15) + [0x90]
    #expect(Disassembly(code, at: 0, .bits64).lines.map(\.bytes.count) == [1, 15])
  }

  @Test func addressesWrap() {
    let lines = Disassembly(bytes("eb 10 90"), at: .max - 1, .bits64).lines
    #expect(lines.map(\.text) == ["jmp 0x10", "nop"])
    #expect(lines[1].address == 0)
  }

  @Test(
    "Text, for what a comparison with another disassembler may not have on hand",
    arguments: [
      ("f3 48 ab", "rep stosq qword ptr es:[rdi], rax"),
      ("f2 ae", "repne scasb al, byte ptr es:[rdi]"),
      ("f3 a6", "repe cmpsb byte ptr [rsi], byte ptr es:[rdi]"),
      ("64 a4", "movsb byte ptr es:[rdi], byte ptr fs:[rsi]"), ("67 ad", "lodsd eax, dword ptr [esi]"),
      ("f0 0f b1 0f", "lock cmpxchg dword ptr [rdi], ecx"), ("48 8d 04 37", "lea rax, [rdi + rsi]"),
      ("66 0f c2 c1 01", "cmpltpd xmm0, xmm1"), ("f3 0f c2 c1 09", "cmpss xmm0, xmm1, 0x9"),
      ("c5 fc c2 c1 1f", "vcmptrue_usps ymm0, ymm0, ymm1"), ("0f 01 17", "lgdt [rdi]"),
      ("64 48 8b 04 25 f8 ff ff ff", "mov rax, qword ptr fs:[-0x8]"), ("d8 c1", "fadd st, st(1)"),
      ("48 0f ae 07", "fxsave64 [rdi]"), ("48 83 ec 80", "sub rsp, -0x80"), ("80 e1 f0", "and cl, 0xf0"),
      ("48 cf", "iretq"), ("cf", "iretd"), ("48 0f 07", "sysretq"), ("0f 00 d8", "ltr ax"),
      ("c8 10 00 01", "enter 0x10, 0x1"), ("ff 2f", "ljmp fword ptr [rdi]"), ("e4 60", "in al, 0x60"),
      ("62 f1 7c 48 10 07", "(evex)"), ("c5 f9 90 0f", "kmovb k1, byte ptr [rdi]"),
    ])
  func text(_ code: String, _ line: String) throws {
    #expect(try disassembled(code) == line)
  }
}
