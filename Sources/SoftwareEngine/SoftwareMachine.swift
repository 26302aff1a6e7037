internal import CLinux
public import Engine
public import GuestMemory
internal import Host

/// A virtual machine whose vCPUs are executed in software: works on every host.
public final class SoftwareMachine: MachineEngine, @unchecked Sendable {
  // @unchecked: set-up is single-threaded; afterwards what vCPUs share is used by the one thread that
  // runs them all.

  private var memory: PhysicalMemory?
  private var codeCache: CodeCache?
  private let native: NativeCode
  private let processorCount: Int
  /// Where the time-stamp counters of all vCPUs start.
  private let timeStampStart = swiftvm_time_stamp()

  /// A machine for `processorCount` vCPUs, without memory as yet.
  public convenience init(processorCount: Int) {
    self.init(processorCount: processorCount, native: NativeCode())
  }

  /// - Parameter native: what is executed by the host's CPU.
  init(processorCount: Int, native: NativeCode) {
    self.processorCount = processorCount
    self.native = native
  }

  /// Takes guest memory as it is: instructions reach it by host address.
  ///
  /// - Throws: where the host has no memory for the map of decoded pages, or allows no code to be made at
  ///   run time.
  public func map(_ memory: GuestMemory) throws(EngineError) {
    try native.requireAvailability()
    self.memory = PhysicalMemory(memory)
    let end = memory.regions.map { $0.base.rawValue &+ $0.byteCount }.max() ?? 0
    do throws(SystemError) {
      codeCache = try CodeCache(memoryEnd: end, native: native)
    } catch {
      throw EngineError(error.description, errno: error.errno)
    }
  }

  /// There are no controllers in this engine: they are devices.
  ///
  /// - Throws: where they are asked for in the engine.
  public func prepareInterrupts(_ place: InterruptControllerPlace) throws(EngineError) {
    guard place == .software else {
      throw EngineError(
        "the software engine has no interrupt controllers of its own; leave --irqchip out or use --irqchip software"
      )
    }
  }

  /// A vCPU. vCPU 0 starts at once; the run loop has the others wait for a start-up IPI.
  public func makeProcessor(index: Int) throws(EngineError) -> SoftwareProcessor {
    guard let memory, let codeCache else {
      throw EngineError("vCPU \(index) cannot be made before the machine has memory")
    }
    let model = ProcessorModel(
      index: index, processorCount: processorCount, timeStampStart: timeStampStart)
    let interpreter = Interpreter(index: index, memory: memory, model: model, codeCache: codeCache)
    return SoftwareProcessor(index: index, interpreter: interpreter)
  }

  /// Nothing is left to do.
  public func finishSetup(_ processors: [SoftwareProcessor]) throws(EngineError) {}

  /// Several vCPUs run in turns: no two instructions of the machine are executed at the same time, and their
  /// order is the same each time (docs/decisions/0020-turns.md).
  public var runsInTurns: Bool { processorCount > 1 }

  /// None: see `prepareInterrupts`.
  public var interruptController: (any InterruptController)? { nil }
}
