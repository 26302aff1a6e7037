public import CKVM
internal import Host

/// The KVM device (/dev/kvm): what this kernel can do, and where machines come from.
///
/// Sections cited are those of the kernel's Documentation/virt/kvm/api.rst.
public struct KVMDevice: ~Copyable, Sendable {
  private let descriptor: OwnedDescriptor
  /// The path it was opened by.
  public let path: String

  /// The only version of the interface there has ever been; section 4.1.
  public static let apiVersion: Int32 = KVM_API_VERSION

  /// Opens the device (open, KVM_GET_API_VERSION; section 4.1).
  ///
  /// - Throws: where the device is missing (ENOENT) or may not be used (EACCES), where the file
  ///   is not a KVM device, or where its interface has another version.
  public init(path: String = "/dev/kvm") throws(KVMError) {
    let descriptor: OwnedDescriptor
    do throws(SystemError) {
      // O_CLOEXEC is added by `open`.
      descriptor = try OwnedDescriptor.open(path, flags: O_RDWR)
    } catch {
      throw KVMError("open", on: path, errno: error.errno)
    }
    let version = try KVM.check(
      ckvm_get_api_version(descriptor.rawValue), "KVM_GET_API_VERSION", on: path)
    guard version == Self.apiVersion else {
      throw KVMError(
        operation: "KVM_GET_API_VERSION", object: path, errno: 0,
        advice: """
          The kernel's KVM interface has version \(version), and only version \(Self.apiVersion) is \
          known: use a kernel from Linux 2.6.22 on.
          """)
    }
    self.descriptor = descriptor
    self.path = path
  }

  /// What the kernel answers about a capability: 0 where it is absent (KVM_CHECK_EXTENSION;
  /// section 4.4). A refusal counts as absence.
  public func check(_ capability: KVMCapability) -> Int32 {
    max(0, ckvm_check_extension(descriptor.rawValue, capability.rawValue))
  }

  /// Those of the named capabilities that are present. Each takes one system call.
  public func capabilities() -> Set<KVMCapability> {
    var present: Set<KVMCapability> = []
    for (capability, _) in KVMCapability.named where check(capability) > 0 { present.insert(capability) }
    return present
  }

  /// How many vCPUs a machine can have and how many memory slots, with the defaults that section
  /// 4.7 and the capabilities' descriptions give for kernels that do not say.
  public func limits() -> KVMLimits {
    let recommended = check(.recommendedProcessorCount)
    let maximum = check(.maximumProcessorCount)
    let identifiers = check(.maximumProcessorID)
    let slots = check(.memorySlotCount)
    let recommendedCount = recommended > 0 ? Int(recommended) : 4
    let maximumCount = maximum > 0 ? Int(maximum) : recommendedCount
    return KVMLimits(
      recommendedProcessorCount: recommendedCount, maximumProcessorCount: maximumCount,
      processorIDBound: identifiers > 0 ? Int(identifiers) : maximumCount,
      memorySlotCount: slots > 0 ? Int(slots) : 32)
  }

  /// The size of a vCPU's run area, in bytes (KVM_GET_VCPU_MMAP_SIZE; section 4.5).
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func runAreaByteCount() throws(KVMError) -> Int {
    let size = try KVM.check(
      ckvm_get_vcpu_mmap_size(descriptor.rawValue), "KVM_GET_VCPU_MMAP_SIZE", on: path)
    guard size >= MemoryLayout<kvm_run>.size else {
      throw KVMError(
        operation: "KVM_GET_VCPU_MMAP_SIZE", object: path, errno: 0,
        advice: "A run area of \(size) bytes is too small for this program: use a newer kernel.")
    }
    return Int(size)
  }

