internal import Engine
internal import Host

/// The end of a machine whose vCPUs do not come out of their engine.
///
/// Nothing can bring a thread back that is in an endless loop, or in a system call that the kernel does not
/// leave. So the machine is given up with the thread inside: who waits is told, the terminal is put back,
/// and what the thread uses stays where it is (`PoweredMachine.start`). No second machine starts over it.
extension VirtualMachine {
  /// The wait for the vCPUs of one machine.
  struct EndWait: Sendable {
    /// When it began, in nanoseconds of the monotonic clock.
    var start: UInt64
    /// How long each thread had been on a processor by then.
    var threadNanoseconds: [UInt64]
    /// Looks whether it is over; ends with the wait.
    var timer: RepeatingTimer
  }

  /// Watches that the vCPUs of a machine that is to stop come out.
  func watchTheEnd(of machine: PoweredMachine) {
    // A machine that is told before its start comes here first. Where the host gives no loop, the start fails
    // with the same error, and no vCPU runs.
    guard (try? parts.loop.start()) != nil else { return }
    let watch = EndWatch(gate: machine.shared.gate, channel: parts.channel, patience: endPatience) {
      [weak self, weak machine] in
      if let machine { self?.giveUp(machine, isCutShort: false) }
    }
    let wait = EndWait(
      start: HostClock.monotonicNanoseconds, threadNanoseconds: machine.threadNanoseconds,
      timer: RepeatingTimer(loop: parts.loop) { watch.look() })
    let isCurrent = life.update { life in
      // The machine may be over by now, and the next one begun.
      guard life.current === machine else { return false }
      life.endWait = wait
      return true
    }
    if isCurrent { wait.timer.fire(in: endPatience.interval) }
  }

  /// The host's side asked for the end: whoever asks again after a while does not want to wait any more.
  func noteRequest(to machine: PoweredMachine) {
    let now = HostClock.monotonicNanoseconds
    let first: UInt64? = life.update { life in
      defer { life.firstRequest = life.firstRequest ?? now }
      return life.firstRequest
    }
    guard let first, now &- first >= endPatience.grace else { return }
    parts.loop.perform { [weak self] in self?.giveUp(machine, isCutShort: true) }
  }

  /// Ends a machine with vCPUs inside. On the loop's thread.
  private func giveUp(_ machine: PoweredMachine, isCutShort: Bool) {
    let (isCurrent, engine, wait) = life.read { ($0.current === machine, $0.engine, $0.endWait) }
    let insiders = machine.insiders
    // Where the last one is just out, `powerOff` is on its way.
    guard isCurrent, !insiders.isEmpty, let reason = machine.shared.control.stopped?.reason else { return }
    let account = GivenUpMachine(
      vcpus: stuckVCPUs(insiders, machine.threadNanoseconds, wait), isWriting: parts.channel.isWriting,
      isCutShort: isCutShort, waitedNanoseconds: wait.map { HostClock.monotonicNanoseconds &- $0.start } ?? 0,
      reason: reason, engine: engine)
    let remains = machine.remains()
    let unclaimed = machine.shared.unclaimedAccesses
    life.update { $0.add(remains, unclaimedAccesses: unclaimed) }
    let fault = StopReason.internalFault(account.sentence)
    finish(fault, crash: CrashReport(reason: fault, remains: remains, machine: machine.shared))
  }

  /// Who of those inside did not come back, and how long the threads computed since the wait began.
  private func stuckVCPUs(
    _ insiders: [Insider], _ now: [UInt64], _ wait: EndWait?
  ) -> [GivenUpMachine.VCPU] {
    func time(_ times: [UInt64], _ thread: Int) -> UInt64 { thread < times.count ? times[thread] : 0 }
    return insiders.filter { !$0.isWaiting }.map { insider in
      let earlier = time(wait?.threadNanoseconds ?? [], insider.thread)
      let later = time(now, insider.thread)
      return GivenUpMachine.VCPU(
        number: insider.vcpu, computedNanoseconds: later > earlier ? later - earlier : 0)
    }
  }
}
