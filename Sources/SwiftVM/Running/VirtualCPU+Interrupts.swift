internal import Engine
internal import Host
internal import Synchronization
internal import X86

/// The exits that concern a local interrupt controller of ours; where it is the engine's, there are none.
extension VirtualCPU {
  /// Does something with what the local controller has, if it is ours. Nil: the vCPU goes on.
  private func deliver(
    _ body: (InterruptDelivery) throws(EngineError) -> InterruptDelivery.Sleep?
  ) -> Pause? {
    guard let delivery else { return nil }
    do throws(EngineError) {
      return try body(delivery).map { .asleep(isForGood: $0.isForGood) }
    } catch {
      die(.internalFault(error.description))
      return .ended
    }
  }

  /// Hands over what waits before the guest is entered. Nil: it can be.
  func prepareEntry() -> Pause? {
    tellOfPause()
    return deliver { delivery throws(EngineError) in try delivery.prepareEntry() }
  }

  /// HLT. Nil: it is over already.
  func halt() -> Pause? {
    // Without a controller of ours nobody but the engine knows what wakes this vCPU.
    if delivery == nil { return .asleep(isForGood: false) }
    return deliver { delivery throws(EngineError) in try delivery.halt() }
  }

  /// RDMSR of a register that the engine does not answer for.
  func read(_ register: MSR) {
    if delivery?.read(register) ?? false { return }
    deny(register, isWrite: false)
    processor.completeRegisterRead(nil)
  }

  /// WRMSR of such a register. Nil: the vCPU goes on.
  func write(_ register: MSR, _ value: UInt64) -> Pause? {
    if delivery == nil { refuseWrite(register) }
    return deliver { delivery throws(EngineError) in
      if try !delivery.write(register, value) { refuseWrite(register) }
      return nil
    }
  }

  private func refuseWrite(_ register: MSR) {
    deny(register, isWrite: true)
    processor.completeRegisterWrite(accepted: false)
  }

  /// Counts an access that is #GP to the guest.
  private func deny(_ register: MSR, isWrite: Bool) {
    denied.withLock { $0.count(register, isWrite: isWrite) { processor.instructionPointer } }
  }

  /// Tells the guest of a pause, before it runs on.
  private func tellOfPause() {
    if wasPaused.load(ordering: .relaxed), wasPaused.exchange(false, ordering: .relaxed) {
      processor.noteThatItWasPaused()
    }
  }
}