  /// The CPUID entries that the host and KVM support (KVM_GET_SUPPORTED_CPUID; section 4.46).
  ///
  /// - Throws: ENOMEM, or E2BIG where the list is beyond all reason.
  public func supportedCPUID() throws(KVMError) -> [KVMCPUIDEntry] {
    // Sound: the list says how many entries it has room for.
    try unsafe CPUIDList.read("KVM_GET_SUPPORTED_CPUID", on: path) { list in
      unsafe ckvm_get_supported_cpuid(descriptor.rawValue, list)
    }
  }

  /// The CPUID entries of features that KVM emulates where the host lacks them
  /// (KVM_GET_EMULATED_CPUID; section 4.88).
  ///
  /// - Throws: ENOMEM, or E2BIG where the list is beyond all reason.
  public func emulatedCPUID() throws(KVMError) -> [KVMCPUIDEntry] {
    // Sound: as above.
    try unsafe CPUIDList.read("KVM_GET_EMULATED_CPUID", on: path) { list in
      unsafe ckvm_get_emulated_cpuid(descriptor.rawValue, list)
    }
  }

  /// The numbers of the model-specific registers that a guest's state has on this host
  /// (KVM_GET_MSR_INDEX_LIST; section 4.3). That one is listed does not mean that it can be set.
  ///
  /// - Throws: what the ioctl fails with; never seen to.
  public func msrIndexList() throws(KVMError) -> [UInt32] {
    // Sound: the list says how many entries it has room for.
    try unsafe MSRIndexList.read("KVM_GET_MSR_INDEX_LIST", on: path) { list in
      unsafe ckvm_get_msr_index_list(descriptor.rawValue, list)
    }
  }

  /// The numbers of the registers that tell of the host's features
  /// (KVM_GET_MSR_FEATURE_INDEX_LIST; section 4.3).
  ///
  /// - Throws: EINVAL where the kernel lacks `KVMCapability.featureMSRs`.
  public func featureMSRIndexList() throws(KVMError) -> [UInt32] {
    // Sound: as above.
    try unsafe MSRIndexList.read("KVM_GET_MSR_FEATURE_INDEX_LIST", on: path) { list in
      unsafe ckvm_get_msr_feature_index_list(descriptor.rawValue, list)
    }
  }

  /// The host's values of feature registers (KVM_GET_MSRS on the device; section 4.18).
  ///
  /// - Returns: the values of those that can be read, and the numbers of those that cannot.
  /// - Throws: EINVAL where the kernel lacks `KVMCapability.featureMSRs`, ENOMEM.
  public func featureMSRs(_ indices: [UInt32]) throws(KVMError) -> KVMMSRValues {
    // Sound: the list says how many entries it has.
    try unsafe MSRList.read(indices, on: path) { list in
      unsafe ckvm_get_msrs(descriptor.rawValue, list)
    }
  }

  /// Creates a machine without memory or vCPUs (KVM_CREATE_VM; section 4.2).
  ///
  /// - Parameter type: 0 for an ordinary machine; a kernel may offer others.
  /// - Throws: EINVAL for an unknown type, EBUSY where another hypervisor has the processor,
  ///   ENOMEM, EMFILE.
  public func createMachine(type: UInt = 0) throws(KVMError) -> KVMMachine {
    var result = ckvm_create_vm(descriptor.rawValue, type)
    // A signal that arrives meanwhile makes it fail without a trace: ask again.
    while result == -EINTR { result = ckvm_create_vm(descriptor.rawValue, type) }
    let machine = try KVM.check(result, "KVM_CREATE_VM", on: path)
    return KVMMachine(takingOver: OwnedDescriptor(takingOver: machine))
  }
}

/// How much of everything the kernel's KVM allows.
public struct KVMLimits: Sendable, Equatable {
  /// The number of vCPUs per machine that is recommended: the host's processors.
  public var recommendedProcessorCount: Int
  /// The largest number of vCPUs per machine.
  public var maximumProcessorCount: Int
  /// vCPU numbers must be below this.
  public var processorIDBound: Int
  /// The number of memory slots per machine.
  public var memorySlotCount: Int
}
