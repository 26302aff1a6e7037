import X86

@testable import ProcessorPolicy

/// What KVM offers on CPUs that there are: the words of KVM_GET_SUPPORTED_CPUID as their features make them.
enum Offers {
  /// An Intel server: everything that a rule hides is there, too.
  static var intel: CPUIDTable {
    var table = base(vendor: "GenuineIntel", highest: 0x1F, extended: 0x8000_0008)
    table.set(CPUIDEntry(leaf: 2, registers: CPUIDRegisters(eax: 0x00FE_FF01)))
    for (subleaf, registers) in [
      CPUIDRegisters(eax: 0x0400_0121, ebx: 0x02C0_003F, ecx: 0x3F),
      CPUIDRegisters(eax: 0x0400_0122, ebx: 0x01C0_003F, ecx: 0x3F),
      CPUIDRegisters(eax: 0x0400_0143, ebx: 0x03C0_003F, ecx: 0x7FF),
      CPUIDRegisters(eax: 0xFC1F_C163, ebx: 0x02C0_003F, ecx: 0xDFFF, edx: 4), CPUIDRegisters(),
    ].enumerated() {
      table.set(
        CPUIDEntry(leaf: 4, subleaf: UInt32(subleaf), isSubleafSignificant: true, registers: registers))
    }
    table.set(CPUIDEntry(leaf: 5, registers: CPUIDRegisters(eax: 0x40, ebx: 0x40, ecx: 3, edx: 0x2020)))
    table.set(CPUIDEntry(leaf: 0xA, registers: CPUIDRegisters(eax: 0x0830_0802, ebx: 0, ecx: 0, edx: 0x603)))
    for name in intelFeatures.split(separator: " ") { table.allow(String(name)) }
    // A bit without a name.
    table.update(7, 1) { $0.eax |= 1 << 31 }
    table.set(CPUIDEntry(leaf: 0x14, isSubleafSignificant: true, registers: CPUIDRegisters(eax: 1, ebx: 0xF)))
    table.set(CPUIDEntry(leaf: 0x1D, isSubleafSignificant: true, registers: CPUIDRegisters(eax: 1)))
    table.extend(components: [
      (2, 576, 256), (5, 1088, 64), (6, 1152, 512), (7, 1664, 1024), (9, 2688, 8), (17, 2752, 64),
      (18, 2816, 8192),
    ])
    return table
  }

  static let intelFeatures = """
    fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss \
    pni pclmulqdq vmx ssse3 fma cx16 pdcm pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave \
    avx f16c rdrand hypervisor arat fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid avx512f avx512dq \
    rdseed adx smap clflushopt clwb intel_pt avx512cd sha_ni avx512bw avx512vl umip pku la57 rdpid fsrm \
    md_clear serialize amx_bf16 amx_tile amx_int8 spec_ctrl intel_stibp arch_capabilities spec_ctrl_ssbd \
    avx_vnni xsaveopt xsavec xgetbv1 xsaves xfd syscall nx pdpe1gb rdtscp lm lahf_lm abm 3dnowprefetch invtsc \
    sgx waitpkg core_capabilities lam \
    kvm_clocksource kvm_nop_io_delay kvm_clocksource2 kvm_async_pf kvm_steal_time kvm_pv_eoi kvm_pv_unhalt \
    kvm_pv_tlb_flush kvm_async_pf_vmexit kvm_pv_send_ipi kvm_poll_control kvm_pv_sched_yield kvm_async_pf_int \
    kvm_msi_ext_dest_id kvm_clocksource_stable
    """

  /// An AMD server.
  static var amd: CPUIDTable {
    var table = base(vendor: "AuthenticAMD", highest: 0x10, extended: 0x8000_0026)
    for name in amdFeatures.split(separator: " ") { table.allow(String(name)) }
    let leaf1 = table[1]?.registers.edx ?? 0
    table.update(0x8000_0001) { $0.edx |= leaf1 & 0x0183_F3FF }
    table.set(CPUIDEntry(leaf: 0x8000_000A, registers: CPUIDRegisters(eax: 1, ebx: 8, edx: 9)))
    table.set(CPUIDEntry(leaf: 0x8000_0005, registers: CPUIDRegisters(ecx: 0x2008_0140, edx: 0x2008_0140)))
    for (subleaf, eax) in [UInt32(0x4121), 0x4122, 0x4143, 0x3C163].enumerated() {
      table.set(
        CPUIDEntry(
          leaf: 0x8000_001D, subleaf: UInt32(subleaf), isSubleafSignificant: true,
          registers: CPUIDRegisters(eax: eax, ebx: 0x01C0_003F, ecx: 0x3F)))
    }
    table.set(CPUIDEntry(leaf: 0x8000_001F, registers: CPUIDRegisters(eax: 0xF)))
    table.extend(components: [(2, 576, 256), (9, 2688, 8)])
    return table
  }

