public import CKVM

extension KVMMachine {
  /// The guest's clock: nanoseconds, as kvmclock shows them (KVM_GET_CLOCK; section 4.29).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func clock() throws(KVMError) -> KVMClockData {
    var data = kvm_clock_data()
    // Sound: the kernel writes the structure during the call.
    try KVM.check(unsafe ckvm_get_clock(descriptor.rawValue, &data), "KVM_GET_CLOCK", on: Self.name)
    return data
  }

  /// Sets the guest's clock (KVM_SET_CLOCK; section 4.30). With `KVMClockFlags.realTime` in its
  /// flags, the clock goes on by what has passed since `realtime`; all other flags must be clear.
  ///
  /// - Throws: EINVAL for flags the kernel does not take.
  public func setClock(_ data: KVMClockData) throws(KVMError) {
    var data = data
    // Sound: the kernel reads the structure during the call only.
    try KVM.check(unsafe ckvm_set_clock(descriptor.rawValue, &data), "KVM_SET_CLOCK", on: Self.name)
  }
}
