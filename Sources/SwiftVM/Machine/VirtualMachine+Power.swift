internal import Boot
internal import Devices
internal import Engine
internal import GuestMemory
internal import Host
internal import KVMEngine
internal import X86

/// Power-on, reset and power-off.
extension VirtualMachine {
  /// Makes the machine on the engine that the configuration asks for, and starts it.
  func powerOn() throws(StartError) {
    var timeline = SetupTimeline()
    let plan = try makePlan()
    timeline.mark("read the image and plan")
    switch configuration.engine {
    case .software:
      throw .engine(
        EngineError("the software engine is not part of this version; use --engine kvm or auto"))
    case .auto, .kvm:
      let engine: HardwareEngine
      do throws(EngineError) {
        engine = try HardwareEngine(path: configuration.kvmPath)
      } catch {
        throw .engine(error)
      }
      timeline.mark("open KVM and create the machine")
      try powerOn(engine, plan: plan, timeline: &timeline)
    }
  }

  /// Reads the image's headers and decides where everything goes. No engine is needed for that, so
  /// that a wrong image is reported as one everywhere.
  func makePlan() throws(StartError) -> BootPlan {
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
      loadAddress: configuration.loadAddress, entry: configuration.entryPoint)
    if case .demo = configuration.image { request.mode = .long }
    do throws(BootError) {
      return try BootPlan(request)
    } catch {
      throw .image(error.description)
    }
  }

  private func powerOn<Engine: MachineEngine>(
    _ engine: Engine, plan: BootPlan, timeline: inout SetupTimeline
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
      try engine.prepareInterrupts()
      timeline.mark("create the interrupt controllers")
      for index in 0..<configuration.cpuCount { processors.append(try engine.makeProcessor(index: index)) }
      timeline.mark("create the vCPUs")
      try engine.finishSetup()
      timeline.mark("create the interval timer")
    } catch {
      throw .engine(error)
    }
    do throws(BootError) {
      try plan.place(into: memory, memoryIsZero: true)
    } catch {
      throw .image(error.description)
    }
    timeline.mark("load the image")
    do throws(EngineError) {
      try processors[0].loadState(plan.entry)
    } catch {
      throw .engine(error)
    }
    timeline.mark("set the entry state")

    let gate = VCPUGate(vcpuCount: configuration.cpuCount)
    let control = StopControl(gate: gate) { [weak self] in self?.didRequestStop() }
    let devices: DeviceSet
    do throws(BusError) {
      devices = try DeviceSet(
        configuration, host: parts, interrupts: engine.interruptController, control: control)
    } catch {
      throw .host(error.description)
    }
    timeline.mark("make the devices")
    let shared = SharedParts(
      ports: devices.ports, memory: devices.memory, gate: gate, control: control, guestMemory: memory,
      post: devices.post)
    let machine = PoweredMachine(engine: engine, processors: processors, shared: shared) { [weak self] in
      self?.lastVCPUHasLeft()
    }
    let watch = HaltWatch(candidates: machine.vcpus, gate: gate, control: control) { [weak machine] in
      machine?.kickAll()
    }
    life.update { life in
      life.current = machine
      life.plan = plan
    }
    do throws(SystemError) {
      try machine.start()
      timeline.mark("start the vCPU threads")
      try startTimers(watch)
    } catch {
      control.requestStop(.internalFault("\(error)"))
      throw .host("\(error)")
    }
    timeline.mark("start the timers")
    life.update { [timeline] life in life.timeline = life.timeline ?? timeline }
  }

  /// The halt watch looks in at the intervals it chooses; the time limit counts from the first start.
  private func startTimers(_ watch: HaltWatch) throws(SystemError) {
    try parts.loop.start()
    let timer = RepeatingTimer(loop: parts.loop) { watch.look() }
    timer.fire(in: HaltWatch.firstLook)
    life.update { $0.haltTimer = timer }
    if let limit = configuration.timeoutNanoseconds, life.read({ $0.limitTimer == nil }) {
      let limitTimer = parts.loop.makeTimer { [weak self] in self?.stop(.timeout) }
      limitTimer.arm(at: HostClock.monotonicNanoseconds &+ limit)
      life.update { $0.limitTimer = limitTimer }
    }
  }

  // MARK: The end

  /// A reason to stop was given. The vCPU threads are told; one that is held up in a slow output
  /// gets a moment to finish it, unless the user or the clock has run out of patience.
  private func didRequestStop() {
    guard let machine = life.read(\.current) else { return }
    machine.kickAll()
    switch machine.shared.control.stopped?.reason {
    case .timeout?, .signal?, .requested?:
      let patience = parts.loop.makeTimer { [weak self] in
        if machine.shared.gate.alive > 0 { self?.parts.channel.close() }
      }
      patience.arm(at: HostClock.monotonicNanoseconds &+ 250_000_000)
      life.update { $0.patienceTimer = patience }
    default: break
    }
  }

  /// Called by the last vCPU thread: what follows must not run on it, since it joins that thread.
  private func lastVCPUHasLeft() {
    parts.loop.perform { [weak self] in self?.powerOff() }
  }

  /// All vCPU threads have ended: starts anew after a reset, else makes the outcome known.
  private func powerOff() {
    guard let machine = life.read(\.current) else { return }
    let stop = machine.shared.control.stopped
    let reason = stop?.reason ?? .internalFault("the vCPUs ended without a reason")
    let remains = machine.remains()
    let exits = remains.reduce(0) { $0 + $1.exitCount }
    let unclaimed = machine.shared.unclaimedAccesses
    life.update { life in
      life.haltTimer = nil
      life.patienceTimer = nil
      life.earlierExits += exits
      life.earlierUnclaimed += unclaimed
    }
    if case .reset = reason, configuration.reboots {
      life.update { life in
        life.current = nil
        life.reboots += 1
      }
      do throws(StartError) {
        return try powerOn()
      } catch {
        return finish(.internalFault("the machine could not start again after a reset: \(error)"), crash: nil)
      }
    }
    finish(reason, crash: CrashReport(reason: reason, remains: remains, machine: machine.shared))
  }

  private func finish(_ reason: StopReason, crash: CrashReport?) {
    // What the guest wrote reaches the host, and the terminal its old state, before anybody is told.
    parts.close()
    let (outcome, waiters) = life.update { life in
      var outcome = Outcome(reason: reason, crash: crash)
      outcome.reboots = life.reboots
      outcome.exits = life.earlierExits
      outcome.unclaimedAccesses = life.earlierUnclaimed
      life.current = nil
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
