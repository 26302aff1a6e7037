/// Compares what a guest printed with what it should print.
enum OutputComparison {
  /// Stands for any text within a line: the name of the processor, for instance.
  static let wildcard = "{any}"

  /// Nil if the output is as expected, else a sentence about the first line that is not.
  static func difference(of output: String, from expected: String) -> String? {
    let outputLines = output.split(separator: "\n", omittingEmptySubsequences: false)
    let expectedLines = expected.split(separator: "\n", omittingEmptySubsequences: false)
    for number in 0..<max(outputLines.count, expectedLines.count) {
      guard number < outputLines.count else {
        return "The output ends before line \(number + 1), which should be \"\(expectedLines[number])\"."
      }
      guard number < expectedLines.count else {
        return "The output should end before line \(number + 1), which is \"\(outputLines[number])\"."
      }
      if !matches(outputLines[number], pattern: expectedLines[number]) {
        return
          "Line \(number + 1) is \"\(outputLines[number])\" and should be \"\(expectedLines[number])\"."
      }
    }
    return nil
  }

  /// Whether a line is the pattern with some text for each wildcard.
  private static func matches(_ line: Substring, pattern: Substring) -> Bool {
    var parts = pattern.split(separator: wildcard, omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count > 1 else { return line == pattern }
    guard line.hasPrefix(first) else { return false }
    var rest = line.dropFirst(first.count)
    let last = parts.removeLast()
    for part in parts.dropFirst() {
      guard let found = rest.firstRange(of: part) else { return false }
      rest = rest[found.upperBound...]
    }
    return rest.hasSuffix(last)
  }
}
