public import X86

/// One virtual CPU on some engine.
///
/// All members but `kick` are called on the thread that runs the vCPU (or while that thread is
/// known to be parked). The run loop is the only caller of `run()`.
public protocol Processor: AnyObject, Sendable {
  /// The vCPU's number, from 0. It is also its local APIC ID.
  var index: Int { get }

  /// Runs the guest until something happens that the run loop must answer.
  ///
  /// The data of the exit before (a device's answer to a read) is taken up first.
  ///
  /// - Throws: `EngineError` where the engine itself failed; the guest cannot go on.
  func run() throws(EngineError) -> VMExit

  /// Takes up the data of the last exit without executing an instruction, so that the state can
  /// be saved at an instruction boundary.
  func completePendingExit() throws(EngineError)

  /// The whole architectural state, at an instruction boundary.
  func saveState() throws(EngineError) -> CPUState

  /// Replaces the whole architectural state.
  func loadState(_ state: CPUState) throws(EngineError)

  /// Hands an external interrupt with this vector to the guest at once. Only for machines whose
  /// interrupt controller is not in the engine, after an `.interruptWindow` or `.halt`.
  func inject(interrupt vector: UInt8) throws(EngineError)

  /// Asks for an `.interruptWindow` exit as soon as the guest can take an interrupt.
  func requestInterruptWindow(_ wanted: Bool)

  /// Makes `run()` on the vCPU's thread return `.interrupted` promptly. Any thread may call it.
  ///
  /// No call is lost: one that comes before `run()` makes that `run()` return at once. No exit is
  /// lost: an exit that is already under way is reported first or again.
  func kick()

  /// Whether the vCPU waits in HLT inside the engine with no way to be woken but NMI or INIT:
  /// interrupts off. Always false for engines that report `.halt`.
  func isHaltedForGood() throws(EngineError) -> Bool

  /// Must be called once on the thread that will run the vCPU, before `run()`.
  func bindToCurrentThread()
}
