internal import Devices
internal import Engine

/// The interrupt controllers of one power-on, wherever they are.
struct MachineInterrupts {
  /// Where devices send their interrupts.
  let controller: any InterruptController
  /// The same, where they are ours.
  let software: SoftwareInterruptController?
  /// What the vCPUs see of ours; none where the controllers are the engine's.
  let ports: [LocalInterruptPort]

  /// The engine's own controllers, or ours where it has none.
  ///
  /// - Parameters:
  ///   - processors: the vCPUs, by number.
  ///   - gate: where vCPUs sleep in HLT.
  init(
    ofEngine own: (any InterruptController)?, processors: [any Processor], gate: VCPUGate,
    clock: any DeviceClock
  ) {
    if let own {
      controller = own
      software = nil
      ports = []
      return
    }
    let software = SoftwareInterruptController(clock: clock, guestClocks: processors) { vcpu in
      // Who sleeps needs no kick. One that is about to sleep finds that it was woken.
      if !gate.wake(vcpu: vcpu) { processors[vcpu].kick() }
    }
    controller = software
    self.software = software
    ports = processors.indices.map { software.port(ofVCPU: $0) }
  }
}
