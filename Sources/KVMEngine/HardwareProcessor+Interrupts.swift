public import Engine
internal import KVM
internal import X86

/// What a vCPU and a local interrupt controller outside the kernel have to say to each other (KVM API,
/// section 5: the kvm_run structure).
///
/// Each field of the run area used here is written by the kernel at the end of every KVM_RUN, also of
/// one that `kick` ended before it entered the guest.
extension HardwareProcessor {
  /// KVM_INTERRUPT.
  public func inject(interrupt vector: UInt8) throws(EngineError) {
    try asEngineError { () throws(KVMError) in try processor.injectInterrupt(vector: vector) }
  }

  /// KVM_NMI.
  public func injectNMI() throws(EngineError) {
    try asEngineError { () throws(KVMError) in try processor.injectNMI() }
  }

  /// Sets `request_interrupt_window`.
  public func requestInterruptWindow(_ wanted: Bool) {
    // Sound: only this vCPU's thread writes the field, between two calls of KVM_RUN.
    unsafe processor.runArea.pointee.request_interrupt_window = wanted ? 1 : 0
  }

  /// `ready_for_interrupt_injection`.
  public var canAcceptInterrupt: Bool {
    // Sound: only read on this vCPU's thread, between two calls of KVM_RUN.
    unsafe processor.runArea.pointee.ready_for_interrupt_injection != 0
  }

  /// `if_flag`.
  public var interruptsEnabled: Bool {
    // Sound: as above.
    unsafe processor.runArea.pointee.if_flag != 0
  }

  /// What the two above say of a state that was just loaded, until the kernel knows better: whether it can
  /// take an interrupt at once is not known, so that a window has to be asked for.
  func setReadiness(for state: CPUState) {
    // Sound: only written while no KVM_RUN of this vCPU is under way.
    unsafe processor.runArea.pointee.ready_for_interrupt_injection = 0
    unsafe processor.runArea.pointee.if_flag = state.rflags.contains(.interruptEnable) ? 1 : 0
  }

  /// `cr8`, which KVM_RUN takes from us and gives back.
  public var taskPriority: UInt8 {
    get {
      // Sound: as above.
      unsafe UInt8(truncatingIfNeeded: processor.runArea.pointee.cr8) & 0xF
    }
    set {
      // Sound: only this vCPU's thread writes the field, between two calls of KVM_RUN.
      unsafe processor.runArea.pointee.cr8 = UInt64(newValue & 0xF)
    }
  }

  /// KVM_SET_SREGS: the kernel's own copy, from which CPUID shows whether there is a local APIC.
  public func setAPICBase(_ value: UInt64) throws(EngineError) {
    try asEngineError { () throws(KVMError) in
      var special = try processor.specialRegisters()
      special.apic_base = value
      try processor.setSpecialRegisters(special)
    }
  }

  /// `msr.data` and `msr.error`.
  public func completeRegisterRead(_ value: UInt64?) {
    // Sound: the exit was KVM_EXIT_X86_RDMSR, so that the union holds `msr`, and it is this thread's.
    unsafe processor.runArea.pointee.msr.data = value ?? 0
    unsafe processor.runArea.pointee.msr.error = value == nil ? 1 : 0
  }

  /// `msr.error`.
  public func completeRegisterWrite(accepted: Bool) {
    // Sound: as above, for KVM_EXIT_X86_WRMSR.
    unsafe processor.runArea.pointee.msr.error = accepted ? 0 : 1
  }

  /// From the guest's time-stamp counter (KVM_GET_MSRS) and its frequency (KVM_GET_TSC_KHZ).
  public func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64? {
    guard let kilohertz = try? processor.timeStampFrequency(), kilohertz > 0,
      let now = try? processor.msrs([MSR.timeStampCounter.rawValue]).entries.first?.data
    else { return nil }
    guard timeStamp > now else { return 0 }
    // Rounded up: the timer must not fire before the guest's counter is there.
    let product = (timeStamp - now).multipliedFullWidth(by: 1_000_000)
    let divisor = UInt64(kilohertz)
    guard product.high < divisor else { return .max }
    let (quotient, remainder) = divisor.dividingFullWidth(product)
    return remainder == 0 ? quotient : quotient.addingReportingOverflow(1).partialValue
  }
}
