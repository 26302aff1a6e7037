internal import X86

/// What CPUID tells of the software CPU: an x86-64 of the second level (x86-64-v2) with what this engine
/// carries out, and nothing else.
extension CPUIDTable {
  /// The features that need nothing of the host.
  private static let ownFeatures = """
    fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 \
    cx16 x2apic movbe popcnt tsc_deadline_timer xsave hypervisor \
     fsgsbase tsc_adjust bmi1 smep bmi2 erms adx smap umip arat xsaveopt xsavec \
     syscall nx rdtscp lm lahf_lm abm 3dnowprefetch zero_fcs_fds
    """
  /// The features whose instructions the host's CPU executes for this one, and what its x87 does.
  private static let hostFeatures =
    "pni ssse3 sse4_1 sse4_2 aes pclmulqdq sha_ni gfni fdp_excptn_only rdrand rdseed"

  /// What of KVM's interface to guests there is: see `Paravirtual/` and the run loop's hypercalls. Accesses to
  /// ports take no time that a guest would have to wait out.
  private static let hypervisorFeatures =
    "kvm_clocksource kvm_nop_io_delay kvm_clocksource2 kvm_pv_unhalt kvm_pv_send_ipi kvm_pv_sched_yield"

  /// The frequency of the local APIC's timer, and so of the clock that leaf 0x15 calls the crystal: 1 GHz.
  static let crystalFrequency: UInt32 = 1_000_000_000

  /// The table of a machine's first vCPU.
  static func softwareProcessor(_ host: HostIdentification) -> CPUIDTable {
    var table = CPUIDTable()
    func set(_ leaf: UInt32, _ eax: UInt32 = 0, _ ebx: UInt32 = 0, _ ecx: UInt32 = 0, _ edx: UInt32 = 0) {
      table.set(
        CPUIDEntry(leaf: leaf, registers: CPUIDRegisters(eax: eax, ebx: ebx, ecx: ecx, edx: edx)))
    }
    func set(_ leaf: UInt32, subleaf: UInt32, _ eax: UInt32 = 0, _ ebx: UInt32 = 0, _ ecx: UInt32 = 0) {
      table.set(
        CPUIDEntry(
          leaf: leaf, subleaf: subleaf, isSubleafSignificant: true,
          registers: CPUIDRegisters(eax: eax, ebx: ebx, ecx: ecx)))
    }
    let isAMD = host.vendor == "AuthenticAMD"
    set(0, 0x16)
    // Intel's first Atom executes in order and speculates about nothing, like this CPU; systems know it,
    // and spare themselves what they do against speculation. AMD: an early Opteron.
    set(1, isAMD ? 0x0006_0FB1 : 0x0001_06CA, 8 << 8)
    // "See leaf 4", and no TLB worth a descriptor.
    set(2, 0x00FF_FF01)
    for leaf in [UInt32(3), 5, 9, 0xA, 0xC, 0xE, 0xF, 0x10, 0x11, 0x12, 0x13, 0x14] { set(leaf) }
    set(6)
    set(7)
    set(8)
    if isAMD { set(4) } else { table.setIntelCaches() }
    set(0xB, subleaf: 0, 0, 1, 0x100)
    set(0xB, subleaf: 1, 0, 1, 0x201)
    // XCR0: x87 and SSE, an area of 576 bytes.
    set(0xD, subleaf: 0, 3, 576, 576)
    set(0xD, subleaf: 1, 0, 576)
    set(0x8000_0000, 0x8000_0008)
    for leaf in UInt32(0x8000_0001)...0x8000_0004 { set(leaf) }
    // Caches as AMD tells them: 64-byte lines, 32 KiB of each kind, 512 KiB.
    set(0x8000_0005, 0, 0, 0x2008_0140, 0x2008_0140)
    set(0x8000_0006, 0, 0, 0x0200_8140)
    set(0x8000_0007)
    // 40 bits of physical, 48 of linear addresses.
    set(0x8000_0008, 48 << 8 | 40)
    set(0x4000_0000, 0x4000_0010)
    set(0x4000_0001)
    table.setTimeStampFrequency(host.timeStampFrequency, crystal: crystalFrequency)

    table.vendor = host.vendor
    table.hypervisorSignature = CPUIDTable.kvmSignature
    table.brand = "SwiftVM software CPU"
    table.setFeatures(host)
    return table
  }

  private mutating func setFeatures(_ host: HostIdentification) {
    for name in Self.ownFeatures.split(separator: " ") { allow(name) }
    for name in Self.hostFeatures.split(separator: " ") where host.features.hasNamed(String(name)) {
      allow(name)
    }
    for name in Self.hypervisorFeatures.split(separator: " ") { allow(name) }
    if host.hasInvariantTimeStamp {
      set(.invariantTimeStamp, to: true)
      // Then one vCPU's clock never runs behind another's, and a guest need not see to that.
      allow("kvm_clocksource_stable")
    }
    // AMD tells of its faults of speculation by other means.
    if !isAMDCompatible { allow("arch_capabilities") }
  }

  private mutating func allow(_ name: Substring) {
    if let feature = CPUIDFeature.named(String(name)) { set(feature, to: true) }
  }

  /// Leaf 4: 32 KiB of data and of instructions with 8 ways, 512 KiB with 8 ways; 64-byte lines.
  private mutating func setIntelCaches() {
    // EAX: type 1 data, 2 instructions, 3 unified; the level; self-initializing. EBX: ways, line size.
    let caches: [(type: UInt32, level: UInt32, sets: UInt32)] = [(1, 1, 64), (2, 1, 64), (3, 2, 1024)]
    for (subleaf, cache) in caches.enumerated() {
      set(
        CPUIDEntry(
          leaf: 4, subleaf: UInt32(subleaf), isSubleafSignificant: true,
          registers: CPUIDRegisters(
            eax: cache.type | cache.level << 5 | 1 << 8, ebx: 7 << 22 | 63, ecx: cache.sets - 1)))
    }
  }
}
