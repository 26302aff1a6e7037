internal import AssistedEngine
internal import Boot
internal import Devices
internal import Engine
internal import Host
internal import KVMEngine
internal import SoftwareEngine
internal import X86

/// Power-on: from a plan to vCPUs that run. A reset comes here as well.
extension VirtualMachine {
  /// Makes the machine on the engine that the configuration asks for, and starts it.
  ///
  /// - Parameter cpuid: what KVM supports, asked for in advance; nil for the software engine.
  func powerOn(
    _ plan: BootPlan, cpuid: SupportedCPUID?, timeline: inout SetupTimeline
  ) throws(StartError) {
    let image = try ImageLoading(plan, configuration: configuration)
    timeline.mark("reserve guest memory and begin to load the image")
    if let makeEngine {
      return try powerOn(makeEngine(), interrupts: .software, image: image, timeline: &timeline)
    }
    if configuration.engine == .software { return try powerOnInSoftware(image, timeline: &timeline) }
    if let obstacle = configuration.obstacleToKVM(for: plan.format) {
      life.update { $0.engineNote = obstacle }
      return try powerOnInSoftware(image, timeline: &timeline)
    }
    let hardware: HardwareEngine
    do throws(EngineError) {
      hardware = try HardwareEngine(
        path: configuration.kvmPath, cpuid: cpuid, interrupts: configuration.interruptControllerPlace)
    } catch {
      guard configuration.engine == .auto, configuration.interruptControllers != .kernel else {
        throw .engine(error)
      }
      life.update { $0.engineNote = error.description }
      return try powerOnInSoftware(image, timeline: &timeline)
    }
    life.update { $0.engine = .kvm }
    timeline.mark("open KVM and create the machine")
    let place = configuration.interruptControllerPlace
    guard let mode = configuration.assistMode else {
      return try powerOn(hardware, interrupts: place, image: image, timeline: &timeline)
    }
    let assisted = AssistedMachine(
      hardware, mode: mode, processorCount: configuration.cpuCount, seed: configuration.randomMoves)
    try powerOn(assisted, interrupts: place, image: image, timeline: &timeline)
  }

  private func powerOnInSoftware(_ image: ImageLoading, timeline: inout SetupTimeline) throws(StartError) {
    let engine = SoftwareMachine(processorCount: configuration.cpuCount)
    life.update { $0.engine = .software }
    timeline.mark("make the machine in software")
    try powerOn(engine, interrupts: .software, image: image, timeline: &timeline)
  }

  /// Makes the machine on this engine, and starts it.
  private func powerOn<Engine: MachineEngine>(
    _ engine: Engine, interrupts place: InterruptControllerPlace, image: ImageLoading,
    timeline: inout SetupTimeline
  ) throws(StartError) {
    var processors: [Engine.VirtualProcessor] = []
    do throws(EngineError) {
      // Memory first, the timer last: the other way round costs milliseconds (docs/decisions).
      try engine.map(image.memory)
      timeline.mark("map guest memory")
      try engine.prepareInterrupts(place)
      timeline.mark("create the interrupt controllers")
      for index in 0..<configuration.cpuCount { processors.append(try engine.makeProcessor(index: index)) }
      timeline.mark("create the vCPUs")
    } catch {
      throw .engine(error)
    }

    let gate = VCPUGate(vcpuCount: configuration.cpuCount, shareThread: engine.runsInTurns)
    let control = StopControl(gate: gate) { [weak self] in self?.didRequestStop() }
    let interrupts: MachineInterrupts
    if let own = engine.interruptController {
      interrupts = MachineInterrupts(ofEngine: own)
    } else {
      interrupts = MachineInterrupts(
        inSoftwareFor: processors, gate: gate, clock: HostDeviceClock(loop: parts.loop))
    }
    let devices: DeviceSet
    do throws(BusError) {
      devices = try DeviceSet(
        configuration, host: parts, interrupts: interrupts, control: control,
        earlierClock: life.read(\.realTimeClock))
    } catch {
      throw .host(error.description)
    }
    timeline.mark("make the devices")
    do throws(EngineError) {
      try engine.finishSetup(processors)
      timeline.mark("create the interval timer and set CPUID")
      try processors[0].loadState(image.plan.start)
      // Once: after a reset it is the same.
      if let explain = configuration.explainProcessor, life.read(\.reboots) == 0 {
        explain(try engine.explainProcessor())
      }
    } catch {
      throw .engine(error)
    }
    timeline.mark("set the entry state")
    try image.finish()
    timeline.mark("load the rest of the image")
    let shared = SharedParts(
      ports: devices.ports, memory: devices.memory, localControllers: interrupts.localControllers,
      interrupts: interrupts.controller, gate: gate, control: control, guestMemory: image.memory,
      post: devices.post
    )
    // Not weak: a running machine lives until its end. `powerOff` breaks the cycle.
    let machine = PoweredMachine(engine: engine, processors: processors, shared: shared) {
      self.lastVCPUHasLeft()
    }
    let watch = HaltWatch(candidates: machine.vcpus, gate: gate, control: control) { [weak machine] in
      machine?.kickAll()
    }
    let requestedStop = life.update { life in
      life.current = machine
      life.plan = image.plan
      life.realTimeClock = devices.realTimeClock
      life.powerManagement = devices.powerManagement
      for _ in 0..<life.pauses { gate.requestPause() }
      return life.requestedStop
    }
    if let requestedStop { control.requestStop(requestedStop) }
    // The vCPUs look at the gate before their first instruction where somebody wants that.
    if !gate.isOpen { machine.kickAll() }
    do throws(SystemError) {
      // The timers first: a guest may be over before this thread runs again, and the loop with it.
      try startTimers(interrupts.software == nil ? watch : nil)
      timeline.mark("start the timers")
      try machine.start()
    } catch {
      control.requestStop(.internalFault("\(error)"))
      throw .host("\(error)")
    }
    timeline.mark("start the vCPU threads")
    life.update { [timeline] life in life.timeline = life.timeline ?? timeline }
  }

  /// The halt watch looks in at the intervals it chooses; the time limit counts from the first start.
  ///
  /// - Parameter watch: nil where HLT is reported, so that nobody needs to look.
  private func startTimers(_ watch: HaltWatch?) throws(SystemError) {
    try parts.loop.start()
    if let watch {
      let timer = RepeatingTimer(loop: parts.loop) { watch.look() }
      life.update { $0.haltTimer = timer }
      timer.fire(in: HaltWatch.firstLook)
    }
    if let limit = configuration.timeoutNanoseconds, life.read({ $0.limitTimer == nil }) {
      let limitTimer = parts.loop.makeTimer { [weak self] in self?.stop(.timeout) }
      limitTimer.arm(at: HostClock.monotonicNanoseconds &+ limit)
      life.update { $0.limitTimer = limitTimer }
    }
  }
}

extension VirtualMachine.Configuration {
  /// What the helper of KVM does; nil where there is none.
  fileprivate var assistMode: AssistedMachine.Mode? {
    switch assist {
    case .auto: .onFailure
    case .off: nil
    case .ring0: .kernelMode
    }
  }
}
