internal import SoftwareEngine
internal import X86

/// Writes a test case and what two CPUs made of it.
struct CasePrinter {
  /// The names of the two CPUs in the text.
  var hostName = "host"
  var engineName = "engine"

  /// Several lines: bytes and text of the instruction, the registers before it that are not zero, and
  /// what differs.
  func text(
    _ test: TestCase, number: UInt64?, difference: Difference, host: TestResult,
    engine: TestResult, memory: [String]
  ) -> String {
    var lines: [String] = []
    var bytes = ""
    for index in 0..<test.length {
      bytes += (index == 0 ? "" : " ") + hexadecimal(UInt64(test.bytes[index]), digits: 2)
    }
    let text = InstructionFormatter(test.codeSize).text(test.instruction, at: test.registers.rip)
    lines.append(
      "\(bytes)    \(text)    differs: \(difference.words)" + (number.map { "   case \($0)" } ?? ""))
    lines.append("  before: " + registers(test.registers) + patches(test))
    lines.append("  \(hostName): " + ending(host) + changes(test.registers, host.registers))
    lines.append("  \(engineName): " + ending(engine) + changes(test.registers, engine.registers))
    if test.usesExtended {
      for word in 0..<52
      where host.extended.words[word] != engine.extended.words[word] && (word < 1 || word > 2) {
        lines.append(
          "  \(extendedName(word)): before \(hexadecimal(test.extended.words[word], digits: 16)) \(hostName) "
            + "\(hexadecimal(host.extended.words[word], digits: 16)) \(engineName) \(hexadecimal(engine.extended.words[word], digits: 16))"
        )
      }
    }
    return (lines + memory).joined(separator: "\n")
  }

  private static let names = [
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
    "r15",
  ]

  private func registers(_ registers: InstructionProbe.Registers) -> String {
    var text = "rip=\(hexadecimal(registers.rip)) flags=\(flags(registers.rflags))"
    for number in 0..<16 where registers.general[number] != 0 {
      text += " \(Self.names[number])=\(hexadecimal(registers.general[number]))"
    }
    return text
  }

  private func patches(_ test: TestCase) -> String {
    var text = ""
    for index in 0..<test.patchCount {
      let patch = test.patches[index]
      text +=
        " [\(hexadecimal(patch.address))]=\(hexadecimal(patch.low, digits: 16)),\(hexadecimal(patch.high, digits: 16))"
    }
    return text
  }

  private func ending(_ result: TestResult) -> String {
    if result.ending.needsExit { return "asks for an exit;" }
    guard let vector = result.ending.vector else { return "done;" }
    var text = "vector \(vector) error \(hexadecimal(UInt64(result.ending.errorCode)))"
    if vector == 14 { text += " at \(hexadecimal(result.ending.faultAddress))" }
    return text + ";"
  }

  private func changes(_ before: InstructionProbe.Registers, _ after: InstructionProbe.Registers) -> String {
    var text = " rip=\(hexadecimal(after.rip)) flags=\(flags(after.rflags))"
    for number in 0..<16 where before.general[number] != after.general[number] {
      text += " \(Self.names[number])=\(hexadecimal(after.general[number]))"
    }
    return text
  }

  private func flags(_ value: UInt64) -> String {
    let names: [(UInt64, String)] = [(11, "O"), (10, "D"), (7, "S"), (6, "Z"), (4, "A"), (2, "P"), (0, "C")]
    var text = names.map { value >> $0.0 & 1 != 0 ? $0.1 : "-" }.joined()
    let rest = value & ~0xCD5 & ~0x202
    if rest != 0 { text += "+\(hexadecimal(rest))" }
    return text
  }

  private func extendedName(_ word: Int) -> String {
    switch word {
    case 0: "fcw,fsw,ftw,fop"
    case 3: "mxcsr"
    case 4..<20: "st\((word - 4) / 2)\(word % 2 == 0 ? "" : " exponent")"
    default: "xmm\((word - 20) / 2)\(word % 2 == 0 ? " low" : " high")"
    }
  }
}

/// Where two memories of the data pages differ, at most eight places, as lines of text.
func describeMemory(host: UInt64, engine: UInt64) -> [String] {
  var lines: [String] = []
  for offset in stride(from: UInt64(0), to: ArenaLayout.dataByteCount, by: 8) {
    let (left, right) = (
      HostMemory.load(UInt64.self, at: host + offset), HostMemory.load(UInt64.self, at: engine + offset)
    )
    guard left != right, lines.count < 8 else { continue }
    lines.append(
      "  [\(hexadecimal(ArenaLayout.data + offset))]: host \(hexadecimal(left, digits: 16)) engine \(hexadecimal(right, digits: 16))"
    )
  }
  return lines
}
