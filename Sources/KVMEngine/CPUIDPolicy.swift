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
}
