internal import Engine
internal import X86

/// Brings what a vCPU's local interrupt controller has to its processor, where that controller is ours
/// and not the engine's.
///
/// The controller wakes or kicks the vCPU whenever it has something new, so that the run loop comes here
/// on `.interrupted` and on rare exits only. Whatever it finds then, `prepareEntry` hands over before the
/// guest is entered again. Only the vCPU's thread uses it.
final class InterruptDelivery: @unchecked Sendable {
  // @unchecked: see above.

  private let processor: any Processor
  private let local: any LocalInterruptController
  /// The vCPU does not run: it waits for a start-up IPI.
  private var waitsForStartup: Bool
  /// The vCPU is in HLT.
  private var isHalted = false
  /// What the vCPU does where the engine cannot know it, because it does not run there: it halts or waits.
  private(set) var activity = ActivityState.running
  /// The state that INIT left, while it waits; nil before the first INIT.
  private var initialized: CPUState?

  init(processor: any Processor, local: any LocalInterruptController) {
    self.processor = processor
    self.local = local
    waitsForStartup = processor.index != 0
  }

  /// How a vCPU sleeps that has nothing to execute.
  struct Sleep {
    /// Only another vCPU can wake it. Where all sleep so, none ever will be.
    var isForGood: Bool
  }

  /// Hands over what waits, before the guest is entered.
  ///
  /// - Returns: nil where it can be; else the vCPU sleeps until it is woken, and comes here again.
  func prepareEntry() throws(EngineError) -> Sleep? {
    if local.hasSignals { try take(local.takeSignals()) }
    if waitsForStartup {
      activity = initialized == nil ? .uninitialized : .initReceived
      return Sleep(isForGood: true)
    }
    if isHalted {
      let isInterruptible = processor.interruptsEnabled
      guard isInterruptible, local.hasInterrupt else { return Sleep(isForGood: !isInterruptible) }
      isHalted = false
    }
    activity = .running
    local.taskPriority = processor.taskPriority
    if local.hasInterrupt, processor.canAcceptInterrupt, let vector = local.acknowledge() {
      try processor.inject(interrupt: vector)
    }
    processor.requestInterruptWindow(local.hasInterrupt)
    return nil
  }

  /// HLT: the vCPU waits for an interrupt that the guest takes, an NMI, or INIT.
  ///
  /// - Returns: as `prepareEntry`.
  func halt() throws(EngineError) -> Sleep? {
    isHalted = true
    activity = .halted
    local.taskPriority = processor.taskPriority
    return try prepareEntry()
  }

  /// RDMSR of a register of the local controller.
  func read(_ register: MSR) {
    local.taskPriority = processor.taskPriority
    processor.completeRegisterRead(local.read(register))
  }

  /// WRMSR of a register of the local controller.
  func write(_ register: MSR, _ value: UInt64) throws(EngineError) {
    local.taskPriority = processor.taskPriority
    let accepted = local.write(register, value)
    processor.completeRegisterWrite(accepted: accepted)
    guard accepted else { return }
    processor.taskPriority = local.taskPriority
    if register == .apicBase { try processor.setAPICBase(value) }
  }

  private func take(_ signals: ProcessorSignals) throws(EngineError) {
    if signals.initialize { try initialize() }
    if let vector = signals.startupVector, waitsForStartup { try start(at: vector) }
    if signals.nmi, !waitsForStartup {
      isHalted = false
      try processor.injectNMI()
    }
  }

  private func initialize() throws(EngineError) {
    // A second INIT finds nothing to do.
    if waitsForStartup { return }
    isHalted = false
    var state = try processor.saveState()
    state.initialize()
    // The bootstrap processor does not wait: it goes to the reset vector (SDM Vol. 3A, 9.4.2).
    if processor.index == 0 { return try processor.loadState(state) }
    initialized = state
    waitsForStartup = true
  }

  private func start(at vector: UInt8) throws(EngineError) {
    var state = initialized ?? .applicationProcessor()
    state.start(atStartupVector: vector)
    try processor.loadState(state)
    initialized = nil
    waitsForStartup = false
  }
}
