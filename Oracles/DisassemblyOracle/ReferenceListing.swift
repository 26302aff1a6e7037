internal import X86

/// An instruction as llvm-objdump lists it.
struct ListedInstruction {
  var address: UInt64
  var bytes: [UInt8]
  var text: String
  /// The number of the symbol `s…` that it belongs to, where the object was made of random bytes.
  var slot: Int?
}

/// llvm-objdump's listing of a file's code.
struct ReferenceListing {
  private let reader: LineReader
  private var slot: Int?
  /// A prefix that was listed on a line of its own: the next line goes on with it.
  private var pending: ListedInstruction?

  /// The listing of `file`, whose code is of this size.
  init(_ file: String, _ codeSize: CodeSize) throws(OracleError) {
    let triple =
      switch codeSize {
      case .bits16: "i386-unknown-unknown-code16"
      case .bits32: "i386-unknown-unknown"
      case .bits64: "x86_64-unknown-unknown"
      }
    let quoted =
      "'" + file.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    reader = try LineReader("llvm-objdump -d -M intel --print-imm-hex --triple=\(triple) \(quoted) 2>&1")
  }

  /// The next instruction, with the prefixes before it.
  mutating func next() -> ListedInstruction? {
    while let line = reader.next() {
      if line.hasSuffix(">:") {
        slot = Self.slot(line)
        pending = nil
        continue
      }
      guard var instruction = Self.instruction(line) else { continue }
      instruction.slot = slot
      if let before = pending {
        instruction.address = before.address
        instruction.bytes = before.bytes + instruction.bytes
        instruction.text = before.text + " " + instruction.text
        pending = nil
      }
      if instruction.text.split(separator: " ").allSatisfy({ TextNormalization.prefixes.contains(String($0)) }
      ) {
        pending = instruction
        continue
      }
      return instruction
    }
    return nil
  }

  /// The number in a line such as `0000000000000040 <s2>:`.
  private static func slot(_ line: Substring) -> Int? {
    guard let start = line.lastIndex(of: "<") else { return nil }
    let name = line[line.index(after: start)...].dropLast(2)
    return name.first == "s" ? Int(name.dropFirst()) : nil
  }

  /// The parts of a line such as `  401000: f3 0f 1e fa    endbr64`.
  private static func instruction(_ line: Substring) -> ListedInstruction? {
    guard let colon = line.firstIndex(of: ":"),
      let address = UInt64(line[..<colon].drop(while: { $0 == " " }), radix: 16)
    else { return nil }
    let rest = line[line.index(after: colon)...]
    guard let tab = rest.firstIndex(of: "\t") else { return nil }
    var bytes: [UInt8] = []
    for word in rest[..<tab].split(separator: " ") {
      guard word.count == 2, let byte = UInt8(word, radix: 16) else { return nil }
      bytes.append(byte)
    }
    guard !bytes.isEmpty else { return nil }
    let text = rest[rest.index(after: tab)...]
    return ListedInstruction(address: address, bytes: bytes, text: String(text), slot: nil)
  }
}
