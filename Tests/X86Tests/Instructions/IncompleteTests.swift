import Testing
import X86

/// Bytes that end too early, and bytes of all kinds.
struct IncompleteTests {
  /// Random bytes that begin like instructions: prefixes and escapes are more frequent than in noise.
  private func randomBytes(_ generator: inout SeededGenerator) -> [UInt8] {
    let starts: [[UInt8]] = [
      [], [], [0x66], [0xF3], [0xF2], [0x48], [0x0F], [0x0F], [0x66, 0x0F], [0x0F, 0x38], [0x0F, 0x3A],
      [0xC5], [0xC4], [0x62], [0xF0], [0x67], [0x2E],
    ]
    return starts.randomElement(using: &generator)!
      + (0..<15).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  @Test("Of an instruction's bytes every shorter part asks for more", arguments: CodeSize.allCases)
  func everyPart(_ size: CodeSize) {
    var generator = SeededGenerator(seed: 20)
    let decoder = InstructionDecoder(size)
    var decoded = 0
    for _ in 0..<4000 {
      let bytes = randomBytes(&generator)
      guard let instruction = try? decoder.decode(InstructionBytes(bytes)) else { continue }
      decoded += 1
      #expect((1...15).contains(instruction.length))
      #expect(instruction.opcodeOffset < instruction.length)
      for count in 0..<Int(instruction.length) {
        #expect(throws: DecodeError.needsMoreBytes(count: UInt8(count))) {
          try decoder.decode(InstructionBytes(bytes.prefix(count)))
        }
      }
      // What comes behind it makes no difference.
      let alone = InstructionBytes(bytes.prefix(Int(instruction.length)))
      #expect((try? decoder.decode(alone)) == instruction)
    }
    #expect(decoded > 1500)
  }

  @Test("Every instruction has a text without leftovers", arguments: CodeSize.allCases)
  func everyText(_ size: CodeSize) {
    var generator = SeededGenerator(seed: 21)
    let decoder = InstructionDecoder(size)
    let formatter = InstructionFormatter(size)
    for _ in 0..<4000 {
      guard let instruction = try? decoder.decode(InstructionBytes(randomBytes(&generator))) else { continue }
      let text = formatter.text(instruction, at: UInt64.random(in: .min ... .max, using: &generator))
      #expect(!text.isEmpty && !text.hasSuffix(" ") && !text.hasSuffix(",") && !text.contains("  "))
    }
  }

  @Test("Bytes are kept in order, fifteen of them at most")
  func instructionBytes() {
    let all = (1...20).map { UInt8($0) }
    let bytes = InstructionBytes(all)
    #expect(bytes.count == 15 && bytes[0] == 1 && bytes[14] == 15 && bytes[15] == 0 && bytes[-1] == 0)
    let words = InstructionBytes(low: 0x0807_0605_0403_0201, high: 0x100F_0E0D_0C0B_0A09, count: 99)
    #expect(words == bytes)
    #expect(InstructionBytes(low: 0x0201, high: .max, count: 1) == InstructionBytes([1]))
    #expect(InstructionBytes(low: .max, high: .max, count: -1) == InstructionBytes())
  }
}
