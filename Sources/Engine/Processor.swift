public import X86

/// One virtual CPU on some engine.
///
/// All members but `kick` are called on the thread that runs the vCPU (or while that thread is
/// known to be parked). The run loop is the only caller of `run()`.
public protocol Processor: GuestClock {
  /// The vCPU's number, from 0. It is also its local APIC ID.
  var index: Int { get }

  /// Runs the guest until something happens that the run loop must answer.
  ///
  /// The data of the exit before (a device's answer to a read) is taken up first.
  ///
  /// - Throws: `EngineError` where the engine itself failed; the guest cannot go on.
  func run() throws(EngineError) -> VMExit

  /// Begins a turn, on engines whose vCPUs share one thread (`MachineEngine.runsInTurns`): `run()` reports
  /// `.turnOver` once the guest has executed as many instructions as a turn has, or waits in a loop. An exit
  /// does not end a turn.
  func beginTurn()

  /// The whole architectural state, at an instruction boundary.
  func saveState() throws(EngineError) -> CPUState

  /// Replaces the whole architectural state.
  func loadState(_ state: CPUState) throws(EngineError)

  // MARK: For machines whose interrupt controllers are not in the engine

  /// Hands an external interrupt with this vector to the guest at its next entry. Only while
  /// `canAcceptInterrupt`, and once for each entry.
  func inject(interrupt vector: UInt8) throws(EngineError)

  /// Hands an NMI to the guest, as soon as it can take one.
  func injectNMI() throws(EngineError)

  /// Asks for an `.interruptWindow` exit as soon as the guest can take an interrupt, until it is taken
  /// back.
  func requestInterruptWindow(_ wanted: Bool)

  /// Whether the guest would take an interrupt at its next entry: RFLAGS.IF is set, no instruction
  /// shadows it, and no other event is on its way. As of the last return of `run()`; false after
  /// `loadState`.
  var canAcceptInterrupt: Bool { get }

  /// RFLAGS.IF: whether an interrupt ends the HLT that the vCPU is in. As of the last return of `run()` or
  /// `loadState`.
  var interruptsEnabled: Bool { get }

  /// CR8, 0…15: the run loop carries it between the guest and the local interrupt controller.
  var taskPriority: UInt8 { get set }

  /// Tells the engine that the guest set IA32_APIC_BASE to this value: CPUID shows from it whether there
  /// is a local APIC.
  func setAPICBase(_ value: UInt64) throws(EngineError)

  /// The answer to `.readRegister`: what RDMSR gives, or nil for #GP. The next `run()` takes it up.
  func completeRegisterRead(_ value: UInt64?)

  /// The answer to `.writeRegister`: false for #GP. The next `run()` takes it up.
  func completeRegisterWrite(accepted: Bool)

  // MARK: For other threads

  /// Makes `run()` on the vCPU's thread return `.interrupted` promptly. Any thread may call it.
  ///
  /// No call is lost: one that comes before `run()` makes that `run()` return at once, without an
  /// instruction executed. No exit is lost: the data of the exit before is taken up first, and
  /// where that leads to another exit (the second half of an access), that one is reported first.
  /// So at `.interrupted` the vCPU is at an instruction boundary and its state can be saved.
  func kick()

  /// Whether the vCPU waits in HLT with interrupts off, or was never started: only an NMI, an INIT
  /// or a start-up IPI could wake it. May also be called while the vCPU's thread is parked.
  func isHaltedForGood() throws(EngineError) -> Bool

  /// A number that changes whenever the vCPU went to sleep anew; nil where the engine cannot tell.
  /// Any thread may ask.
  var activityStamp: UInt64? { get }

  /// Whether the vCPU sleeps in the engine just now, as far as the engine can tell without
  /// disturbing it; true where it cannot. Any thread may ask.
  var seemsAsleep: Bool { get }

  /// Must be called once on the thread that will run the vCPU, before `run()`.
  func bindToCurrentThread()

  /// What the software engine did for this vCPU; nil where the engine has no such helper. Once the vCPU's
  /// thread has ended.
  var assistance: AssistanceCount? { get }
}

extension Processor {
  /// Nothing: each vCPU has its thread.
  public func beginTurn() {}

  /// None.
  public var assistance: AssistanceCount? { nil }
}
