internal import Engine
internal import Host
internal import Synchronization
internal import X86

/// The exits that concern a local interrupt controller of ours; where it is the engine's, there are none.
extension VirtualCPU {
  /// Does something with what the local controller has, if it is ours. False: the thread must end.
  ///
  /// - Parameter withoutDelivery: done instead where it is not.
  func deliver(
    _ body: (InterruptDelivery) throws(EngineError) -> Bool, withoutDelivery: () -> Void = {}
  ) -> Bool {
    guard let delivery else {
      withoutDelivery()
      return true
    }
    do throws(EngineError) {
      if try body(delivery) { return true }
      captureStateIfWanted()
    } catch {
      die(.internalFault(error.description))
    }
    return false
  }

  /// Hands over what waits before the guest is entered.
  func prepareEntry() -> Bool {
    deliver { delivery throws(EngineError) in try delivery.prepareEntry() }
  }

  /// HLT.
  func halt() -> Bool {
    if delivery != nil {
      defer { tellOfPause() }
      return deliver { delivery throws(EngineError) in try delivery.halt() }
    }
    // Nobody but the engine knows what wakes this vCPU.
    if machine.gate.sleep(vcpu: processor.index) { return true }
    captureStateIfWanted()
    return false
  }

  /// RDMSR of a register that the engine does not answer for.
  func read(_ register: MSR) {
    if delivery?.read(register) ?? false { return }
    deny(register, isWrite: false)
    processor.completeRegisterRead(nil)
  }

  /// WRMSR of such a register.
  func write(_ register: MSR, _ value: UInt64) -> Bool {
    deliver { delivery throws(EngineError) in
      if try delivery.write(register, value) { return true }
      refuseWrite(register)
      return true
    } withoutDelivery: {
      refuseWrite(register)
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
  func tellOfPause() {
    if wasPaused.load(ordering: .relaxed), wasPaused.exchange(false, ordering: .relaxed) {
      processor.noteThatItWasPaused()
    }
  }
}
