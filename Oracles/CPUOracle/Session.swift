internal import CLinux
internal import SoftwareEngine
internal import X86

/// A run of the oracle in one mode of the CPU.
final class Session {
  let codeSize: CodeSize
  let catalog: FormCatalog
  private let oracle: Oracle
  private let seed: UInt64
  private var counts: [UInt64]
  private var failures = FailureLog()
  private(set) var coverage = EncodingCoverage()
  private(set) var caseCount: UInt64 = 0
  private var faultCount: UInt64 = 0
  private var maskedCounts = [UInt64](repeating: 0, count: 4096)
  private var maskedCount: UInt64 = 0
  private var maskedPointerCount: UInt64 = 0
  private var undefinedCount: UInt64 = 0

  init(_ codeSize: CodeSize, seed: UInt64, native: NativeExecutor, onlyForm: String?) throws(OracleError) {
    self.codeSize = codeSize
    self.seed = seed
    catalog = FormCatalog(codeSize) { Reach.obstacle($0, codeSize, in: .process) == nil }.filtered(
      by: onlyForm)
    counts = [UInt64](repeating: 0, count: catalog.forms.count)
    oracle = try Oracle(native: native, codeSize: codeSize)
  }

  var failureCount: Int { failures.count }

  /// Runs cases until `isDone` says so after so many.
  func run(from first: UInt64, until isDone: (UInt64) -> Bool) {
    var generator = CaseGenerator(catalog: catalog, codeSize: codeSize, seed: seed)
    var test = TestCase()
    var number = first
    guard !catalog.forms.isEmpty else { return }
    while !isDone(number &- first) {
      let form = generator.make(number, &test)
      if form >= 0 {
        counts[form] += 1
        check(test, form: form, number: number)
      }
      number += 1
    }
  }

  /// Runs encodings that the decoder refuses: the host must refuse them in the same way.
  func runUndefined(_ count: UInt64) {
    var generator = CaseGenerator(catalog: catalog, codeSize: codeSize, seed: seed)
    var test = TestCase()
    for number in 0..<count where generator.makeUndefined(number, &test) {
      undefinedCount += 1
      let difference = oracle.check(test)
      guard difference.isFailure else { continue }
      let text = CasePrinter(engineName: oracle.engines[oracle.disagreeing].name).text(
        test, number: nil, difference: difference, host: oracle.hostResult, engine: oracle.engineResult,
        memory: [])
      // One for each opcode is enough.
      failures.add(form: Self.undefinedForms + Int(generator.undefinedOpcode)) { text }
    }
  }

  /// Numbers above those of all forms, for encodings that have none.
  private static let undefinedForms = 1 << 20

  /// Runs a given instruction with random values.
  func run(bytes: [UInt8], cases: UInt64) {
    var generator = CaseGenerator(catalog: catalog, codeSize: codeSize, seed: seed)
    var test = TestCase()
    for number in 0..<cases where generator.make(bytes, number: number, &test) {
      check(test, form: 0, number: number)
    }
  }

  private func check(_ test: TestCase, form: Int, number: UInt64) {
    caseCount += 1
    let difference = oracle.check(test)
    if oracle.hostResult.ending.vector != nil { faultCount += 1 }
    coverage.add(test)
    if difference.contains(.undefinedFlags) {
      maskedCount += 1
      maskedCounts[Int(test.instruction.operation.rawValue) & 4095] += 1
    }
    if difference.contains(.x87Pointers) { maskedPointerCount += 1 }
    guard difference.isFailure else { return }
    failures.add(form: form) {
      let small = oracle.shrink(test, failingWith: difference)
      let engine = oracle.engines[oracle.disagreeing]
      return CasePrinter(engineName: engine.name).text(
        small, number: number, difference: difference, host: oracle.hostResult, engine: oracle.engineResult,
        memory: describeMemory(host: oracle.native.dataAddress, engine: engine.dataAddress))
    }
  }

  /// The outcome, in words.
  func report(shownFailures: Int) {
    let name = codeSize == .bits64 ? "64-bit mode" : "32-bit code"
    let missed = counts.indices.filter { counts[$0] == 0 }
    print(
      "\(name): \(caseCount) cases, \(counts.count - missed.count) of \(counts.count) forms, "
        + "\(faultCount) faults, \(undefinedCount) undefined encodings; \(failures.count) failures in "
        + "\(failures.entries.count) forms")
    if maskedCount > 0 {
      let operations = Operation.allCases.filter { maskedCounts[Int($0.rawValue) & 4095] > 0 }
        .map { "\($0) \(maskedCounts[Int($0.rawValue) & 4095])" }
      print(
        "  undefined flags unlike the host's in \(maskedCount) cases: \(operations.joined(separator: ", "))")
    }
    if maskedPointerCount > 0 {
      print("  x87's last instruction unlike the host's in \(maskedPointerCount) cases")
    }
    if !missed.isEmpty {
      print("  not made: " + missed.prefix(40).map { catalog.forms[$0].name }.joined(separator: "; "))
    }
    reportFailures(shownFailures)
  }

  /// The failures by operation, and of as many operations as are wanted an example.
  private func reportFailures(_ shownFailures: Int) {
    let forms = failures.entries.keys.sorted { (name($0), $0) < (name($1), $1) }
    let operations = Dictionary(grouping: forms, by: operationName)
    for operation in operations.keys.sorted() {
      let ofOperation = operations[operation] ?? []
      let failed = ofOperation.reduce(0) { $0 + (failures.entries[$1]?.count ?? 0) }
      let cases = ofOperation.reduce(0) { $0 + ($1 < counts.count ? counts[$1] : caseCount) }
      print("  \(operation): \(failed) of \(cases) cases fail, in \(ofOperation.count) forms")
    }
    for operation in operations.keys.sorted().prefix(shownFailures) {
      guard let form = operations[operation]?.first, let entry = failures.entries[form] else { continue }
      print("\n\(name(form)):\n\(entry.text)")
    }
  }

  private func name(_ form: Int) -> String {
    form < catalog.forms.count
      ? catalog.forms[form].name
      : form < Self.undefinedForms
        ? "given bytes" : "undefined \(hexadecimal(UInt64(form - Self.undefinedForms), digits: 3))"
  }

  private func operationName(_ form: Int) -> String {
    form < catalog.forms.count ? catalog.forms[form].operation.mnemonic : name(form)
  }
}
