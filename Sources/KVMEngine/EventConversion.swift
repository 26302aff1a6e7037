internal import KVM
internal import X86

/// Between `PendingEvents` and KVM_GET_VCPU_EVENTS (KVM API, 4.31).

extension PendingEvents {
  init(_ events: KVMProcessorEvents) {
    self.init()
    let exception = events.exception
    if exception.injected != 0 || exception.pending != 0 {
      self.exception = PendingException(
        vector: exception.nr, errorCode: exception.has_error_code != 0 ? exception.error_code : nil,
        isInjected: exception.injected != 0,
        payload: events.exception_has_payload != 0 ? events.exception_payload : nil)
    }
    if events.interrupt.injected != 0 { injectedInterrupt = events.interrupt.nr }
    isSoftwareInterrupt = events.interrupt.soft != 0
    isShadowedBySTI = events.interrupt.shadow & Shadow.sti != 0
    isShadowedByMOVSS = events.interrupt.shadow & Shadow.movSS != 0
    isNMIInjected = events.nmi.injected != 0
    isNMIPending = events.nmi.pending != 0
    isNMIMasked = events.nmi.masked != 0
    startupVector = events.sipi_vector
  }
}

extension KVMProcessorEvents {
  init(_ events: PendingEvents) {
    self.init()
    if let pending = events.exception {
      exception.nr = pending.vector
      exception.injected = pending.isInjected ? 1 : 0
      exception.has_error_code = pending.errorCode != nil ? 1 : 0
      exception.error_code = pending.errorCode ?? 0
      // A pending, not yet injected exception needs KVM_CAP_EXCEPTION_PAYLOAD; without it KVM
      // itself reports one as injected, and so do we.
      if !pending.isInjected { exception.injected = 1 }
    }
    if let vector = events.injectedInterrupt {
      interrupt.injected = 1
      interrupt.nr = vector
      interrupt.soft = events.isSoftwareInterrupt ? 1 : 0
    }
    interrupt.shadow =
      (events.isShadowedBySTI ? Shadow.sti : 0) | (events.isShadowedByMOVSS ? Shadow.movSS : 0)
    nmi.injected = events.isNMIInjected ? 1 : 0
    nmi.pending = events.isNMIPending ? 1 : 0
    nmi.masked = events.isNMIMasked ? 1 : 0
    sipi_vector = events.startupVector
    // The flags say which of the optional fields are meant: NMI pending, SIPI vector, shadow.
    flags = 1 | 2 | 4
  }
}

/// KVM_X86_SHADOW_INT_*.
private enum Shadow {
  static let movSS: UInt8 = 1
  static let sti: UInt8 = 2
}
