internal import Boot
internal import CLinux
internal import X86

/// The command: see `Options.help`.
@main
enum Main {
  static func main() {
    do {
      exit(try run(Options(Array(CommandLine.arguments.dropFirst()))) ? 0 : 1)
    } catch {
      print("cpu-oracle: \(error)")
      exit(error.isUsage ? 64 : 69)
    }
  }

  /// Whether all CPUs agreed.
  private static func run(_ options: Options) throws(OracleError) -> Bool {
    if let path = options.guest { return try runInLockstep(path, options) }
    let seed = options.seed ?? milliseconds() &* 0x9E37_79B9_7F4A_7C15
    print("seed 0x\(String(seed, radix: 16))")
    if options.usesKVM { return try runOnKVM(options, seed: seed) }
    let native = try NativeExecutor()
    let start = milliseconds()
    var failureCount = 0
    var caseCount: UInt64 = 0
    let sizes: [CodeSize] = options.codeSizes.map { $0 == "64" ? .bits64 : .bits32 }
    for size in sizes {
      let session = try Session(size, seed: seed, native: native, onlyForm: options.onlyForm)
      if options.listsForms {
        for form in session.catalog.forms { print(form.name) }
        continue
      }
      // Three quarters of the cases in the mode that matters most.
      let isOnly = sizes.count == 1
      let share =
        isOnly ? options.cases : size == .bits64 ? options.cases - options.cases / 4 : options.cases / 4
      if let bytes = options.bytes {
        session.run(bytes: bytes, cases: min(share, 100_000))
      } else if let number = options.caseNumber {
        session.run(from: number) { $0 == 1 }
      } else if let minutes = options.minutes {
        let began = milliseconds()
        let limit = minutes * 60_000 / UInt64(sizes.count)
        session.run(from: 0) { $0 & 1023 == 0 && milliseconds() - began >= limit }
      } else {
        session.run(from: 0) { $0 == share }
        if options.onlyForm == nil { session.runUndefined(share / 20) }
      }
      if size == .bits64, let path = options.formsPath { try BootForms(path: path).report(session.coverage) }
      session.report(shownFailures: options.shownFailures)
      failureCount += session.failureCount
      caseCount += session.caseCount
    }
    let elapsed = max(milliseconds() - start, 1)
    print(
      "\(caseCount) cases in \(elapsed) ms (\(caseCount / elapsed) thousand a second), \(failureCount) failures"
    )
    return failureCount == 0
  }

  private static func runInLockstep(_ path: String, _ options: Options) throws(OracleError) -> Bool {
    let mode = options.guestMode.flatMap { BootRequest.Mode(rawValue: $0) }
    if let wanted = options.guestMode, mode == nil {
      throw .usage("--guest-mode is real, protected or long, not \(wanted).")
    }
    let session = try LockstepSession(image: try BootForms.readFile(path), name: path, mode: mode)
    let ending = try session.run(atMost: min(options.cases, 20_000))
    let counts = "\(session.count) instructions equal on KVM and in software"
    switch ending {
    case .finished(let reason): print("\(path): \(counts); \(reason)")
    case .limit: print("\(path): \(counts); the limit is reached")
    case .difference(let text):
      print("\(path): \(counts), then they differ\n\(text)")
      return false
    }
    return true
  }

  private static func runOnKVM(_ options: Options, seed: UInt64) throws(OracleError) -> Bool {
    let start = milliseconds()
    let session = try VirtualSession(seed: seed, onlyForm: options.onlyForm)
    try session.run(options.cases)
    session.report(shownFailures: options.shownFailures)
    print("\(session.caseCount) cases in \(milliseconds() - start) ms")
    return session.failures.count == 0
  }

  private static func milliseconds() -> UInt64 {
    var time = timespec()
    // Sound: the variable is ours for the time of the call.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
  }
}

extension OracleError {
  var isUsage: Bool { if case .usage = self { true } else { false } }
}
