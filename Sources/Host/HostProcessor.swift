import CLinux

/// The host's CPU, as CPUID tells of it.
public enum HostProcessor {
  /// Whether it has VT-x or AMD-V (CPUID 1, ECX bit 5; 0x8000_0001, ECX bit 2).
  ///
  /// A KVM that works without them executes a guest's kernel by emulation, or nearly. It says nothing on
  /// whether KVM can be used.
  public static var hasVirtualization: Bool {
    var registers: [UInt32] = [0, 0, 0, 0]
    // Sound, both: there is room for the four registers.
    unsafe swiftvm_cpuid(1, 0, &registers)
    if registers[2] & 1 << 5 != 0 { return true }
    unsafe swiftvm_cpuid(0x8000_0001, 0, &registers)
    return registers[2] & 1 << 2 != 0
  }
}
