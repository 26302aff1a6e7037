public import CKVM
internal import Host

/// A virtual CPU inside the kernel.
///
/// `run()` and everything about state belong on one thread, the vCPU's own; from another thread
/// they wait until `run()` returns. `immediateExit` is for all threads.
///
/// Sections cited are those of the kernel's Documentation/virt/kvm/api.rst.
@safe
public struct KVMProcessor: ~Copyable, @unchecked Sendable {
  // @unchecked: for the pointer, which is valid for as long as the value lives. The kernel locks
  // for itself.

  /// The vCPU's number.
  public let id: UInt32
  /// What the vCPU shares with this process. Valid while the value lives; only the vCPU's thread
  /// may use it, between calls of `run()`.
  @unsafe public let runArea: UnsafeMutablePointer<KVMRunArea>
  /// The length of the run area, in bytes. The data of port I/O lies inside it, at `io.data_offset`.
  public let runAreaByteCount: Int
  /// The length of the XSAVE area, in bytes: at least 4096.
  public let xsaveByteCount: Int
  /// Whether `specialRegisters2()` may be used.
  public let hasSpecialRegisters2: Bool

  /// The descriptor's number, apart from its owner so that `run()` can be inlined.
  @usableFromInline let file: Int32
  private let mapping: KVMRunMapping
  let descriptor: OwnedDescriptor

  /// What errors call it.
  var name: String { "vCPU \(id)" }

  init(
    takingOver descriptor: consuming OwnedDescriptor, id: UInt32, runAreaByteCount: Int,
    xsaveByteCount: Int, hasSpecialRegisters2: Bool
  ) throws(KVMError) {
    guard runAreaByteCount >= MemoryLayout<kvm_run>.size else {
      throw KVMError("mmap", on: "vCPU \(id)", errno: EINVAL)
    }
    mapping = try KVMRunMapping(
      vcpu: descriptor.rawValue, byteCount: runAreaByteCount, name: "vCPU \(id)")
    unsafe runArea = mapping.area
    file = descriptor.rawValue
    self.descriptor = descriptor
    self.id = id
    self.runAreaByteCount = runAreaByteCount
    self.xsaveByteCount = max(xsaveByteCount, MemoryLayout<kvm_xsave>.size)
    self.hasSpecialRegisters2 = hasSpecialRegisters2
  }

  /// Runs the guest until it leaves (KVM_RUN; section 4.10).
  ///
  /// It neither allocates nor throws.
  ///
  /// - Returns: 0, with the reason in `runArea`; or a negated errno: -EINTR for a signal or
  ///   `immediateExit`, -EAGAIN for a vCPU that waits for INIT or SIPI, others for failures (turn
  ///   them into an error with `error(of:)`).
  @inlinable public func run() -> Int32 { ckvm_run(file) }

  /// The error for a negative result of `run()`.
  public func error(of result: Int32) -> KVMError { KVMError("KVM_RUN", on: name, errno: 0 &- result) }

  /// Makes `run()` return at once, from any thread.
  public var immediateExit: ImmediateExitFlag { ImmediateExitFlag(mapping) }

  /// Which signals are blocked while `run()` is in the guest, instead of those that the thread
  /// blocks (KVM_SET_SIGNAL_MASK; section 4.21).
  ///
  /// - Parameter blocked: signal n in bit n-1; nil for the thread's own mask, as at the beginning.
  /// - Throws: EINVAL; never seen to.
  public func setSignalMask(_ blocked: UInt64?) throws(KVMError) {
    guard let blocked else {
      try KVM.check(ckvm_set_signal_mask(file, nil), "KVM_SET_SIGNAL_MASK", on: name)
      return
    }
    // Sound: the function returns the address of the mask's own array.
    let mask = unsafe TrailingArray<kvm_signal_mask, UInt8>(capacity: MemoryLayout<UInt64>.size) {
      unsafe ckvm_signal_mask_sigset($0)
    }
    mask.fill(from: (0..<8).map { UInt8(truncatingIfNeeded: blocked >> UInt64(8 * $0)) })
    // Sound: the mask's array has 8 bytes, as it says.
    let result = unsafe mask.withHeader { header in
      unsafe header.pointee.len = UInt32(MemoryLayout<UInt64>.size)
      return unsafe ckvm_set_signal_mask(file, header)
    }
    try KVM.check(result, "KVM_SET_SIGNAL_MASK", on: name)
  }

  /// Chooses which registers the kernel writes to `syncRegisters` at each exit
  /// (`kvm_valid_regs`; `KVMCapability.syncRegisters`).
  public func setSynchronizedFields(_ fields: KVMSyncFields) {
    // Sound: the area is mapped while `self` lives.
    unsafe runArea.pointee.kvm_valid_regs = fields.rawValue
  }

  /// Says which parts of `syncRegisters` were changed: `run()` takes them up before it enters the
  /// guest (`kvm_dirty_regs`).
  @inlinable public func markSynchronizedFieldsChanged(_ fields: KVMSyncFields) {
    // Sound: the area is mapped while `self` lives.
    unsafe runArea.pointee.kvm_dirty_regs |= fields.rawValue
  }

  /// The registers shared with the kernel. Valid while the value lives.
  @unsafe @inlinable public var syncRegisters: UnsafeMutablePointer<KVMSyncRegisters> {
    unsafe ckvm_run_sync_regs(runArea)
  }

  /// The 8 bytes of a memory access (`mmio.data`). Valid while the value lives.
  @unsafe @inlinable public var memoryAccessData: UnsafeMutablePointer<UInt8> {
    unsafe ckvm_run_mmio_data(runArea)
  }

  /// Opens the vCPU's statistics (KVM_GET_STATS_FD; section 4.133).
  ///
  /// - Throws: ENOTTY where the kernel lacks `KVMCapability.binaryStatistics`, EMFILE, ENOMEM.
  public func statistics() throws(KVMError) -> KVMStatistics {
    try KVMStatistics(of: file, name: name)
  }
}
