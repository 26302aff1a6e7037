public import CKVM

/// What the run area says of a port access (`io`; section 5 of the kernel's
/// Documentation/virt/kvm/api.rst, KVM_EXIT_IO).
public struct KVMPortExit: BitwiseCopyable, Sendable {
  /// Bit 0: the guest writes; bits 15…8: bytes in one item, 1, 2 or 4; bits 31…16: the port; bits
  /// 63…32: how many items.
  public var parts: UInt64
  /// Where in the run area the items are, in bytes from its start.
  public var dataOffset: UInt64

  @inlinable @inline(__always)
  init(parts: UInt64, dataOffset: UInt64) {
    self.parts = parts
    self.dataOffset = dataOffset
  }
}

/// What the run area says of a memory access (`mmio`; KVM_EXIT_MMIO). The bytes are at
/// `KVMProcessor.memoryAccessData`.
public struct KVMMemoryExit: BitwiseCopyable, Sendable {
  /// The guest-physical address.
  public var address: UInt64
  /// How many bytes: 1…8.
  public var length: UInt32
  /// The guest writes.
  public var isWrite: Bool

  @inlinable @inline(__always)
  init(address: UInt64, length: UInt32, isWrite: Bool) {
    self.address = address
    self.length = length
    self.isWrite = isWrite
  }
}

/// The two frequent exits as values, so that a run loop in another module can be compiled into one
/// piece with them without seeing the C header.
extension KVMProcessor {
  /// Why the last `run()` that gave 0 left the guest.
  @inlinable @inline(__always)
  public var exitReason: KVMExitReason {
    // Sound: the area is mapped while `self` lives.
    unsafe KVMExitReason(rawValue: runArea.pointee.exit_reason)
  }

  /// The port access, after an exit for `KVMExitReason.io`.
  @inlinable @inline(__always)
  public var portExit: KVMPortExit {
    // Sound: as above; every bit pattern of the union is a value of its integer members.
    unsafe KVMPortExit(parts: ckvm_run_io_parts(runArea), dataOffset: runArea.pointee.io.data_offset)
  }

  /// The memory access, after an exit for `KVMExitReason.mmio`.
  @inlinable @inline(__always)
  public var memoryExit: KVMMemoryExit {
    // Sound: as above.
    unsafe KVMMemoryExit(
      address: runArea.pointee.mmio.phys_addr, length: runArea.pointee.mmio.len,
      isWrite: runArea.pointee.mmio.is_write != 0)
  }
}
