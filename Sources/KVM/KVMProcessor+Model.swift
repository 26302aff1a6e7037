public import CKVM

extension KVMProcessor {
  /// The values of model-specific registers (KVM_GET_MSRS; section 4.18).
  ///
  /// - Returns: the values of those that can be read, in the order of `indices`, and the numbers of
  ///   those that the kernel refused.
  /// - Throws: EFAULT, ENOMEM; a refusal is not an error.
  public func msrs(_ indices: [UInt32]) throws(KVMError) -> KVMMSRValues {
    // Sound: the list says how many entries it has.
    try unsafe MSRList.read(indices, on: name) { list in
      unsafe ckvm_get_msrs(file, list)
    }
  }

  /// Sets model-specific registers one after the other (KVM_SET_MSRS; section 4.19). Those that the
  /// kernel refuses are left out, and the rest is set all the same.
  ///
  /// - Returns: the numbers of those that were refused: `entries.count` less this many were set.
  /// - Throws: EFAULT, ENOMEM; a refusal is not an error.
  @discardableResult
  public func setMSRs(_ entries: [KVMMSREntry]) throws(KVMError) -> [UInt32] {
    // Sound: the list says how many entries it has.
    try unsafe MSRList.write(entries, on: name) { list in
      unsafe ckvm_set_msrs(file, list)
    }
  }

  /// The CPUID list in force (the ioctl KVM_GET_CPUID2).
  ///
  /// - Throws: ENOMEM, or E2BIG where the list is beyond all reason.
  public func cpuid() throws(KVMError) -> [KVMCPUIDEntry] {
    // Sound: the list says how many entries it has room for.
    try unsafe CPUIDList.read("KVM_GET_CPUID2", on: name) { list in
      unsafe ckvm_get_cpuid2(file, list)
    }
  }

  /// Sets what CPUID answers (the ioctl KVM_SET_CPUID2). Must come before the first `run()`.
  ///
  /// - Throws: EINVAL for entries that contradict each other or after the first `run()`, E2BIG for
  ///   too many, ENOMEM.
  public func setCPUID(_ entries: [KVMCPUIDEntry]) throws(KVMError) {
    // Sound: the function returns the address of the list's own array.
    let list = unsafe TrailingArray<kvm_cpuid2, kvm_cpuid_entry2>(capacity: entries.count) {
      unsafe ckvm_cpuid2_entries($0)
    }
    list.fill(from: entries)
    // Sound: the list has as many entries as it says.
    let result = unsafe list.withHeader { header in
      unsafe header.pointee.nent = UInt32(truncatingIfNeeded: entries.count)
      return unsafe ckvm_set_cpuid2(file, header)
    }
    try KVM.check(result, "KVM_SET_CPUID2", on: name)
  }

  /// Switches an option of this vCPU on (KVM_ENABLE_CAP; section 4.37).
  ///
  /// - Throws: EINVAL where the kernel lacks it or refuses the argument.
  public func enableCapability(_ capability: KVMCapability, _ first: UInt64) throws(KVMError) {
    var request = kvm_enable_cap()
    request.cap = UInt32(bitPattern: capability.rawValue)
    request.args.0 = first
    // Sound: the kernel reads the structure during the call only.
    let result = unsafe ckvm_enable_cap(file, &request)
    guard result >= 0 else {
      throw KVMError("KVM_ENABLE_CAP (\(capability))", on: name, errno: 0 &- result)
    }
  }

  /// The frequency of the guest's time-stamp counter, in kHz (KVM_GET_TSC_KHZ; section 4.56).
  ///
  /// - Throws: EIO where the host's counter is not stable.
  public func timeStampFrequency() throws(KVMError) -> UInt32 {
    UInt32(try KVM.check(ckvm_get_tsc_khz(file), "KVM_GET_TSC_KHZ", on: name))
  }

  /// Tells the guest that it was paused, so that its watchdogs do not bark (KVM_KVMCLOCK_CTRL;
  /// section 4.70). After the pause, before the next `run()`.
  ///
  /// - Throws: EINVAL where the guest does not use kvmclock.
  public func notifyOfPause() throws(KVMError) {
    try KVM.check(ckvm_kvmclock_ctrl(file), "KVM_KVMCLOCK_CTRL", on: name)
  }
}
