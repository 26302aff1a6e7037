/// Reads a well-formed `swiftvm run` line without the argument parser.
///
/// Loading the argument parser's machinery takes longer than creating a virtual machine and more
/// memory than the rest of the VMM; see docs/decisions. What is not plainly right here is left to
/// the parser, which explains it.
enum DirectArguments {
  /// The options of `words` (those after `run`), or nil where the parser should read them.
  ///
  /// - Throws: `RunOptions.UsageError` for a value that cannot be read.
  static func parse(_ words: ArraySlice<String>) throws(RunOptions.UsageError) -> RunOptions? {
    var options = RunOptions()
    var image: String?
    var guestArguments: [String] = []
    var index = words.startIndex
    while index < words.endIndex {
      let word = words[index]
      index += 1
      if word == "--" {
        guestArguments = Array(words[index...])
        break
      }
      guard word.hasPrefix("-") else {
        if image != nil { return nil }
        image = word
        continue
      }
      guard word.hasPrefix("--") else { return nil }
      let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      if let flag = RunOptions.Switch(rawValue: name), parts.count == 1 {
        options.apply(flag)
      } else if let option = RunOptions.Option(rawValue: name) {
        if parts.count == 2 {
          // Hardly meant: let the parser say that the value is missing.
          if parts[1].isEmpty { return nil }
          try options.apply(option, String(parts[1]))
        } else {
          // A word that looks like an option is hardly a value: let the parser say so.
          guard index < words.endIndex, !words[index].hasPrefix("-") else { return nil }
          try options.apply(option, words[index])
          index += 1
        }
      } else {
        return nil
      }
    }
    options.apply(image: image, guestArguments: guestArguments)
    return options
  }
}
