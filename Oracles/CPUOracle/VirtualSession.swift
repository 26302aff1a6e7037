internal import SoftwareEngine
internal import X86

/// A run of the oracle that compares the engine with ring 3 of a guest on KVM.
final class VirtualSession {
  let catalog: FormCatalog
  private let executor: VirtualExecutor
  private let engines: [InterpretedExecutor]
  private let background = MemoryBackground()
  private let seed: UInt64
  private var counts: [UInt64]
  private(set) var failures = FailureLog()
  private(set) var caseCount: UInt64 = 0
  private var answeredByKVM: UInt64 = 0
  private var hostResult = TestResult()
  private var engineResult = TestResult()

  init(seed: UInt64, onlyForm: String?) throws(OracleError) {
    self.seed = seed
    catalog = FormCatalog(.bits64) { Reach.obstacle($0, .bits64, in: .guest) == nil }.filtered(by: onlyForm)
    counts = [UInt64](repeating: 0, count: catalog.forms.count)
    executor = try VirtualExecutor(background: background)
    engines = [
      try InterpretedExecutor(.bits64, tier: .plain, place: .guest),
      try InterpretedExecutor(.bits64, tier: .threaded, place: .guest),
    ]
  }

  /// Runs so many cases, a batch at a time.
  func run(_ count: UInt64) throws(OracleError) {
    var generator = CaseGenerator(catalog: catalog, codeSize: .bits64, seed: seed, place: .guest)
    guard !catalog.forms.isEmpty else { return }
    var number: UInt64 = 0
    while number < count {
      var tests: [TestCase] = []
      var forms: [(form: Int, number: UInt64)] = []
      while tests.count < Int(VirtualLayout.slotCount), number < count {
        var test = TestCase()
        let form = generator.make(number, &test)
        if form >= 0 {
          // The guest writes whole numbers.
          test.dropPartialPatches()
          tests.append(test)
          forms.append((form, number))
        }
        number += 1
      }
      try executor.run(tests)
      for (index, test) in tests.enumerated() {
        try check(test, index, forms[index].form, forms[index].number)
      }
    }
  }

  private func check(_ test: TestCase, _ index: Int, _ form: Int, _ number: UInt64) throws(OracleError) {
    caseCount += 1
    counts[form] += 1
    executor.readResult(index, of: test, into: &hostResult)
    for engine in engines where engine.isPlain || InstructionProbe.hasThreadedOperation(test.instruction) {
      background.prepare(engine.dataAddress, for: test)
      engine.run(test, into: &engineResult)
      var slot = index
      if hostResult.ending.vector == 6, engineResult.ending.vector == nil {
        // A KVM that shadows page tables may have had to emulate the instruction, because of its page and
        // not for what it is. Once more, alone.
        try executor.run([test])
        slot = 0
        executor.readResult(slot, of: test, into: &hostResult)
      }
      let isMemoryEqual = MemoryDigest.compute(engine.dataAddress) == executor.digest(slot)
      let difference = compareAll(test, host: hostResult, engine: engineResult, isMemoryEqual: isMemoryEqual)
      if isAnsweredByKVM(test) {
        answeredByKVM += 1
        return
      }
      if difference.isFailure {
        failures.add(form: form) {
          CasePrinter(hostName: "KVM", engineName: engine.name).text(
            test, number: number, difference: difference, host: hostResult, engine: engineResult, memory: [])
        }
        return
      }
    }
  }

  /// Whether KVM and not the CPU has answered. A KVM that lacks hardware support takes every #GP for an
  /// instruction that it has to emulate: what its emulator does not know becomes #UD, FXSAVE need not be
  /// aligned there, and CR4.TSD is not the CPU's.
  private func isAnsweredByKVM(_ test: TestCase) -> Bool {
    let isGeneralProtection = engineResult.ending.vector == 13 || engineResult.ending.vector == 12
    if isGeneralProtection, hostResult.ending.vector == 6 || hostResult.ending.vector == 14 { return true }
    // An access that is not aligned and reaches into a page that is not there is emulated, too.
    if engineResult.ending.vector == 17, hostResult.ending.vector == 6 { return true }
    guard isGeneralProtection, hostResult.ending.vector == nil else { return false }
    switch test.instruction.operation {
    case .rdtsc, .rdtscp, .fxsave, .fxrstor: return true
    default: return false
    }
  }

  /// The outcome, in words.
  func report(shownFailures: Int) {
    let made = counts.count { $0 > 0 }
    print(
      "ring 3 on KVM: \(caseCount) cases, \(made) of \(counts.count) forms; \(failures.count) failures in "
        + "\(failures.entries.count) forms; \(answeredByKVM) cases were KVM's to answer")
    for (form, entry) in failures.entries.sorted(by: { $0.key < $1.key }).prefix(shownFailures) {
      print("\n\(catalog.forms[form].name): \(entry.count) of \(counts[form]) cases fail\n\(entry.text)")
    }
  }
}
