internal import Glibc
internal import X86

/// The command: see `help`.
@main
enum Main {
  static let help = """
    disassembly-oracle compares the instruction decoder and formatter with llvm-objdump.

      disassembly-oracle [--limit N] [--mode 16|32|64] FILE...   the code of these object files
      disassembly-oracle --random N [--seed N]                   N random encodings in each mode

    Prints what agreed, which known differences there were, and the mismatches. The exit status is
    1 if there are any.
    """

  static func main() {
    do throws(OracleError) {
      exit(try run(Array(CommandLine.arguments.dropFirst())) ? 0 : 1)
    } catch {
      print("disassembly-oracle: \(error)")
      if case .usage = error { exit(64) }
      exit(69)
    }
  }

  /// Whether there were no mismatches.
  private static func run(_ arguments: [String]) throws(OracleError) -> Bool {
    var rest = arguments[...]
    var files: [String] = []
    var limit = Int.max
    var randomCount = 0
    var seed = UInt64(time(nil))
    var codeSize = CodeSize.bits64
    while let argument = rest.popFirst() {
      switch argument {
      case "--limit": limit = try number(argument, &rest)
      case "--random": randomCount = try number(argument, &rest)
      case "--seed": seed = UInt64(try number(argument, &rest))
      case "--mode":
        switch try number(argument, &rest) {
        case 16: codeSize = .bits16
        case 32: codeSize = .bits32
        case 64: codeSize = .bits64
        default: throw .usage("--mode is 16, 32 or 64.")
        }
      case _ where argument.hasPrefix("-"): throw .usage("There is no option \(argument).\n\n\(help)")
      default: files.append(argument)
      }
    }
    guard !files.isEmpty || randomCount > 0 else { throw .usage(help) }
    var isGood = true
    for file in files where try !compare(file, codeSize, limit: limit) { isGood = false }
    if randomCount > 0 {
      print("seed \(seed)")
      for size in [CodeSize.bits64, .bits32, .bits16] {
        if try !compareRandom(size, count: randomCount, seed: seed) { isGood = false }
      }
    }
    return isGood
  }

  private static func number(_ option: String, _ rest: inout ArraySlice<String>) throws(OracleError) -> Int {
    guard let text = rest.popFirst(), let number = Int(text), number >= 0 else {
      throw .usage("\(option) needs a number.")
    }
    return number
  }

  private static func compare(_ file: String, _ codeSize: CodeSize, limit: Int) throws(OracleError) -> Bool {
    var comparison = Comparison(codeSize)
    var listing = try ReferenceListing(file, codeSize)
    while comparison.count < limit, let listed = listing.next() {
      comparison.compare(listed, bytes: listed.bytes)
    }
    guard comparison.count > 0 else { throw .failed("llvm-objdump lists no instructions of \(file).") }
    comparison.report(file)
    return comparison.mismatchCount == 0
  }

  private static func compareRandom(_ codeSize: CodeSize, count: Int, seed: UInt64) throws(OracleError)
    -> Bool
  {
    let encodings = RandomEncodings(codeSize, count: count, seed: seed)
    var comparison = Comparison(codeSize)
    let folder = try encodings.assemble()
    defer { RandomEncodings.remove(folder) }
    var listing = try ReferenceListing(RandomEncodings.object(in: folder), codeSize)
    var lastSlot = -1
    while let listed = listing.next() {
      // Only the first of each symbol: what follows it are its random bytes' rest.
      guard let slot = listed.slot, slot != lastSlot, slot < encodings.slots.count else { continue }
      lastSlot = slot
      comparison.compare(listed, bytes: Array(encodings.slots[slot].prefix(15)))
    }
    comparison.report("\(8 * Int(codeSize.rawValue))-bit random encodings")
    return comparison.mismatchCount == 0 && comparison.count == count
  }
}
