internal import X86

/// Counts where the decoder and a listing agree, and keeps examples of where they do not.
struct Comparison {
  let codeSize: CodeSize
  private let decoder: InstructionDecoder
  private let formatter: InstructionFormatter
  private let normalization: TextNormalization

  /// Instructions compared.
  private(set) var count = 0
  /// Those of which length, mnemonic and operands agreed.
  private(set) var agreed = 0
  /// Those that both take for undefined.
  private(set) var undefined = 0
  /// Known differences, by what they are.
  private(set) var known: [String: Int] = [:]
  /// Others, by kind and mnemonic, with an example of each.
  private(set) var mismatches: [String: (count: Int, example: String)] = [:]

  init(_ codeSize: CodeSize) {
    self.codeSize = codeSize
    decoder = InstructionDecoder(codeSize)
    formatter = InstructionFormatter(codeSize)
    normalization = TextNormalization(codeSize: codeSize)
  }

  /// How many differences are not known ones.
  var mismatchCount: Int { mismatches.values.reduce(0) { $0 + $1.count } }

  /// Compares one listed instruction. `bytes` are its own, or all that follow its address.
  mutating func compare(_ listed: ListedInstruction, bytes: [UInt8]) {
    count += 1
    if let reason = KnownDifferences.distrust(bytes, codeSize) {
      known[reason, default: 0] += 1
      return
    }
    let words = normalization.words(listed.text)
    let isListedUndefined = listed.text.contains("<unknown>")
    let instruction: Instruction
    do throws(DecodeError) {
      instruction = try decoder.decode(InstructionBytes(bytes))
    } catch {
      if isListedUndefined {
        undefined += 1
      } else if let reason = KnownDifferences.refused(words, bytes) {
        known[reason, default: 0] += 1
      } else {
        note("not decoded", listed, error.description, words)
      }
      return
    }
    let text = formatter.text(instruction, at: listed.address)
    if isListedUndefined {
      if let reason = KnownDifferences.accepted(instruction, codeSize) {
        known[reason, default: 0] += 1
      } else {
        note("not listed", listed, text, [instruction.operation.mnemonic])
      }
      return
    }
    if KnownDifferences.isShortenedBranch(listed.bytes, codeSize, words) {
      known["66 before a near branch: ignored, as by Intel's processors", default: 0] += 1
      return
    }
    let ours = normalization.words(text)
    if Int(instruction.length) != listed.bytes.count {
      note("length \(instruction.length)", listed, text, words)
    } else if instruction.operation == .evex {
      known["EVEX, of which only the length is decoded", default: 0] += 1
    } else if ours.first == words.first, normalization.agree(ours, words) {
      agreed += 1
    } else if let reason = KnownDifferences.otherwise(instruction, listed.bytes, codeSize) {
      known[reason, default: 0] += 1
    } else if ours.first != words.first {
      note("mnemonic", listed, text, words)
    } else {
      note("operands", listed, text, words)
    }
  }

  private mutating func note(_ kind: String, _ listed: ListedInstruction, _ text: String, _ words: [String]) {
    let key = "\(kind) of \(words.first ?? "?")"
    let old = mismatches[key]?.count ?? 0
    let example =
      "\(hexBytes(listed.bytes)): \(text) | \(listed.text.split(separator: "\t").joined(separator: " "))"
    mismatches[key] = (old + 1, mismatches[key]?.example ?? example)
  }

  /// Prints the counts.
  func report(_ title: String) {
    print(
      "\(title): \(count) compared, \(agreed) agree, \(undefined) undefined for both, "
        + "\(known.values.reduce(0, +)) known differences, \(mismatchCount) mismatches")
    for (reason, count) in known.sorted(by: { $0.value > $1.value }) { print("  \(count) × \(reason)") }
    for (kind, mismatch) in mismatches.sorted(by: { $0.value.count > $1.value.count }).prefix(40) {
      print("  MISMATCH \(mismatch.count) × \(kind): \(mismatch.example)")
    }
  }
}
