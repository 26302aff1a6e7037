internal import Devices

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
}
