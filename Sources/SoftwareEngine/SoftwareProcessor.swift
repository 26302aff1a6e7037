public import Engine
internal import Synchronization
public import X86

/// A vCPU executed in software.
///
/// The thread that runs it is the only one to use it, but for `kick` and the questions of the halt
/// watch, and for `saveState` and `isHaltedForGood` while that thread is parked.
public final class SoftwareProcessor: Processor, @unchecked Sendable {
  // @unchecked: the interpreter is touched by the vCPU's thread alone, or while it is parked; what
  // other threads set is atomic.

  /// The vCPU's number and initial local APIC ID.
  public let index: Int
  let interpreter: Interpreter
  let isKicked = Atomic<Bool>(false)
  /// How often it went to sleep.
  private let haltCount = Atomic<UInt64>(0)
  private let isAsleep = Atomic<Bool>(false)
  /// How often devices had written to memory when code was last compared with it.
  private var foreignWrites: UInt64 = 0
  /// What `inject` handed over.
  private var injectedInterrupt: UInt8?

  /// Instructions that are left of the vCPU's turn; without `beginTurn` there is no end to it.
  private var turnRest = Int64.max

  /// Instructions between two looks at what other threads want: about 0.1 ms. A turn has as many.
  package static let quantum: Int64 = 16_384

  init(index: Int, interpreter: Interpreter) {
    self.index = index
    self.interpreter = interpreter
  }

  /// From now on `run()` executes as many instructions as a turn has, then reports `.turnOver`.
  public func beginTurn() { turnRest = Self.quantum }

  /// Runs the guest until something happens that the run loop must answer.
  public func run() throws(EngineError) -> VMExit {
    isAsleep.store(false, ordering: .relaxed)
    if interpreter.activity == .halted { interpreter.activity = .running }
    // An instruction that has begun to talk to devices is finished before anything else.
    if interpreter.deviceAccesses.isUnderWay, !interpreter.hasPendingEvents,
      let exit = advanceInTurn(by: 1, isExact: true)
    {
      return exit
    }
    while true {
      takeEvents()
      if let exit = takeExit() { return exit }
      // Before the end of the turn: who asked the machine to stop in an exit of this vCPU is found out by that.
      if isKicked.exchange(false, ordering: .acquiring) { return .interrupted }
      if interpreter.wantsInterruptWindow, canAcceptInterrupt { return .interruptWindow }
      if turnRest <= 0 { return .turnOver }
      noteForeignWrites()
      // How long a turn is must not depend on where blocks begin and end.
      let isLast = turnRest <= Self.quantum
      if let exit = advanceInTurn(by: isLast ? turnRest : Self.quantum, isExact: isLast) { return exit }
      interpreter.looksUpSoon = false
    }
  }

  /// The same as `advance`, and counts what the turn has left.
  private func advanceInTurn(by count: Int64, isExact: Bool) -> VMExit? {
    let exit = advance(by: count, isExact: isExact)
    if turnRest == .max { return exit }
    // At least one: an event that cannot be delivered must not make a turn endless.
    turnRest &-= max(count &- interpreter.core.budget, exit == nil ? 1 : 0)
    if interpreter.yieldsTurn { turnRest = 0 }
    interpreter.yieldsTurn = false
    return exit
  }

  /// Executes up to `count` instructions. Nil: go on.
  func advance(by count: Int64, isExact: Bool) -> VMExit? {
    switch interpreter.execute(atMost: count, isExact: isExact) {
    case .budget, .attention: return nil
    case .exit: return takeExit()
    }
  }

  /// Has decoded code compared with memory where a device may have written to it.
  func noteForeignWrites() {
    let count = interpreter.memory.writeCount
    if count == foreignWrites { return }
    foreignWrites = count
    interpreter.codeCache.memoryMayHaveChanged()
  }

