internal import Engine
internal import X86

/// The exits that concern a local interrupt controller of ours; where it is the engine's, there are none.
extension VirtualCPU {
  /// Does something with what the local controller has, if it is ours. False: the thread must end.
  func deliver(_ body: (InterruptDelivery) throws(EngineError) -> Bool) -> Bool {
    guard let delivery else { return true }
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
    if delivery != nil { return deliver { delivery throws(EngineError) in try delivery.halt() } }
    // Nobody but the engine knows what wakes this vCPU.
    if machine.gate.sleep(vcpu: processor.index) { return true }
    captureStateIfWanted()
    return false
  }

  /// RDMSR of a register that the engine does not answer for.
  func read(_ register: MSR) {
    guard let delivery else { return processor.completeRegisterRead(nil) }
    delivery.read(register)
  }

  /// WRMSR of such a register.
  func write(_ register: MSR, _ value: UInt64) -> Bool {
    guard delivery != nil else {
      processor.completeRegisterWrite(accepted: false)
      return true
    }
    return deliver { delivery throws(EngineError) in
      try delivery.write(register, value)
      return true
    }
  }
}
