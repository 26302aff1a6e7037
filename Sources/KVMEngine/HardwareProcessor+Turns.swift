public import Engine
internal import Host
internal import KVM

/// Running the guest for a limited time, for engines that share a vCPU with this one.
extension HardwareProcessor {
  /// Why `run(forAtMost:)` came back.
  public enum TurnEnd {
    /// Something that the run loop must answer.
    case exit(VMExit)
    /// The time is over. The vCPU is at an instruction boundary, whichever it happened to reach.
    case timeIsUp
  }

  /// Runs the guest as `run()` does, but for no longer than about `nanoseconds`. For the vCPU's thread.
  ///
  /// The data of the exit before is taken up first, however short the time is. Where the host is busy, the
  /// guest may not have executed a single instruction when the time is over.
  ///
  /// - Throws: what `run()` throws; where the host gives no timer.
  public func run(forAtMost nanoseconds: UInt64) throws(EngineError) -> TurnEnd {
    let timer = try turnTimerMade()
    timer.start(after: nanoseconds)
    let result = processor.run()
    timer.stop()
    if result == 0 { return .exit(decodeExit()) }
    // EINTR: by the timer, unless somebody wants the vCPU, who sets the byte first. A byte that is set after
    // this ends the next KVM_RUN.
    if result == -4, !immediateExit.isSet { return .timeIsUp }
    return .exit(try answerFailedRun(result))
  }

  private func turnTimerMade() throws(EngineError) -> ThreadTimer {
    if let turnTimer { return turnTimer }
    do throws(SystemError) {
      let made = try ThreadTimer()
      turnTimer = made
      return made
    } catch {
      throw EngineError(error.description, errno: error.errno)
    }
  }
}