  /// What the interpreter wants answered.
  func takeExit() -> VMExit? {
    guard let exit = interpreter.pendingExit else { return nil }
    interpreter.pendingExit = nil
    switch exit {
    case .halt:
      haltCount.wrappingAdd(1, ordering: .relaxed)
      isAsleep.store(true, ordering: .relaxed)
    default: break
    }
    return exit
  }

  /// Delivers what was injected, and what a loaded state held back.
  func takeEvents() {
    interpreter.deliverPendingEvents()
    if let vector = injectedInterrupt, interpreter.canTakeInterrupt {
      injectedInterrupt = nil
      interpreter.takeInterrupt(vector: vector)
    }
  }

  // MARK: State

  /// The whole architectural state, at an instruction boundary.
  public func saveState() throws(EngineError) -> CPUState {
    var state = interpreter.save()
    if let injectedInterrupt { state.events.injectedInterrupt = injectedInterrupt }
    return state
  }

  /// Replaces the whole architectural state.
  public func loadState(_ state: CPUState) throws(EngineError) {
    injectedInterrupt = nil
    interpreter.load(state)
  }

  // MARK: Interrupts

  /// Delivered at the next entry.
  public func inject(interrupt vector: UInt8) throws(EngineError) { injectedInterrupt = vector }

  /// Delivered at the next entry, or after the IRET of the NMI that is being handled.
  public func injectNMI() throws(EngineError) { interpreter.events.isNMIPending = true }

  /// Asks for `.interruptWindow`.
  public func requestInterruptWindow(_ wanted: Bool) { interpreter.wantsInterruptWindow = wanted }

  /// Whether an interrupt would be taken at the next entry.
  public var canAcceptInterrupt: Bool {
    injectedInterrupt == nil && !interpreter.deviceAccesses.isUnderWay && interpreter.canTakeInterrupt
  }

  /// RFLAGS.IF.
  public var interruptsEnabled: Bool { interpreter.core.systemFlags.contains(.interruptEnable) }

  /// CR8.
  public var taskPriority: UInt8 {
    get { UInt8(truncatingIfNeeded: interpreter.taskPriority) }
    set { interpreter.taskPriority = UInt64(newValue & 15) }
  }

  /// IA32_APIC_BASE, for CPUID.
  public func setAPICBase(_ value: UInt64) throws(EngineError) {
    interpreter.modelSpecific.apicBase = value
  }

  /// What RDMSR gives.
  public func completeRegisterRead(_ value: UInt64?) { interpreter.completeRegisterRead(value) }

  /// Whether WRMSR was accepted.
  public func completeRegisterWrite(accepted: Bool) { interpreter.completeRegisterRead(accepted ? 0 : nil) }

  /// How long until the guest's time-stamp counter has this value.
  public func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64? {
    let frequency = HostIdentification.timeStampFrequency
    let now = interpreter.timeStamp
    guard timeStamp > now else { return 0 }
    let scaled = (timeStamp &- now).multipliedFullWidth(by: 1_000_000_000)
    return scaled.high < frequency ? frequency.dividingFullWidth(scaled).quotient : .max
  }

  // MARK: Other threads

  /// Makes `run()` return `.interrupted` within a quantum.
  public func kick() { isKicked.store(true, ordering: .releasing) }

  /// Whether it waits in HLT with interrupts off, or for a start-up IPI.
  public func isHaltedForGood() throws(EngineError) -> Bool {
    switch interpreter.activity {
    case .halted: !interruptsEnabled && !interpreter.events.isNMIPending && injectedInterrupt == nil
    case .uninitialized, .initReceived: true
    default: false
    }
  }

  /// How often it went to sleep.
  public var activityStamp: UInt64? { haltCount.load(ordering: .relaxed) }

  /// Whether it is in HLT.
  public var seemsAsleep: Bool { isAsleep.load(ordering: .relaxed) }

  /// Nothing needs to know the thread: a kick is a flag.
  public func bindToCurrentThread() {}
}
