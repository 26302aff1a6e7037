internal import CKVM

/// A range of model-specific registers and which of them the guest may access.
public struct KVMMSRFilterRange: Sendable, Equatable {
  /// Applies to RDMSR.
  public var reads: Bool
  /// Applies to WRMSR.
  public var writes: Bool
  /// The number of the first register.
  public var first: UInt32
  /// One element per register, from the first: whether the guest may access it.
  public var allowed: [Bool]

  /// A range with these properties.
  public init(reads: Bool, writes: Bool, first: UInt32, allowed: [Bool]) {
    self.reads = reads
    self.writes = writes
    self.first = first
    self.allowed = allowed
  }
}

extension KVMMachine {
  /// Makes accesses to registers that KVM would answer with #GP leave the guest, as
  /// `KVMExitReason.rdmsr` and `.wrmsr` (KVM_ENABLE_CAP, KVM_CAP_X86_USER_SPACE_MSR).
  ///
  /// - Throws: EINVAL for reasons the kernel does not know.
  public func enableUserSpaceMSR(_ reasons: KVMMSRExitReasons) throws(KVMError) {
    try enableCapability(.userSpaceMSR, UInt64(reasons.rawValue))
  }

  /// Chooses which registers the guest may access (KVM_X86_SET_MSR_FILTER; section 4.97). Without
  /// a range and with `allowsOthers`, everything.
  ///
  /// - Parameters:
  ///   - ranges: at most 16 ranges, of at most 12288 registers each.
  ///   - allowsOthers: whether registers in no range may be accessed. Must be true where there is
  ///     no range.
  /// - Throws: EINVAL for ranges that cannot be, E2BIG, ENOMEM.
  public func setMSRFilter(_ ranges: [KVMMSRFilterRange], allowsOthers: Bool) throws(KVMError) {
    guard ranges.count <= Int(KVM_MSR_FILTER_MAX_RANGES) else {
      throw KVMError("KVM_X86_SET_MSR_FILTER", on: Self.name, errno: E2BIG)
    }
    // All bitmaps one after the other; where each begins.
    var bitmaps: [UInt8] = []
    var starts: [Int] = []
    for range in ranges {
      starts.append(bitmaps.count)
      var bytes = [UInt8](repeating: 0, count: (range.allowed.count + 7) / 8)
      for (index, isAllowed) in range.allowed.enumerated() where isAllowed {
        bytes[index / 8] |= 1 << UInt8(index % 8)
      }
      bitmaps += bytes
    }
    // Sound: the kernel reads filter and bitmaps during the call only, at most 16 ranges, and each
    // bitmap has the bits its range says.
    let result = unsafe bitmaps.withUnsafeMutableBufferPointer { bytes in
      var filter = kvm_msr_filter()
      filter.flags = UInt32(
        allowsOthers ? KVM_MSR_FILTER_DEFAULT_ALLOW : KVM_MSR_FILTER_DEFAULT_DENY)
      unsafe withUnsafeMutableBytes(of: &filter.ranges) { area in
        let slots = unsafe area.assumingMemoryBound(to: kvm_msr_filter_range.self)
        for (index, range) in ranges.enumerated() {
          let flags =
            (range.reads ? KVM_MSR_FILTER_READ : 0) | (range.writes ? KVM_MSR_FILTER_WRITE : 0)
          unsafe slots[index].flags = UInt32(flags)
          unsafe slots[index].nmsrs = UInt32(truncatingIfNeeded: range.allowed.count)
          unsafe slots[index].base = range.first
          unsafe slots[index].bitmap = bytes.baseAddress.map { unsafe $0 + starts[index] }
        }
      }
      return unsafe ckvm_x86_set_msr_filter(descriptor.rawValue, &filter)
    }
    try KVM.check(result, "KVM_X86_SET_MSR_FILTER", on: Self.name)
  }
}
