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

  /// Creates the interrupt controllers that live in the engine.
  func prepareInterrupts() throws(EngineError)

  /// Creates vCPU `index`. vCPU 0 starts at once; the others wait for a start-up IPI.
  func makeProcessor(index: Int) throws(EngineError) -> VirtualProcessor

  /// Does what needs the vCPUs to exist and what is waited for as late as possible: the timer chips,
  /// and CPUID. The vCPUs' states can be loaded after it.
  func finishSetup(_ processors: [VirtualProcessor]) throws(EngineError)

  /// Where devices send their interrupts.
  var interruptController: any InterruptController { get }
}
