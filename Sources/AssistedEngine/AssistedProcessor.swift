public import Engine
internal import Host
public import KVMEngine
internal import SoftwareEngine
public import X86

/// A vCPU on KVM that goes to the software engine when KVM cannot go on, and comes back.
///
/// As long as KVM can, nothing here costs more than one comparison for each exit.
public final class AssistedProcessor: Processor, @unchecked Sendable {
  // @unchecked: the vCPU's thread alone uses what changes, or others while it is parked; `kick` goes to
  // both engines, which are made for that.

  @usableFromInline let hardware: HardwareProcessor
  /// The vCPU is on KVM, and has no reason to move before KVM fails.
  @usableFromInline var isAtHome = true
  /// Where the vCPU is.
  var isInSoftware = false {
    didSet { settle() }
  }
  let machine: AssistedMachine
  /// The helper, once it was needed. Set before the vCPU's thread starts, or by that thread; `kick` reads
  /// it under the lock.
  private let helper = Lock<SoftwareProcessor?>(nil)
  /// The same, for the vCPU's own thread.
  var software: SoftwareProcessor?

  /// The state that the vCPU left KVM with.
  var departure = CPUState()
  /// What `requestInterruptWindow` was last told, for a helper that takes over.
  var wantsInterruptWindow = false
  /// Why it left, if KVM could not carry an instruction out.
  var failure: EmulationFailure?
  /// How the helper's work is bounded, and KVM's.
  var patience = Patience() {
    didSet { settle() }
  }
  /// The thread's time and KVM's count of emulated instructions when KVM got the vCPU.
  var turnStart = Patience.Turn(nanoseconds: 0, emulated: 0)
  /// Random moves, for tests.
  var randomMoves: RandomMoves?
  var count = AssistanceCount()
  /// Instructions of the helper when it took over.
  var instructionsBefore: UInt64 = 0
  /// User mode on KVM, where that is all that KVM does.
  var userMode = UserModeRun()

  init(_ hardware: HardwareProcessor, machine: AssistedMachine) {
    self.hardware = hardware
    self.machine = machine
    guard let seed = machine.seed else { return }
    randomMoves = RandomMoves(seed: seed &+ UInt64(hardware.index))
    isAtHome = false
    userMode.credit = 0
  }

  private func settle() { isAtHome = !isInSoftware && randomMoves == nil && patience.turn == nil }

  /// The vCPU's number and local APIC ID.
  public var index: Int { hardware.index }

  /// Runs the guest on whichever engine has it, until something happens that the run loop must answer.
  @inlinable @inline(__always)
  public func run() throws(EngineError) -> VMExit {
    if _fastPath(isAtHome) {
      let exit = try hardware.run()
      if case .emulationFailure(let failure) = exit { return try goOn(after: failure) }
      return exit
    }
    return try runAway()
  }

  /// Which helper there is; made where there is none yet.
  func helperMade() throws(EngineError) -> SoftwareProcessor {
    if let software { return software }
    let made = try machine.makeHelper(index: index)
    software = made
    helper.withLock { $0 = made }
    return made
  }

  /// The engine that has the vCPU.
  var current: any Processor {
    guard isInSoftware, let software else { return hardware }
    return software
  }

  // MARK: Processor

  /// The state on whichever engine has it. What the software engine does not know is as KVM had it.
  public func saveState() throws(EngineError) -> CPUState {
    try isInSoftware && machine.mode != .kernelMode ? completeState() : current.saveState()
  }

  /// Replaces the state where the vCPU is.
  public func loadState(_ state: CPUState) throws(EngineError) { try current.loadState(state) }

  /// Hands an interrupt to the engine that has the vCPU.
  public func inject(interrupt vector: UInt8) throws(EngineError) { try current.inject(interrupt: vector) }

  /// Hands an NMI to the engine that has the vCPU.
  public func injectNMI() throws(EngineError) { try current.injectNMI() }

  /// Asks both engines: one of them has the vCPU when the time comes.
  public func requestInterruptWindow(_ wanted: Bool) {
    wantsInterruptWindow = wanted
    hardware.requestInterruptWindow(wanted)
    software?.requestInterruptWindow(wanted)
  }

  /// As the engine that has the vCPU says.
  public var canAcceptInterrupt: Bool {
    isInSoftware ? current.canAcceptInterrupt : hardware.canAcceptInterrupt
  }

  /// As the engine that has the vCPU says.
  public var interruptsEnabled: Bool { isInSoftware ? current.interruptsEnabled : hardware.interruptsEnabled }

  /// CR8 of the engine that has the vCPU.
  public var taskPriority: UInt8 {
    get { isInSoftware ? software?.taskPriority ?? 0 : hardware.taskPriority }
    set { if isInSoftware { software?.taskPriority = newValue } else { hardware.taskPriority = newValue } }
  }

  /// Tells the engine that has the vCPU; it moves with the state.
  public func setAPICBase(_ value: UInt64) throws(EngineError) { try current.setAPICBase(value) }

  /// For the engine that asked.
  public func completeRegisterRead(_ value: UInt64?) { current.completeRegisterRead(value) }

  /// For the engine that asked.
  public func completeRegisterWrite(accepted: Bool) { current.completeRegisterWrite(accepted: accepted) }

  /// From the time-stamp counter of the engine that has the vCPU.
  public func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64? {
    current.nanoseconds(untilTimeStamp: timeStamp)
  }

  /// RIP on the engine that asked.
  public var instructionPointer: UInt64? { current.instructionPointer }

  /// What either engine refused.
  public var denied: DeniedAccesses {
    var result = hardware.denied
    if let software { result.add(software.denied) }
    return result
  }

  /// On the engine that asked.
  public var hypercallArguments: HypercallArguments { current.hypercallArguments }

  /// For the engine that asked.
  public func completeHypercall(_ result: Int64) { current.completeHypercall(result) }

  /// The guest's clock is the software engine's where that has ring 0, else KVM's.
  public func noteThatItWasPaused() {
    if machine.mode == .kernelMode { software?.noteThatItWasPaused() } else { hardware.noteThatItWasPaused() }
  }

  /// Reaches the vCPU on either engine.
  public func kick() {
    // KVM first: the helper, which answers a kick once for both, must find KVM's sign there.
    hardware.kick()
    helper.withLock { $0 }?.kick()
  }

  /// As the engine that has the vCPU says.
  public func isHaltedForGood() throws(EngineError) -> Bool { try current.isHaltedForGood() }

  /// Changes with either engine's.
  public var activityStamp: UInt64? { hardware.activityStamp }

  /// Whether it sleeps in KVM; in software it never does.
  public var seemsAsleep: Bool { hardware.seemsAsleep }

  /// Binds it to this thread on both engines. KVM's first turn begins.
  public func bindToCurrentThread() {
    hardware.bindToCurrentThread()
    turnStart.nanoseconds = HostClock.threadNanoseconds
  }

  /// What the helper did.
  public var assistance: AssistanceCount? {
    var result = count
    if let software { result.instructions = software.instructionCount }
    return result
  }
}
