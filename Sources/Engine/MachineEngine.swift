public import GuestMemory

/// What runs vCPUs: one virtual machine of one engine.
///
/// Set-up goes memory → `prepareInterrupts` → `makeProcessor` for each vCPU → `finishSetup`; in
/// that order it is fastest on KVM, where a memory slot costs milliseconds once there are
/// interrupt controllers.
public protocol MachineEngine: AnyObject, Sendable {
  /// The engine's vCPU.
  associatedtype VirtualProcessor: Processor

  /// Makes guest memory visible to the vCPUs: one slot for each region.
  func map(_ memory: GuestMemory) throws(EngineError)

  /// Prepares for interrupt controllers in the given place, and creates those of the engine.
  ///
  /// - Throws: where the engine has no controllers and is asked for them; what else the engine's own
  ///   calls fail with.
  func prepareInterrupts(_ place: InterruptControllerPlace) throws(EngineError)

  /// Creates vCPU `index`. Where the controllers are in the engine, vCPU 0 starts at once and the others
  /// wait for a start-up IPI; where they are not, waiting is the run loop's business.
  func makeProcessor(index: Int) throws(EngineError) -> VirtualProcessor

  /// Does what needs the vCPUs to exist and what is waited for as late as possible: the timer chips,
  /// and CPUID. The vCPUs' states can be loaded after it.
  func finishSetup(_ processors: [VirtualProcessor]) throws(EngineError)

  /// Whether one thread must run all vCPUs of the machine, each in its turn; otherwise each has its thread.
  var runsInTurns: Bool { get }

  /// Where devices send their interrupts, if the controllers are in the engine; nil if they are not.
  var interruptController: (any InterruptController)? { get }
}

extension MachineEngine {
  /// No: each vCPU has its thread.
  public var runsInTurns: Bool { false }
}
