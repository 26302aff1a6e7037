public import CKVM

extension KVMProcessor {
  /// Exceptions, interrupts and NMIs on their way (KVM_GET_VCPU_EVENTS; section 4.31).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func events() throws(KVMError) -> KVMProcessorEvents {
    var state = kvm_vcpu_events()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_vcpu_events(file, &state), "KVM_GET_VCPU_EVENTS", on: name)
    return state
  }

  /// Sets exceptions, interrupts and NMIs on their way; `flags` says which parts count (KVM_SET_VCPU_EVENTS; section 4.32).
  ///
  /// - Throws: EINVAL for flags or exceptions that cannot be.
  public func setEvents(_ state: KVMProcessorEvents) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_vcpu_events(file, &state), "KVM_SET_VCPU_EVENTS", on: name)
  }

  /// Hands an external interrupt to the guest at its next entry (KVM_INTERRUPT; section 4.16). Only
  /// where the local APIC is not in the kernel, and while `ready_for_interrupt_injection` is set.
  ///
  /// - Throws: ENXIO where the local APIC is in the kernel, EEXIST where one is on its way already,
  ///   EINVAL.
  public func injectInterrupt(vector: UInt8) throws(KVMError) {
    var interrupt = kvm_interrupt(irq: UInt32(vector))
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_interrupt(file, &interrupt), "KVM_INTERRUPT", on: name)
  }

  /// Hands an NMI to the guest at its next entry (KVM_NMI; section 4.64).
  ///
  /// - Throws: EINVAL where the kernel lacks `KVMCapability.userNMI`.
  public func injectNMI() throws(KVMError) {
    try KVM.check(ckvm_nmi(file), "KVM_NMI", on: name)
  }

  /// Hands a system management interrupt to the guest (KVM_SMI; section 4.96).
  ///
  /// - Throws: ENOTTY or EINVAL where the kernel lacks `KVMCapability.systemManagementMode`.
  public func injectSMI() throws(KVMError) {
    try KVM.check(ckvm_smi(file), "KVM_SMI", on: name)
  }

  /// The registers of the local APIC in the kernel (KVM_GET_LAPIC; section 4.57).
  ///
  /// - Throws: EINVAL where it is not in the kernel.
  public func localAPIC() throws(KVMError) -> KVMLocalAPICState {
    var state = kvm_lapic_state()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_lapic(file, &state), "KVM_GET_LAPIC", on: name)
    return state
  }

  /// Sets the registers of the local APIC in the kernel (KVM_SET_LAPIC; section 4.58).
  ///
  /// - Throws: EINVAL where it is not in the kernel.
  public func setLocalAPIC(_ state: KVMLocalAPICState) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_lapic(file, &state), "KVM_SET_LAPIC", on: name)
  }

  /// Whether the vCPU runs, halts, or waits for INIT or SIPI (KVM_GET_MP_STATE; section 4.38). Of
  /// use only with the local APIC in the kernel.
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func mpState() throws(KVMError) -> KVMMPState {
    var state = kvm_mp_state()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_mp_state(file, &state), "KVM_GET_MP_STATE", on: name)
    return KVMMPState(rawValue: state.mp_state)
  }

  /// Makes the vCPU run, halt, or wait for INIT or SIPI (KVM_SET_MP_STATE; section 4.39).
  ///
  /// - Throws: EINVAL for a state other than running without the local APIC in the kernel.
  public func setMPState(_ state: KVMMPState) throws(KVMError) {
    var state = kvm_mp_state(mp_state: state.rawValue)
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_mp_state(file, &state), "KVM_SET_MP_STATE", on: name)
  }
}
