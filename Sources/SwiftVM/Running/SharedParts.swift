internal import Devices
internal import Engine
internal import GuestMemory

/// What the vCPUs of one machine share.
struct SharedParts: Sendable {
  /// The port space and its devices.
  let ports: Bus
  /// The devices in the physical address space: one bus for all vCPUs, or one for each where each has a
  /// local APIC of ours at the same address.
  let memory: [Bus]
  /// The vCPUs' local interrupt controllers where they are ours; none where they are the engine's.
  var localControllers: [any LocalInterruptController] = []
  /// Where messages to local interrupt controllers are sent.
  let interrupts: any InterruptController
  /// Where vCPU threads are held and let go.
  let gate: VCPUGate
  /// Where the end of the machine is decided.
  let control: StopControl
  /// RAM.
  let guestMemory: GuestMemory
  /// Where the guest says how far it came.
  let post: POSTPort

  /// Accesses that no device answered, on both buses.
  var unclaimedAccesses: UInt64 {
    memory.reduce(ports.unclaimedReadCount + ports.unclaimedWriteCount) {
      $0 + $1.unclaimedReadCount + $1.unclaimedWriteCount
    }
  }

  /// The physical address space as this vCPU sees it.
  func memory(ofVCPU index: Int) -> Bus { memory.count == 1 ? memory[0] : memory[index] }

  /// The local interrupt controller of this vCPU, if it is ours.
  func localController(ofVCPU index: Int) -> (any LocalInterruptController)? {
    index < localControllers.count ? localControllers[index] : nil
  }
}
