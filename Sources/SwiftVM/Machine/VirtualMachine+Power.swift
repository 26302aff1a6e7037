internal import AssistedEngine
internal import Boot
internal import Devices
internal import Engine
internal import GuestMemory
internal import Host
internal import KVMEngine
internal import SoftwareEngine
internal import X86

/// Power-on, reset and power-off.
extension VirtualMachine {
  /// Makes the machine on the engine that the configuration asks for, and starts it.
  ///
  /// - Parameter cpuid: what KVM supports, asked for in advance; nil for the software engine.
  func powerOn(
    _ plan: BootPlan, cpuid: SupportedCPUID?, timeline: inout SetupTimeline
  ) throws(StartError) {
    if configuration.engine == .software { return try powerOnInSoftware(plan, timeline: &timeline) }
    let hardware: HardwareEngine
    do throws(EngineError) {
      hardware = try HardwareEngine(
        path: configuration.kvmPath, cpuid: cpuid, interrupts: configuration.interruptControllerPlace)
    } catch {
      guard configuration.engine == .auto, configuration.interruptControllers != .kernel else {
        throw .engine(error)
      }
      life.update { $0.engineNote = error.description }
      return try powerOnInSoftware(plan, timeline: &timeline)
    }
    life.update { $0.engine = .kvm }
    timeline.mark("open KVM and create the machine")
    let place = configuration.interruptControllerPlace
    guard let mode = configuration.assistMode else {
      return try powerOn(hardware, interrupts: place, plan: plan, timeline: &timeline)
    }
    let assisted = AssistedMachine(
      hardware, mode: mode, processorCount: configuration.cpuCount, seed: configuration.randomMoves)
    try powerOn(assisted, interrupts: place, plan: plan, timeline: &timeline)
  }

  private func powerOnInSoftware(_ plan: BootPlan, timeline: inout SetupTimeline) throws(StartError) {
    let engine = SoftwareMachine(processorCount: configuration.cpuCount)
    life.update { $0.engine = .software }
    timeline.mark("make the machine in software")
    try powerOn(engine, interrupts: .software, plan: plan, timeline: &timeline)
  }

  /// Reads the image's headers and decides where everything goes. No engine is needed for that, so
  /// that a wrong image is reported as one everywhere.
  func makePlan(kernelUnpacking: BootRequest.KernelUnpacking) throws(StartError) -> BootPlan {
    let image: any ImageSource
    switch configuration.image {
    case .demo: image = BytesImage(DemoGuest.bytes, name: "the demo guest")
    case .bytes(let bytes, let name): image = BytesImage(bytes, name: name)
    case .file(let path): image = try ImageFile(path: path, limit: configuration.memoryByteCount)
    }
    var modules: [BootRequest.Module] = []
    for module in configuration.modules {
      modules.append(
        BootRequest.Module(
          source: try ImageFile(path: module.path, limit: configuration.memoryByteCount),
          commandLine: module.commandLine))
    }
    var request = BootRequest(
      image: image, memory: PCMemoryLayout(byteCount: configuration.memoryByteCount),
      mode: configuration.mode, commandLine: configuration.commandLine, modules: modules,
      loadAddress: configuration.loadAddress, entry: configuration.entryPoint,
      kernelUnpacking: kernelUnpacking, platform: PlatformDescription(configuration),
      hasBIOS: configuration.bios == .auto)
    request.isUnpackingWorthwhile = { [configuration] in configuration.interpretsKernels }
    if case .demo = configuration.image { request.mode = .long }
    do throws(BootError) {
      return try BootPlan(request)
    } catch {
      throw .image(error.description)
    }
  }

