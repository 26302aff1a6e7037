internal import Devices
internal import GuestMemory

/// What the vCPUs of one machine share.
struct SharedParts: Sendable {
  /// The port space and its devices.
  let ports: Bus
  /// The devices in the physical address space.
  let memory: Bus
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
    ports.unclaimedReadCount + ports.unclaimedWriteCount + memory.unclaimedReadCount
      + memory.unclaimedWriteCount
  }
}
