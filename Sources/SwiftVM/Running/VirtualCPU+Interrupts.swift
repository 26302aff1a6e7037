internal import Engine
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
    deliver { delivery throws(EngineError) in try delivery.prepareEntry() }
  }

  /// HLT. Nil: it is over already.
  func halt() -> Pause? {
    // Without a controller of ours nobody but the engine knows what wakes this vCPU.
    if delivery == nil { return .asleep(isForGood: false) }
    return deliver { delivery throws(EngineError) in try delivery.halt() }
  }

  /// RDMSR of a register that the engine does not answer for.
  func read(_ register: MSR) {
    guard let delivery else { return processor.completeRegisterRead(nil) }
    delivery.read(register)
  }

  /// WRMSR of such a register. Nil: the vCPU goes on.
  func write(_ register: MSR, _ value: UInt64) -> Pause? {
    if delivery == nil { processor.completeRegisterWrite(accepted: false) }
    return deliver { delivery throws(EngineError) in
      try delivery.write(register, value)
      return nil
    }
  }
}