  private func powerOn<Engine: MachineEngine>(
    _ engine: Engine, interrupts place: InterruptControllerPlace, plan: BootPlan,
    timeline: inout SetupTimeline
  ) throws(StartError) {
    let memory: GuestMemory
    do throws(GuestMemoryError) {
      memory = try GuestMemory(
        pcWithByteCount: configuration.memoryByteCount, backing: configuration.memoryBacking,
        hugePages: configuration.usesHugePages)
    } catch {
      throw .host(error.description)
    }
    timeline.mark("reserve guest memory")
    var processors: [Engine.VirtualProcessor] = []
    do throws(EngineError) {
      // Memory first, the timer last: the other way round costs milliseconds (docs/decisions).
      try engine.map(memory)
      timeline.mark("map guest memory")
      try engine.prepareInterrupts(place)
      timeline.mark("create the interrupt controllers")
      for index in 0..<configuration.cpuCount { processors.append(try engine.makeProcessor(index: index)) }
      timeline.mark("create the vCPUs")
    } catch {
      throw .engine(error)
    }
    do throws(BootError) {
      try plan.place(into: memory, memoryIsZero: true)
    } catch {
      throw .image(error.description)
    }
    timeline.mark("load the image")

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
      try processors[0].loadState(plan.start)
      // Once: after a reset it is the same.
      if let explain = configuration.explainProcessor, life.read(\.reboots) == 0 {
        explain(try engine.explainProcessor())
      }
    } catch {
      throw .engine(error)
    }
    timeline.mark("set the entry state")
    let shared = SharedParts(
      ports: devices.ports, memory: devices.memory, localControllers: interrupts.localControllers,
      interrupts: interrupts.controller, gate: gate, control: control, guestMemory: memory, post: devices.post
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
      life.plan = plan
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

  // MARK: The end

  /// Ends the machine for a reason that comes from the host's side.
  func stop(_ reason: StopReason) {
    let machine = life.update { life in
      life.requestedStop = life.requestedStop ?? reason
      return life.current
    }
    guard let machine else { return }
    machine.shared.control.requestStop(reason)
    switch reason {
    case .timeout, .signal, .requested: losePatience(with: machine)
    default: break
    }
  }

  /// A vCPU thread that is held up in a slow output gets a moment to finish it, unless the user or
  /// the clock has run out of patience.
  private func losePatience(with machine: PoweredMachine) {
    let patience = parts.loop.makeTimer { [weak self] in
      if machine.shared.gate.alive > 0 { self?.parts.channel.close() }
    }
    let isFirst = life.update { life in
      guard life.patienceTimer == nil, life.current === machine else { return false }
      life.patienceTimer = patience
      return true
    }
    if isFirst { patience.arm(at: HostClock.monotonicNanoseconds &+ 250_000_000) }
  }

  /// A first reason to stop was given: the vCPU threads are told.
  private func didRequestStop() { life.read(\.current)?.kickAll() }

  /// Called by the last vCPU thread: what follows must not run on it, since it joins that thread.
  private func lastVCPUHasLeft() {
    parts.loop.perform { [weak self] in self?.powerOff() }
  }

  /// All vCPU threads have ended: starts anew after a reset, else makes the outcome known.
  private func powerOff() {
    guard let machine = life.read(\.current) else { return }
    let remains = machine.remains()
    let exits = remains.reduce(0) { $0 + $1.exitCount }
    let unclaimed = machine.shared.unclaimedAccesses
    let reason = machine.shared.control.stopped?.reason ?? .internalFault("the vCPUs ended without a reason")
    // The host's reason to stop ends a machine that would start anew, however late it came.
    let (final, plan, isHostFault) = life.update { life -> (StopReason?, BootPlan?, Bool) in
      life.haltTimer = nil
      life.patienceTimer = nil
      life.earlierExits += exits
      life.earlierUnclaimed += unclaimed
      for vcpu in remains {
        life.assistance.add(vcpu.assistance)
        life.denied.add(vcpu.denied)
      }
      guard case .reset = reason, configuration.reboots, let plan = life.plan else {
        if case .internalFault = reason { return (reason, nil, life.requestedStop == reason) }
        return (reason, nil, false)
      }
      if let requestedStop = life.requestedStop { return (requestedStop, nil, false) }
      life.current = nil
      life.powerManagement = nil
      life.reboots += 1
      return (nil, plan, false)
    }
    if let final {
      // Where the host's side failed (a full disk), the guest's registers tell nothing.
      let crash = isHostFault ? nil : CrashReport(reason: final, remains: remains, machine: machine.shared)
      return finish(final, crash: crash)
    }
    guard let plan else { return }
    do throws(StartError) {
      // The image as it was found at the start: what came through a pipe cannot be read again.
      var timeline = SetupTimeline()
      try powerOn(plan, cpuid: life.read { $0.cpuid }, timeline: &timeline)
    } catch {
      finish(.internalFault("the machine could not start again after a reset: \(error)"), crash: nil)
    }
  }

  /// Makes the end known, of a machine that ran or could not be started.
  func finish(_ reason: StopReason, crash: CrashReport?) {
    // What the guest wrote reaches the host, and the terminal its old state, before anybody is told.
    parts.close()
    let (outcome, waiters) = life.update { life in
      var outcome = Outcome(reason: reason, crash: crash)
      outcome.reboots = life.reboots
      outcome.exits = life.earlierExits
      outcome.unclaimedAccesses = life.earlierUnclaimed
      outcome.assistance = life.assistance
      outcome.engine = life.engine
      outcome.denied = life.denied
      life.current = nil
      life.powerManagement = nil
      life.haltTimer = nil
      life.limitTimer = nil
      life.phase = .ended
      life.outcome = outcome
      let waiters = life.waiters
      life.waiters = []
      return (outcome, waiters)
    }
    for waiter in waiters { waiter(outcome) }
    parts.loop.stop()
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
