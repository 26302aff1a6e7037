internal import SoftwareEngine
internal import X86

/// The CPUs that are compared, and the memory that each has: the host's, and each tier of the engine.
final class Oracle {
  let native: NativeExecutor
  let engines: [InterpretedExecutor]
  let background = MemoryBackground()
  /// What became of the last case on the host.
  private(set) var hostResult = TestResult()
  /// The same on the engine's tier that disagreed, or the last.
  private(set) var engineResult = TestResult()
  private(set) var disagreeing = 0

  init(native: NativeExecutor, codeSize: CodeSize) throws(OracleError) {
    self.native = native
    var engines = [try InterpretedExecutor(codeSize, tier: .plain)]
    // Only 64-bit code has operations of its own there.
    if codeSize == .bits64 { engines.append(try InterpretedExecutor(codeSize, tier: .threaded)) }
    self.engines = engines
  }

  /// Runs a case everywhere and compares.
  func check(_ test: TestCase) -> Difference {
    background.prepare(native.dataAddress, for: test)
    native.run(test, into: &hostResult)
    var tolerated: Difference = []
    for index in engines.indices where index == 0 || InstructionProbe.hasThreadedOperation(test.instruction) {
      let difference = check(test, on: engines[index])
      disagreeing = index
      if difference.isFailure { return difference }
      tolerated.formUnion(difference)
    }
    return tolerated
  }

  private func check(_ test: TestCase, on engine: InterpretedExecutor) -> Difference {
    background.prepare(engine.dataAddress, for: test)
    engine.run(test, into: &engineResult)
    let isMemoryEqual = HostMemory.areEqual(
      native.dataAddress, engine.dataAddress, byteCount: ArenaLayout.dataByteCount)
    return compareAll(test, host: hostResult, engine: engineResult, isMemoryEqual: isMemoryEqual)
  }
}
