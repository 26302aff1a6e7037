internal import KVM

/// What the guest sees of the CPU: what KVM supports on this host, with the entries that name the
/// vCPU itself filled in.
enum CPUIDPolicy {
  /// The entries for the vCPU with this local APIC ID.
  static func entries(from supported: [KVMCPUIDEntry], apicID: UInt32) -> [KVMCPUIDEntry] {
    var entries = supported
    for position in entries.indices {
      switch entries[position].function {
      case 1:
        // The initial APIC ID, and the bit that says "you are in a virtual machine".
        entries[position].ebx = entries[position].ebx & 0x00FF_FFFF | apicID << 24
        entries[position].ecx |= 1 << 31
      case 0xB, 0x1F:
        entries[position].edx = apicID
      case 0x8000_001E:
        entries[position].eax = apicID
      default: break
      }
    }
    return entries
  }

  /// Shows what a vCPU has whose local APIC is ours, not the kernel's.
  ///
  /// KVM's own interface loses what the kernel does with its local APICs: IPIs by hypercall, the kick of a
  /// waiting vCPU, page faults told by interrupt, and the like (Documentation/virt/kvm/x86/cpuid.rst).
  static func adapt(_ entries: inout [KVMCPUIDEntry], hasX2APIC: Bool, hasDeadlineTimer: Bool) {
    let x2APIC: UInt32 = 1 << 21
    let deadlineTimer: UInt32 = 1 << 24
    // ASYNC_PF, PV_EOI, PV_UNHALT, ASYNC_PF_VMEXIT, PV_SEND_IPI, POLL_CONTROL, PV_SCHED_YIELD, ASYNC_PF_INT,
    // MSI_EXT_DEST_ID.
    let kernelAPIC: UInt32 =
      1 << 4 | 1 << 6 | 1 << 7 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 15
    for position in entries.indices {
      switch entries[position].function {
      case 1:
        entries[position].ecx &= ~(x2APIC | deadlineTimer)
        entries[position].ecx |= (hasX2APIC ? x2APIC : 0) | (hasDeadlineTimer ? deadlineTimer : 0)
      case 0x4000_0001: entries[position].eax &= ~kernelAPIC
      default: break
      }
    }
  }
}
