import Testing
import X86

/// What raises #UD whatever the processor, and what would if the decoder were too strict.
struct UndefinedTests {
  @Test(
    "Undefined in 64-bit mode",
    arguments: [
      // Removed: PUSH ES, DAA, PUSHA, far CALL, INTO, AAM, SALC, far JMP, 82.
      "06", "27", "60", "9a 00 00 00 00 00 00", "ce", "d4 0a", "d6", "ea 00 00 00 00 00 00", "82 c0 01",
      // Reserved slots of groups.
      "8f c8", "8f 08", "c6 c8 00", "c7 08 00 00 00 00", "fe d0", "fe 10", "ff ff", "ff 38",
      "0f ba c0 00", "0f 00 f0", "0f 71 d8 00", "0f c7 00",
      // Forms that need memory, with a register.
      "8d c0", "0f b2 c0", "ff d8", "ff e8", "0f c7 c8", "0f 13 c0", "0f 2b c0", "f2 0f f0 c0", "62 c0",
      // Forms that need a register, with memory.
      "0f 50 00", "0f d7 00", "0f f7 00", "0f c5 00 00", "f3 0f d6 00", "0f 71 10 00",
      // Prefixes that make no instruction.
      "f3 0f 54 c1", "66 0f 52 c1", "f2 0f 6f c1", "66 0f 01 d0", "f3 0f 38 00 c1", "0f 38 10 c1",
      "0f b8 c1", "66 0f c3 00", "0f 3a 08 c1 00",
      // Segment, control and debug registers that are not there.
      "8e c8", "8e f0", "8c f0", "0f 20 c8", "44 0f 20 c8", "0f 22 e8", "44 0f 21 c0",
      // Never defined.
      "0f 04", "0f 0a", "0f 0c", "0f 24 c0", "0f 36", "0f 38 40 c1", "d9 d1",
      "d9 08", "dd 28", "db 20", "df f8", "de d8",
    ])
  func undefined64(_ text: String) {
    #expect {
      try decode(text + " 00 00 00 00")
    } throws: {
      if case .undefined = $0 as? DecodeError { true } else { false }
    }
  }

  @Test(
    "LOCK goes with some instructions' memory destination only",
    arguments: [
      ("f0 01 07", true), ("f0 01 c7", false), ("f0 03 07", false), ("f0 39 07", false),
      ("f0 90", false), ("f0 ff 07", true), ("f0 ff 17", false), ("f0 0f c7 0f", true),
      ("f0 48 0f c7 0f", true), ("f0 0f ba 2f 01", true), ("f0 0f ba 27 01", false),
      ("f0 0f ab 07", true), ("f0 0f a3 07", false), ("f0 86 07", true), ("f0 86 c7", false),
      ("f0 0f b1 0f", true), ("f0 0f c1 0f", true), ("f0 f7 17", true), ("f0 f7 27", false),
      ("f0 a4", false), ("f0 89 07", false), ("f0 0f 20 c0", false), ("f0 80 3f 00", false),
      ("f0 80 0f 00", true), ("f0 c1 27 01", false),
    ])
  func lock(_ text: String, _ isAllowed: Bool) {
    #expect(((try? decode(text)) != nil) == isAllowed)
  }

  @Test(
    "VEX after a prefix that it replaces, and with operands it does not have",
    arguments: [
      "66 c5 f8 77", "f2 c5 f8 77", "f3 c5 f8 77", "f0 c5 f8 77", "48 c5 f8 77",
      // VEX.vvvv is no operand of VMOVAPS.
      "c5 f0 28 c1",
      // Opcode maps 0 and 4; VMOVD with 256 bits; KANDW with 128, and with K8.
      "c4 e0 78 28 c1", "c4 e4 78 28 c1", "c5 fd 6e c1", "c5 f0 41 c1", "c5 74 41 c1",
      "66 62 f1 7c 48 10 07",
    ])
  func vex(_ text: String) {
    #expect(throws: DecodeError.self) { try decode(text) }
  }

  @Test("Segment overrides and 67 may go before VEX")
  func vexAfterOthers() throws {
    #expect(try disassembled("64 c5 f8 28 07") == "vmovaps xmm0, xmmword ptr fs:[rdi]")
    #expect(try disassembled("67 c5 fc 28 07") == "vmovaps ymm0, ymmword ptr [edi]")
  }

  @Test("Undefined outside 64-bit mode", arguments: ["0f 01 f8", "f3 0f ae c0"])
  func undefined32(_ text: String) {
    #expect(throws: DecodeError.self) { try decode(text, .bits32) }
    #expect(throws: Never.self) { try decode(text, .bits64) }
  }

  @Test("Encodings that are taken for undefined at times")
  func defined() throws {
    #expect(try decode("d0 f0").operation == .shl)
    #expect(try decode("f6 c8 01").operation == .test)
    #expect(try decode("0f 1f c0").operation == .nop)
    #expect(try decode("0f 18 c0").operation == .nop)
    #expect(try decode("f3 0f 1e fa").operation == .endbr64)
    #expect(try decode("f3 0f 1e c8").operation == .rdssp)
    #expect(try decode("0f 0d 18").operation == .prefetch)
    #expect(try decode("82 c0 01", .bits32).operation == .add)
    #expect(try decode("d6", .bits16).operation == .salc)
    #expect(try decode("0f ae e8").operation == .lfence)
    #expect(try decode("0f ae ef").operation == .lfence)
    #expect(try decode("f1").operation == .int1)
    #expect(try decode("d9 d9").operation == .fstp)
    #expect(try decode("de d2").operation == .fcomp)
    #expect(try decode("df c9").operation == .fxch)
  }
}
