import X86

/// The bytes that a text such as `48 89 e5` stands for.
func bytes(_ text: String) -> [UInt8] {
  text.split(separator: " ").map { UInt8($0, radix: 16)! }
}

/// The instruction that `text` encodes.
func decode(_ text: String, _ codeSize: CodeSize = .bits64) throws(DecodeError) -> Instruction {
  try InstructionDecoder(codeSize).decode(InstructionBytes(bytes(text)))
}

/// The instruction that `text` encodes, in Intel's syntax, as if it were at address 0x1000.
func disassembled(_ text: String, _ codeSize: CodeSize = .bits64) throws(DecodeError) -> String {
  InstructionFormatter(codeSize).text(try decode(text, codeSize), at: 0x1000)
}
