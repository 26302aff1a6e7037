import Testing
import X86

@Suite struct CPUIDFeatureTests {
  /// The feature leaves of a Core i7-6700K as published dumps show them.
  static let skylake = CPUIDTable([
    CPUIDEntry(
      leaf: 0x0, registers: CPUIDRegisters(eax: 0x16, ebx: 0x756E_6547, ecx: 0x6C65_746E, edx: 0x4965_6E69)),
    CPUIDEntry(
      leaf: 0x1, registers: CPUIDRegisters(eax: 0x506E3, ebx: 0x10_0800, ecx: 0x7FFA_FBBF, edx: 0xBFEB_FBFF)),
    CPUIDEntry(leaf: 0x7, isSubleafSignificant: true, registers: CPUIDRegisters(ebx: 0x029C_6FBF)),
    CPUIDEntry(leaf: 0xD, subleaf: 1, isSubleafSignificant: true, registers: CPUIDRegisters(eax: 0xF)),
    CPUIDEntry(leaf: 0x8000_0001, registers: CPUIDRegisters(ecx: 0x121, edx: 0x2C10_0800)),
    CPUIDEntry(leaf: 0x8000_0007, registers: CPUIDRegisters(edx: 0x100)),
  ])

  /// What Linux prints for that CPU in /proc/cpuinfo, as far as it comes from those registers. Linux
  /// leaves out osxsave and zero_fcs_fds, and prints constant_tsc and nonstop_tsc where we say invtsc.
  static let linuxFlags = """
    fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush dts acpi mmx fxsr sse \
    sse2 ss ht tm pbe syscall nx pdpe1gb rdtscp lm pni pclmulqdq dtes64 monitor ds_cpl vmx est tm2 \
    ssse3 sdbg fma cx16 xtpr pdcm pcid sse4_1 sse4_2 x2apic movbe popcnt tsc_deadline_timer aes xsave avx \
    f16c rdrand lahf_lm abm 3dnowprefetch fsgsbase tsc_adjust sgx bmi1 hle avx2 smep bmi2 erms invpcid rtm \
    mpx rdseed adx smap clflushopt intel_pt xsaveopt xsavec xgetbv1 xsaves
    """

  @Test func namesAreThoseOfLinux() {
    let ours = Set(Self.skylake.features.map(\.name))
    let linux = Set(Self.linuxFlags.split(separator: " ").map(String.init))
    #expect(ours.subtracting(linux) == ["osxsave", "invtsc", "zero_fcs_fds"])
    #expect(linux.subtracting(ours) == [])
  }

  @Test func namesAreUniqueAndFound() {
    let all = CPUIDFeature.all
    #expect(Set(all.map(\.name)).count == all.count)
    let places = all.map { [$0.leaf, $0.subleaf, UInt32($0.bit)].description + $0.register.rawValue }
    #expect(Set(places).count == all.count)
    #expect(CPUIDFeature.named("X2APIC") == .x2APIC)
    #expect(CPUIDFeature.named("-") == nil && CPUIDFeature.named("") == nil)
  }

  /// Bits from the manuals, one for each row of the table, taken near its end: a slip in a row moves them.
  @Test(
    arguments: [
      ("hypervisor", 0x1, 0, .ecx, 31), ("pbe", 0x1, 0, .edx, 31), ("hwp_pkg_req", 0x6, 0, .eax, 11),
      ("avx512vl", 0x7, 0, .ebx, 31), ("pks", 0x7, 0, .ecx, 31), ("la57", 0x7, 0, .ecx, 16),
      ("rdpid", 0x7, 0, .ecx, 22), ("spec_ctrl_ssbd", 0x7, 0, .edx, 31), ("fsrm", 0x7, 0, .edx, 4),
      ("serialize", 0x7, 0, .edx, 14), ("ibt", 0x7, 0, .edx, 20), ("lam", 0x7, 1, .eax, 26),
      ("fred", 0x7, 1, .eax, 17), ("avx10", 0x7, 1, .edx, 19), ("xfd", 0xD, 1, .eax, 4),
      ("kvm_clocksource_stable", 0x4000_0001, 0, .eax, 24), ("kvm_pv_send_ipi", 0x4000_0001, 0, .eax, 11),
      ("mwaitx", 0x8000_0001, 0, .ecx, 29), ("topoext", 0x8000_0001, 0, .ecx, 22),
      ("3dnow", 0x8000_0001, 0, .edx, 31), ("nx", 0x8000_0001, 0, .edx, 20), ("lm", 0x8000_0001, 0, .edx, 29),
      ("invtsc", 0x8000_0007, 0, .edx, 8), ("btc_no", 0x8000_0008, 0, .ebx, 29),
      ("ibpb", 0x8000_0008, 0, .ebx, 12), ("vgif", 0x8000_000A, 0, .edx, 16),
      ("sev_snp", 0x8000_001F, 0, .eax, 4),
    ] as [(String, UInt32, UInt32, CPUIDRegister, UInt8)])
  func bitsAreThoseOfTheManuals(
    _ name: String, _ leaf: UInt32, _ subleaf: UInt32, _ register: CPUIDRegister, _ bit: UInt8
  ) {
    let feature = CPUIDFeature(leaf: leaf, subleaf: subleaf, register: register, bit: bit, name: name)
    #expect(CPUIDFeature.named(name) == feature)
  }

  @Test func descriptionsNameThePlace() {
    #expect(CPUIDFeature.x2APIC.description == "x2apic (CPUID leaf 0x1, ECX bit 21)")
    #expect(CPUIDFeature.xsaveSupervisor.description == "xsaves (CPUID leaf 0xd, subleaf 1, EAX bit 3)")
  }
}