  static let amdFeatures = """
    fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 \
    pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 x2apic movbe popcnt aes xsave avx f16c rdrand hypervisor \
    fsgsbase tsc_adjust bmi1 avx2 smep bmi2 erms invpcid rdseed adx smap clflushopt clwb sha_ni umip pku rdpid \
    fsrm xsaveopt xsavec xgetbv1 xsaves syscall nx mmxext fxsr_opt pdpe1gb rdtscp lm lahf_lm svm cr8_legacy abm \
    sse4a misalignsse 3dnowprefetch osvw topoext perfctr_core clzero xsaveerptr wbnoinvd ibpb ibrs stibp ssbd \
    virt_ssbd invtsc lfence_rdtsc null_seg kvm_clocksource kvm_nop_io_delay kvm_clocksource2 kvm_async_pf \
    kvm_steal_time kvm_pv_eoi kvm_pv_unhalt kvm_pv_tlb_flush kvm_pv_send_ipi kvm_clocksource_stable
    """

  private static func base(vendor: String, highest: UInt32, extended: UInt32) -> CPUIDTable {
    var table = CPUIDTable()
    let plain = Set([UInt32(4), 7, 0xB, 0xD, 0x14, 0x1D, 0x1F, 0x8000_001D])
    let leaves: [UInt32] =
      Array(0...highest) + Array(0x8000_0000...extended) + [0x4000_0000, 0x4000_0001]
    for leaf in leaves {
      table.set(
        CPUIDEntry(leaf: leaf, isSubleafSignificant: plain.contains(leaf), registers: CPUIDRegisters()))
    }
    table.set(CPUIDEntry(leaf: 7, subleaf: 1, isSubleafSignificant: true, registers: CPUIDRegisters()))
    table.set(CPUIDEntry(leaf: 7, subleaf: 2, isSubleafSignificant: true, registers: CPUIDRegisters()))
    table.set(CPUIDEntry(leaf: 0xD, subleaf: 1, isSubleafSignificant: true, registers: CPUIDRegisters()))
    table.update(0) { $0.eax = highest }
    table.update(7) { $0.eax = 2 }
    table.update(1) { $0.eax = 0x000C_06F2 }
    table.update(0x8000_0000) { $0.eax = extended }
    table.update(0x8000_0008) { $0.eax = 0x3930 }
    table.update(0x4000_0000) { $0.eax = 0x4000_0001 }
    table.hypervisorSignature = CPUIDTable.kvmSignature
    table.vendor = vendor
    return table
  }

  static func circumstances(
    hasOwnLocalAPICs: Bool = true, hasX2APIC: Bool = true, hasDeadlineTimer: Bool = true,
    frequency: UInt64 = 2_300_000_000, processorCount: Int = 1
  ) -> PolicyCircumstances {
    PolicyCircumstances(
      engine: .kvm, hasOwnLocalAPICs: hasOwnLocalAPICs, hasX2APIC: hasX2APIC,
      hasDeadlineTimer: hasDeadlineTimer, timeStampFrequency: frequency, processorCount: processorCount)
  }
}

extension CPUIDTable {
  /// Reports a feature by name; its leaf must be there.
  fileprivate mutating func allow(_ name: String) {
    guard let feature = CPUIDFeature.named(name), set(feature, to: true) else {
      preconditionFailure("\(name) has no place in this table")
    }
  }

  /// Describes registers for XSAVE beside x87 and SSE.
  fileprivate mutating func extend(components: [(number: UInt32, offset: UInt32, size: UInt32)]) {
    var mask: UInt32 = 3
    for component in components {
      mask |= 1 << component.number
      set(
        CPUIDEntry(
          leaf: 0xD, subleaf: component.number, isSubleafSignificant: true,
          registers: CPUIDRegisters(eax: component.size, ebx: component.offset)))
    }
    let end = components.map { $0.offset + $0.size }.max() ?? 576
    update(0xD, 0) { $0 = CPUIDRegisters(eax: mask, ebx: 576, ecx: end) }
    update(0xD, 1) { (leaf: inout CPUIDRegisters) in (leaf.ecx, leaf.edx) = (0x1900, 0) }
  }

  func shows(_ name: String) -> Bool { CPUIDFeature.named(name).map(has) ?? false }
}
