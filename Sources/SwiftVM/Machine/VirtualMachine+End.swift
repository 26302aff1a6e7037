internal import Boot
internal import Engine
internal import Host

/// The end of a machine that the vCPUs come out of, and what follows it: nothing, or a new start.
extension VirtualMachine {
  /// Ends the machine for a reason that comes from the host's side.
  func stop(_ reason: StopReason) {
    let machine = life.update { life in
      life.requestedStop = life.requestedStop ?? reason
      return life.current
    }
    guard let machine else { return }
    machine.shared.control.requestStop(reason)
    switch reason {
    case .timeout, .signal, .requested:
      losePatience(with: machine)
      noteRequest(to: machine)
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

  /// A first reason to stop was given: the vCPU threads are told, and watched until they are out.
  func didRequestStop() {
    guard let machine = life.read(\.current) else { return }
    machine.kickAll()
    watchTheEnd(of: machine)
  }

  /// Called by the last vCPU thread, which itself is to end soon: what follows runs on the loop's.
  func lastVCPUHasLeft() {
    parts.loop.perform { [weak self] in self?.powerOff() }
  }

  /// All vCPU threads have ended: starts anew after a reset, else makes the outcome known.
  private func powerOff() {
    guard let machine = life.read(\.current) else { return }
    let remains = machine.remains()
    let unclaimed = machine.shared.unclaimedAccesses
    let reason = machine.shared.control.stopped?.reason ?? .internalFault("the vCPUs ended without a reason")
    // The host's reason to stop ends a machine that would start anew, however late it came.
    let (final, plan, isHostFault) = life.update { life -> (StopReason?, BootPlan?, Bool) in
      life.haltTimer = nil
      life.patienceTimer = nil
      life.endWait = nil
      life.add(remains, unclaimedAccesses: unclaimed)
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
      life.patienceTimer = nil
      life.endWait = nil
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
