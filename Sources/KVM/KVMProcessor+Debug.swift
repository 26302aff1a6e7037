public import CKVM

extension KVMProcessor {
  /// Debug registers (KVM_GET_DEBUGREGS; section 4.33).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func debugRegisters() throws(KVMError) -> KVMDebugRegisters {
    var state = kvm_debugregs()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_debugregs(file, &state), "KVM_GET_DEBUGREGS", on: name)
    return state
  }

  /// Sets debug registers; `flags` must be 0 (KVM_SET_DEBUGREGS; section 4.34).
  ///
  /// - Throws: EINVAL for reserved bits.
  public func setDebugRegisters(_ state: KVMDebugRegisters) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_debugregs(file, &state), "KVM_SET_DEBUGREGS", on: name)
  }

  /// Chooses what the guest stops at, as `KVMExitReason.debug` (KVM_SET_GUEST_DEBUG; section 4.87).
  ///
  /// - Throws: EINVAL for flags the kernel does not know, EBUSY where an exception waits already and one is to
  ///   be injected.
  public func setGuestDebug(_ state: KVMGuestDebug) throws(KVMError) {
    var state = state
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_guest_debug(file, &state), "KVM_SET_GUEST_DEBUG", on: name)
  }

  /// Chooses what the guest stops at, as `KVMExitReason.debug` (KVM_SET_GUEST_DEBUG; section 4.87).
  ///
  /// - Parameters:
  ///   - flags: nothing, to stop debugging.
  ///   - breakpoints: the addresses in DR0 to DR3.
  ///   - control: DR7.
  /// - Throws: as above.
  public func setGuestDebug(
    _ flags: KVMGuestDebugFlags, breakpoints: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0),
    control: UInt64 = 0
  ) throws(KVMError) {
    var request = kvm_guest_debug()
    request.control = flags.rawValue
    request.arch.debugreg = (
      breakpoints.0, breakpoints.1, breakpoints.2, breakpoints.3, 0, 0, 0, control
    )
    try setGuestDebug(request)
  }

  /// What a linear address leads to in the guest's present page tables (KVM_TRANSLATE; section
  /// 4.15): `physical_address` where `valid` is not 0. Of the rest the kernel fills in nothing true.
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func translate(linearAddress: UInt64) throws(KVMError) -> KVMTranslation {
    var translation = kvm_translation()
    translation.linear_address = linearAddress
    // Sound: the kernel reads and writes the structure during the call.
    try KVM.check(unsafe ckvm_translate(file, &translation), "KVM_TRANSLATE", on: name)
    return translation
  }
}
