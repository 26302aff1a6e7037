extension CPUState {
  /// INIT: as after reset, but for what INIT leaves alone (SDM Vol. 3A, table 10-1): the caching bits of
  /// CR0, the x87 and SSE registers, XCR0, IA32_APIC_BASE and most model-specific registers.
  ///
  /// - Parameter processorSignature: family, model and stepping as CPUID leaf 1 returns them in EAX.
  public mutating func initialize(processorSignature: UInt32 = 0x600) {
    let caching: CR0 = [.notWriteThrough, .cacheDisable]
    var state = Self.resetVector(processorSignature: processorSignature)
    state.cr0 = state.cr0.subtracting(caching).union(cr0.intersection(caching))
    state.xcr0 = xcr0
    state.apicBase = apicBase
    state.modelSpecific = modelSpecific
    state.extended = extended
    self = state
  }
}
