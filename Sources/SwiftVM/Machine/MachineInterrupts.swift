internal import Devices
internal import Engine

/// The interrupt controllers of one power-on, wherever they are.
struct MachineInterrupts {
  /// Where devices send their interrupts.
  let controller: any InterruptController
  /// The same, where they are ours.
  let software: SoftwareInterruptController?
  /// The vCPUs' local controllers where they are ours; none where they are the engine's.
  let localControllers: [any LocalInterruptController]
  /// What each vCPU sees of its own at their address.
  let pages: [LocalAPICPage]

  /// The engine's controllers.
  init(ofEngine controller: any InterruptController) {
    self.controller = controller
    software = nil
    localControllers = []
    pages = []
  }

  /// Ours.
  ///
  /// - Parameters:
  ///   - processors: the vCPUs, by number.
  ///   - gate: where vCPUs sleep in HLT.
  init(inSoftwareFor processors: [any Processor], gate: VCPUGate, clock: any DeviceClock) {
    let software = SoftwareInterruptController(clock: clock, guestClocks: processors) { vcpu in
      // Who sleeps needs no kick. One that is about to sleep finds that it was woken.
      if !gate.wake(vcpu: vcpu) { processors[vcpu].kick() }
    }
    controller = software
    self.software = software
    var localControllers: [any LocalInterruptController] = []
    var pages: [LocalAPICPage] = []
    for (index, processor) in processors.enumerated() {
      let port = software.port(ofVCPU: index)
      localControllers.append(port)
      pages.append(LocalAPICPage(processor: processor, port: port))
    }
    self.localControllers = localControllers
    self.pages = pages
  }
}
