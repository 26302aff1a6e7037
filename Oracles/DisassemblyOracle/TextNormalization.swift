internal import X86

/// Makes two writings of the same instruction equal where disassemblers differ by taste.
struct TextNormalization {
  let codeSize: CodeSize

  /// Prefixes that llvm-objdump prints as words of their own. Which of them has an effect the rest
  /// of the text tells; LOCK is compared.
  static let prefixes: Set<String> = [
    "lock", "rep", "repne", "repe", "repz", "repnz", "data16", "data32", "addr16", "addr32", "rex64",
    "notrack", "xacquire", "xrelease", "cs", "ds", "es", "ss", "fs", "gs",
  ]

  /// Words that tell the size of a memory operand.
  private static let sizes: Set<String> = [
    "byte", "word", "dword", "fword", "qword", "tbyte", "xmmword", "ymmword", "zmmword", "ptr",
  ]

  /// The words of the text: mnemonic, operands, punctuation.
  func words(_ text: String) -> [String] {
    var words: [String] = []
    var word = ""
    func finish() {
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    loop: for character in text {
      switch character {
      case " ", "\t", ",": finish()
      // Between the parts of a far pointer; elsewhere it belongs to a segment's name.
      case ":" where word.hasPrefix("0x"): finish()
      case "[", "]", "*":
        finish()
        words.append(String(character))
      // A symbol's name, or a comment.
      case "<", "#":
        if words.isEmpty { word.append(character) } else { break loop }
      default: word.append(character)
      }
    }
    finish()
    return normalized(words)
  }

  private func normalized(_ all: [String]) -> [String] {
    let first = all.firstIndex { !Self.prefixes.contains($0) } ?? all.endIndex
    let isLocked = all[..<first].contains("lock")
    guard first < all.endIndex else { return all }
    var mnemonic = all[first]
    var words = Array(all[(first + 1)...])
    if codeSize == .bits64 { words.removeAll { ["cs:", "ds:", "es:", "ss:"].contains($0) } }
    removeNoIndex(&words)
    words = words.map { $0 == "st(0)" ? "st" : $0 }
    switch mnemonic {
    case "shl", "shr", "sar", "rol", "ror", "rcl", "rcr":
      if words.last == "0x1" { words.removeLast() }
    case "xchg":
      // The order means nothing.
      if !words.contains("[") { words.sort() }
    case "movabs": mnemonic = "mov"
    case "pushal": mnemonic = "pushad"
    case "popal": mnemonic = "popad"
    case "pushaw": mnemonic = "pusha"
    case "popaw": mnemonic = "popa"
    case "ljmp", "lcall": mnemonic = String(mnemonic.dropFirst())
    case "lgdtd", "lgdtw", "lidtd", "lidtw", "sgdtd", "sgdtw", "sidtd", "sidtw":
      mnemonic = String(mnemonic.dropLast())
    default: break
    }
    switch mnemonic {
    // Their memory operand is written with a size or without, or with the size of all elements.
    case "jmp", "call", "invlpg", "lgdt", "lidt", "sgdt", "sidt", "lds", "les", "lfs", "lgs", "lss",
      "bound", "movdir64b", "clrssbsy",
      _ where mnemonic.hasPrefix("vgather") || mnemonic.hasPrefix("vpgather"):
      words.removeAll { Self.sizes.contains($0) }
    // Of a register they read 16 bits, which some write as its 16-bit part.
    case "lar", "lsl": if words.count == 2 { words.removeLast() }
    default: break
    }
    return (isLocked ? ["lock"] : []) + [mnemonic] + words
  }

  /// SIB's "no index" is written as a register by some: `+ riz`, `+ 8*riz`.
  private func removeNoIndex(_ words: inout [String]) {
    guard let index = words.firstIndex(where: { $0 == "riz" || $0 == "eiz" }) else { return }
    defer {
      // A sign that is left at the start belongs to the number.
      if let bracket = words.firstIndex(of: "["), bracket + 2 < words.count {
        if words[bracket + 1] == "-" {
          words.replaceSubrange((bracket + 1)...(bracket + 2), with: ["-" + words[bracket + 2]])
        }
        if words[bracket + 1] == "+" { words.remove(at: bracket + 1) }
      }
    }
    words.remove(at: index)
    var last = index - 1
    if last > 0, words[last] == "*" {
      words.removeSubrange((last - 1)...last)
      last -= 2
    }
    if last >= 0, words[last] == "+" {
      words.remove(at: last)
    } else if last + 1 < words.count, words[last + 1] == "+" {
      words.remove(at: last + 1)
    }
  }

  /// Whether these words say the same: numbers may be written signed or cut to their width.
  func agree(_ left: [String], _ right: [String]) -> Bool {
    guard left.count == right.count else { return false }
    // The listing does not cut the target of a branch to 16 bits.
    if codeSize != .bits64, left.count == 2, let mnemonic = left.first,
      mnemonic.hasPrefix("j") || mnemonic == "call" || mnemonic.hasPrefix("loop") || mnemonic == "xbegin",
      let first = Self.number(left[1]), let second = Self.number(right[1])
    {
      return first & 0xFFFF == second & 0xFFFF
    }
    return zip(left, right).allSatisfy { left, right in
      if left == right { return true }
      guard let first = Self.number(left), let second = Self.number(right) else { return false }
      let difference = first &- second
      return [0, 1 << 8, 1 << 16, 1 << 32].contains(difference)
        || [1 << 8, 1 << 16, 1 << 32].contains(0 &- difference)
    }
  }

  private static func number(_ word: String) -> UInt64? {
    if word.hasPrefix("-0x") { return UInt64(word.dropFirst(3), radix: 16).map { 0 &- $0 } }
    if word.hasPrefix("0x") { return UInt64(word.dropFirst(2), radix: 16) }
    return nil
  }
}
