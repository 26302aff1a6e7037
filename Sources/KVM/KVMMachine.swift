internal import CKVM
internal import Host

/// A machine inside the kernel: its memory, its interrupt controllers, its clock. It has as many
/// `KVMProcessor`s as were created of it.
///
/// Once set up, it may be used by several threads at the same time: the kernel locks for itself,
/// and no method changes the value. Setting up is fastest in this order: memory, interrupt
/// controllers, vCPUs, timer.
///
/// Sections cited are those of the kernel's Documentation/virt/kvm/api.rst.
public struct KVMMachine: ~Copyable, Sendable {
  let descriptor: OwnedDescriptor
  /// What errors call it.
  static let name = "the virtual machine"

  init(takingOver descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }

  /// What the kernel answers about a capability of this machine: 0 where it is absent
  /// (KVM_CHECK_EXTENSION; section 4.4). It may differ from the device's answer.
  public func check(_ capability: KVMCapability) -> Int32 {
    max(0, ckvm_check_extension(descriptor.rawValue, capability.rawValue))
  }

  /// Switches an option on (KVM_ENABLE_CAP; sections 4.37 and 7).
  ///
  /// - Throws: EINVAL where the kernel lacks it or refuses the arguments; what else is the
  ///   option's own.
  public func enableCapability(
    _ capability: KVMCapability, _ first: UInt64 = 0, _ second: UInt64 = 0, _ third: UInt64 = 0,
    _ fourth: UInt64 = 0
  ) throws(KVMError) {
    var request = kvm_enable_cap()
    request.cap = UInt32(bitPattern: capability.rawValue)
    request.args = (first, second, third, fourth)
    // Sound: the kernel reads the structure during the call only.
    let result = unsafe ckvm_enable_cap(descriptor.rawValue, &request)
    guard result >= 0 else {
      throw KVMError("KVM_ENABLE_CAP (\(capability))", on: Self.name, errno: 0 &- result)
    }
  }

  /// Reserves three pages of guest-physical addresses, below 4 GiB and in no slot, which KVM needs
  /// for real mode on old Intel processors (KVM_SET_TSS_ADDR; section 4.36).
  ///
  /// - Throws: EINVAL for an address too high.
  public func setTSSAddress(_ address: UInt32) throws(KVMError) {
    try KVM.check(
      ckvm_set_tss_addr(descriptor.rawValue, UInt(address)), "KVM_SET_TSS_ADDR", on: Self.name)
  }

  /// Reserves one page of guest-physical addresses, below 4 GiB and in no slot, for the same
  /// purpose (KVM_SET_IDENTITY_MAP_ADDR; section 4.40). Must come before the first vCPU.
  ///
  /// - Throws: EINVAL where there is a vCPU already.
  public func setIdentityMapAddress(_ address: UInt64) throws(KVMError) {
    var address = address
    // Sound: the kernel reads the number during the call only.
    try KVM.check(
      unsafe ckvm_set_identity_map_addr(descriptor.rawValue, &address), "KVM_SET_IDENTITY_MAP_ADDR",
      on: Self.name)
  }

  /// Chooses the vCPU that starts; the others wait for it (KVM_SET_BOOT_CPU_ID; section 4.41).
  /// It is 0 unless chosen. Must come before the first vCPU.
  ///
  /// - Throws: EBUSY where there is a vCPU already.
  public func setBootProcessorID(_ id: UInt32) throws(KVMError) {
    try KVM.check(
      ckvm_set_boot_cpu_id(descriptor.rawValue, UInt(id)), "KVM_SET_BOOT_CPU_ID", on: Self.name)
  }

  /// Creates a vCPU (KVM_CREATE_VCPU, mmap; section 4.7).
  ///
  /// - Parameters:
  ///   - id: its number, from 0, which is also its local APIC ID; below `KVMLimits.processorIDBound`.
  ///   - runAreaByteCount: what the device's method of this name returned.
  /// - Throws: EEXIST where the number is taken, EINVAL where it is too large, ENOMEM.
  public func createProcessor(id: UInt32, runAreaByteCount: Int) throws(KVMError) -> KVMProcessor {
    let vcpu = try KVM.check(
      ckvm_create_vcpu(descriptor.rawValue, UInt(id)), "KVM_CREATE_VCPU", on: "vCPU \(id)")
    return try KVMProcessor(
      takingOver: OwnedDescriptor(takingOver: vcpu), id: id, runAreaByteCount: runAreaByteCount,
      xsaveByteCount: Int(check(.xsave2)), hasSpecialRegisters2: check(.specialRegisters2) > 0)
  }

  /// Opens the machine's statistics (KVM_GET_STATS_FD; section 4.133).
  ///
  /// - Throws: ENOTTY where the kernel lacks `KVMCapability.binaryStatistics`, EMFILE, ENOMEM.
  public func statistics() throws(KVMError) -> KVMStatistics {
    try KVMStatistics(of: descriptor.rawValue, name: Self.name)
  }
}
