public import Engine
public import GuestMemory
public import KVMEngine
public import ProcessorPolicy
internal import SoftwareEngine
internal import X86

/// A virtual machine on KVM with the software engine as its helper: both run the same vCPUs over the same
/// memory, one at a time, and a vCPU moves between them at instruction boundaries.
public final class AssistedMachine: MachineEngine, @unchecked Sendable {
  // @unchecked: set-up is single-threaded; afterwards nothing here changes but inside `hardware`, which
  // the kernel serializes.

  /// What the helper does.
  public enum Mode: Sendable, Equatable {
    /// Instructions that KVM cannot carry out, and what follows them while that pays.
    case onFailure
    /// Everything but user mode. Needs the interrupt controllers in software and a single vCPU.
    case kernelMode
  }

  let hardware: HardwareEngine
  let mode: Mode
  /// Where vCPUs move at random.
  let seed: UInt64?
  let processorCount: Int
  private(set) var memory: GuestMemory?
  private(set) var place = InterruptControllerPlace.engine

  /// A machine on this KVM.
  ///
  /// - Parameter seed: for tests: vCPUs also move where they need not, as this seed says.
  public init(_ hardware: HardwareEngine, mode: Mode, processorCount: Int, seed: UInt64? = nil) {
    self.hardware = hardware
    self.mode = mode
    self.processorCount = processorCount
    self.seed = seed
  }

  /// Makes guest memory visible to both engines.
  public func map(_ memory: GuestMemory) throws(EngineError) {
    self.memory = memory
    if mode == .kernelMode { hardware.prepareForUserModeOnly() }
    try hardware.map(memory)
    hardware.reportEmulationFailuresOfUserMode()
  }

  /// Prepares KVM for them.
  ///
  /// - Throws: where they are to be in the kernel and ring 0 in software.
  public func prepareInterrupts(_ place: InterruptControllerPlace) throws(EngineError) {
    if mode == .kernelMode, place == .engine {
      throw EngineError(
        "with ring 0 in software the interrupt controllers must be there too; leave --irqchip out or use --irqchip software"
      )
    }
    self.place = place
    try hardware.prepareInterrupts(place)
  }

  /// A vCPU on KVM; its helper is made when it is needed.
  public func makeProcessor(index: Int) throws(EngineError) -> AssistedProcessor {
    let processor = AssistedProcessor(try hardware.makeProcessor(index: index), machine: self)
    if mode == .kernelMode { try processor.startInSoftware() }
    return processor
  }

  /// What KVM needs.
  public func finishSetup(_ processors: [AssistedProcessor]) throws(EngineError) {
    // User mode's CPUID follows the software CPU's, and is set before its first instruction.
    if mode == .kernelMode { return }
    try hardware.finishSetup(processors.map(\.hardware))
  }

  /// The software engine's answer where that has ring 0, else KVM's.
  public func explainProcessor() throws(EngineError) -> PolicyExplanation {
    guard mode == .kernelMode else { return try hardware.explainProcessor() }
    return SoftwareMachine.explainProcessor(processorCount: processorCount)
  }

  /// The kernel's controllers, if they are there.
  public var interruptController: (any InterruptController)? { hardware.interruptController }

  /// The helper of a vCPU.
  func makeHelper(index: Int) throws(EngineError) -> SoftwareProcessor {
    guard let memory else {
      throw EngineError("vCPU \(index) cannot get a helper before the machine has memory")
    }
    let identification = mode == .kernelMode ? nil : try hardware.identification(ofProcessor: index)
    return try SoftwareProcessor.assistant(
      index: index, memory: memory, identification: identification, processorCount: processorCount)
  }
}
