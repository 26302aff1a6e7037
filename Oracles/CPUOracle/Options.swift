/// What the command line asks for.
struct Options {
  var seed: UInt64?
  var cases: UInt64 = 5_000_000
  var codeSizes: [String] = ["64", "32"]
  var onlyForm: String?
  var bytes: [UInt8]?
  var caseNumber: UInt64?
  var minutes: UInt64?
  var listsForms = false
  var usesKVM = false
  var guest: String?
  var guestMode: String?
  var shownFailures = 20
  var formsPath: String?

  static let help = """
    cpu-oracle compares the software engine with this machine's CPU, instruction by instruction.

      --cases N        how many test cases, over all modes (default 5000000)
      --minutes N      go on for so long instead
      --seed N         the seed of the random numbers (default: from the clock; it is printed)
      --mode 64|32     only code of this size (default: both)
      --kvm            compare with ring 3 of a guest on KVM instead of this process
      --guest FILE     execute a whole guest on KVM and in software, an instruction at a time
      --guest-mode M   how it is started: real, protected or long (default: by its content)
      --form TEXT      only forms whose name contains TEXT, such as "imul" or "0f af"
      --case N         only case N of the seed, with all registers
      --bytes HEX      only this instruction, with random registers and memory
      --failures N     show at most N failing forms (default 20)
      --boot-forms F   report which instruction forms of list F were covered
      --list-forms     print the forms that are tested and those that are not, and stop
    """

  init(_ arguments: [String]) throws(OracleError) {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      switch option {
      case "--seed": seed = try Self.number(option, &rest)
      case "--cases": cases = try Self.number(option, &rest)
      case "--minutes": minutes = try Self.number(option, &rest)
      case "--case": caseNumber = try Self.number(option, &rest)
      case "--failures": shownFailures = Int(clamping: try Self.number(option, &rest))
      case "--mode": codeSizes = [try Self.value(option, &rest)]
      case "--form": onlyForm = try Self.value(option, &rest)
      case "--boot-forms": formsPath = try Self.value(option, &rest)
      case "--bytes": bytes = try Self.hexadecimalBytes(try Self.value(option, &rest))
      case "--guest": guest = try Self.value(option, &rest)
      case "--guest-mode": guestMode = try Self.value(option, &rest)
      case "--kvm": usesKVM = true
      case "--list-forms": listsForms = true
      default: throw .usage("There is no option \(option).\n\n\(Self.help)")
      }
    }
    guard codeSizes.allSatisfy({ $0 == "64" || $0 == "32" }) else { throw .usage("--mode is 64 or 32.") }
  }

  private static func value(_ option: String, _ rest: inout ArraySlice<String>) throws(OracleError) -> String
  {
    guard let value = rest.popFirst() else { throw .usage("\(option) needs a value.") }
    return value
  }

  private static func number(_ option: String, _ rest: inout ArraySlice<String>) throws(OracleError) -> UInt64
  {
    let text = try value(option, &rest)
    let number = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
    guard let number else { throw .usage("\(option) needs a number, not \(text).") }
    return number
  }

  private static func hexadecimalBytes(_ text: String) throws(OracleError) -> [UInt8] {
    let digits = Array(text.filter { !$0.isWhitespace })
    guard digits.count % 2 == 0, !digits.isEmpty, digits.count <= 30 else {
      throw .usage("--bytes needs one to fifteen bytes in hexadecimal.")
    }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let byte = UInt8(String(digits[index...index + 1]), radix: 16) else {
        throw .usage("--bytes needs hexadecimal digits.")
      }
      bytes.append(byte)
    }
    return bytes
  }
}
