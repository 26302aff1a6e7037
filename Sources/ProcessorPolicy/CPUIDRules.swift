internal import X86

/// What becomes of the features that an engine offers in CPUID. **The policy is this table**: a bit that no
/// row passes is not shown.
struct CPUIDFeatureRule {
  var verdict: PolicyDecision.Verdict
  /// The features, by the names of `CPUIDFeature`.
  var names: String
  var reason: String
  /// On KVM: only where the local APICs are the kernel's.
  var needsKernelAPIC = false

  static func passed(_ names: String, _ reason: String, needsKernelAPIC: Bool = false) -> Self {
    Self(verdict: .passed, names: names, reason: reason, needsKernelAPIC: needsKernelAPIC)
  }
  static func hidden(_ names: String, _ reason: String) -> Self {
    Self(verdict: .hidden, names: names, reason: reason)
  }
  static func invented(_ names: String, _ reason: String) -> Self {
    Self(verdict: .invented, names: names, reason: reason)
  }

  static let all: [Self] = [
    // MARK: Passed
    .passed(
      """
      fpu vme de pse tsc msr pae cx8 apic sep pge cmov pat pse36 clflush mmx fxsr sse sse2 ss syscall nx mp \
      mmxext fxsr_opt pdpe1gb rdtscp lm lahf_lm cr8_legacy
      """,
      "the base of the architecture"),
    .passed("mtrr", "kernels want to read and set memory types, although nothing follows from them"),
    .passed("mce mca", "kernels read the banks; an error of the host's memory would be told there"),
    .passed(
      """
      pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes avx f16c rdrand bmi1 avx2 bmi2 erms \
      avx512f avx512dq rdseed adx avx512ifma clflushopt clwb avx512pf avx512er avx512cd sha_ni avx512bw \
      avx512vl prefetchwt1 avx512vbmi avx512_vbmi2 gfni vaes vpclmulqdq avx512_vnni avx512_bitalg \
      avx512_vpopcntdq rdpid cldemote movdiri movdir64b avx512_4vnniw avx512_4fmaps fsrm avx512_vp2intersect \
      serialize avx512_fp16 sha512 sm3 sm4 rao_int avx_vnni avx512_bf16 cmpccxadd fzrm fsrs fsrc avx_ifma \
      avx_vnni_int8 avx_ne_convert avx_vnni_int16 prefetchi abm sse4a misalignsse 3dnowprefetch xop fma4 tbm \
      3dnowext 3dnow clzero xsaveerptr rdpru wbnoinvd fdp_excptn_only zero_fcs_fds
      """,
      "instructions, or facts about them, with no state but registers that move with a vCPU"),
    .passed("xsave xsaveopt xsavec xgetbv1 xsaves osxsave", "leaf 0xD tells which registers they save"),
    .passed("hle rtm rtm_always_abort tsxldtrk", "a transaction ends at every exit, which is allowed"),
    .passed(
      "pcid smep fsgsbase invpcid smap umip pku ospke",
      "the guest protects itself with them, by control registers that move with a vCPU"),
    .passed("tsc_adjust invtsc arat", "time: the counter and the local APIC's timer do not stop"),
    .passed(
      """
      spec_ctrl intel_stibp flush_l1d arch_capabilities spec_ctrl_ssbd md_clear srbds_ctrl psfd_ctrl \
      ipred_ctrl rrsba_ctrl ddp_ctrl bhi_ctrl mcdt_no ibpb ibrs stibp stibp_always_on ssbd virt_ssbd ssb_no \
      psfd btc_no no_nested_data_bp lfence_rdtsc verw_clear null_seg autoibrs no_smm_ctl_msr tsa_sq_no \
      tsa_l1_no osvw
      """,
      "what the CPU speculates about and its errata: the guest must know them to protect itself"),
    .passed("topoext perfctr_core", "leaf 0x8000001e is ours; the counters are as leaf 0xa says"),

    // MARK: KVM's interface to guests
    .passed(
      "kvm_clocksource kvm_clocksource2 kvm_clocksource_stable",
      "kvmclock: the time without an exit, and the counter's frequency without measuring"),
    .passed("kvm_nop_io_delay", "a port needs no time to recover"),
    .passed("kvm_steal_time", "the guest's scheduler sees when its vCPUs did not get the host's CPU"),
    .passed(
      "kvm_pv_tlb_flush",
      "a vCPU that does not run is not waited for: it forgets its translations when it runs again"),
    .passed("kvm_pv_eoi", "an end of interrupt without an exit", needsKernelAPIC: true),
    .passed(
      "kvm_pv_unhalt kvm_pv_sched_yield",
      "a vCPU that waits for a lock sleeps or gives its turn away instead of spinning", needsKernelAPIC: true),
    .passed("kvm_pv_send_ipi", "one exit for an interrupt to many vCPUs", needsKernelAPIC: true),
    .passed(
      "kvm_async_pf kvm_async_pf_int",
      "while the host brings a page back from disk the guest runs something else", needsKernelAPIC: true),
    .passed(
      "kvm_poll_control", "a guest that polls before HLT asks the host not to do so, too",
      needsKernelAPIC: true),
    .passed("kvm_hints_realtime", "KVM says whether vCPUs have CPUs of their own"),

    // MARK: Invented
    .invented("hypervisor", "says that leaves from 0x40000000 on mean something"),
    .invented("ht cmp_legacy", "the package has more than one core"),
    .invented("x2apic", "the local APICs have it, whatever the host's have"),
    .invented("tsc_deadline_timer", "the local APICs' timers have it"),

    // MARK: Hidden
    .hidden("vmx smx svm skinit extapic", "a guest is no host of others here: its own guests could not move"),
    .hidden(
      "monitor mwaitx waitpkg", "a vCPU that waits in an instruction would keep the host's CPU: HLT idles"),
    .hidden(
      """
      est tm2 tm acpi dtherm ida pln pts hwp hwp_notify hwp_act_window hwp_epp hwp_pkg_req aperfmperf epb \
      ts fid vid ttp hw_thermal_control 100mhzsteps hwpstate cpb eff_freq_ro proc_feedback acc_power cppc
      """,
      "power and heat are the host's"),
    .hidden(
      "dtes64 ds_cpl pdcm dts pbe intel_pt arch_lbr ibs lwp perfctr_nb perfctr_llc bpext ptsc irperf arch_perfmon_ext",
      "what counters record about branches and loads is state that does not move with a vCPU"),
    .hidden("sgx sgx_lc sgx_keys", "enclaves need memory that we do not have"),
    .hidden("sme sev vm_page_flush sev_es sev_snp tme pconfig key_locker", "memory is encrypted by the host"),
    .hidden("cqm rdt_a", "the host's caches are shared by the host"),
    .hidden(
      "amx_bf16 amx_tile amx_int8 amx_fp16 amx_complex xfd", "tiles need a permission that we do not ask for"),
    .hidden(
      "shstk ibt pks la57 lam lass fred lkgs uintr enqcmd hreset wrmsrns msrlist nmi_src bus_lock_detect avx10",
      "not known to the software CPU, which must be able to take a vCPU over with the registers of it"),
    .hidden("core_capabilities", "split locks are the host's to detect"),
    .hidden("mpx", "withdrawn by its maker and by Linux"),
    .hidden(
      "hybrid_cpu tsx_force_abort sdbg cid xtpr dca ia64 pn amd_ppin wdt nodeid_msr tce",
      "of this host, not of the machine"),
    .hidden("kvm_mmu_op", "withdrawn by KVM"),
    .hidden("kvm_async_pf_vmexit", "for guests that are hosts"),
    .hidden("kvm_msi_ext_dest_id", "there are at most 255 vCPUs"),
    .hidden("kvm_hc_map_gpa_range kvm_migration_control", "for guests whose memory is encrypted"),
  ]
}

/// What becomes of the leaves that an engine offers. Of a leaf that no row passes nothing is shown; of
/// registers that consist of features what the rows above pass.
struct CPUIDLeafRule {
  var verdict: PolicyDecision.Verdict
  var leaves: ClosedRange<UInt32>
  /// The registers that are passed as they are offered; words of features are not among them.
  var whole: [CPUIDRegister] = []
  var reason: String

  static let all: [Self] = [
    .passed(0, [.eax, .ebx, .ecx, .edx], "the maker; the highest leaf is the highest that is shown"),
    .passed(1, [.eax, .ebx], "family, model and stepping"),
    .passed(2, [.eax, .ebx, .ecx, .edx], "caches and TLBs, by descriptors"),
    .passed(4, [.eax, .ebx, .ecx, .edx], "caches; who shares them is invented"),
    .passed(6, [], "only arat"),
    .passed(7, [.eax], "features"),
    .passed(0xA, [.eax, .ebx, .ecx, .edx], "performance counters, where KVM gives the guest some"),
    .invented(0xB, "topology: see above"),
    .passed(0xD, [.eax, .ebx, .ecx, .edx], "where XSAVE puts which registers"),
    .invented(0x15, "the frequency of the time-stamp counter"),
    .invented(0x16, "the same in MHz"),
    .passed(0x4000_0000, [.eax, .ebx, .ecx, .edx], "the hypervisor's signature: KVM's"),
    .passed(0x4000_0001, [], "the hypervisor's features"),
    .invented(0x4000_0010, "the frequencies of time-stamp counter and local APIC"),
    .passed(
      0x8000_0000, [.eax, .ebx, .ecx, .edx], "the maker; the highest leaf is the highest that is shown"),
    .passed(0x8000_0001, [.eax, .ebx], "features of the extended range"),
    Self(
      verdict: .passed, leaves: 0x8000_0002...0x8000_0004, whole: [.eax, .ebx, .ecx, .edx],
      reason: "the brand string"),
    Self(
      verdict: .passed, leaves: 0x8000_0005...0x8000_0006, whole: [.eax, .ebx, .ecx, .edx],
      reason: "caches and TLBs"),
    .passed(0x8000_0007, [], "only invtsc"),
    .passed(0x8000_0008, [.eax], "the widths of addresses"),
    .passed(0x8000_0019, [.eax, .ebx, .ecx, .edx], "TLBs of large pages"),
    .passed(0x8000_001A, [.eax], "how wide the units for vectors are"),
    .passed(0x8000_001D, [.eax, .ebx, .ecx, .edx], "caches; who shares them is invented"),
    .invented(0x8000_001E, "topology: see above"),
    .passed(0x8000_0021, [], "features"),
    .hidden(3, "the serial number of the CPU"),
    .hidden(5, "MONITOR"),
    .hidden(9, "direct cache access"),
    Self(verdict: .hidden, leaves: 0xF...0x10, reason: "monitoring and allotting of the host's caches"),
    .hidden(0x12, "SGX"),
    .hidden(0x14, "processor trace"),
    .hidden(0x17, "the maker of the whole chip"),
    .hidden(0x18, "TLBs, which leaf 2 tells"),
    .hidden(0x19, "key locker"),
    .hidden(0x1A, "which kind of core the host's is"),
    .hidden(0x1B, "PCONFIG"),
    .hidden(0x1C, "records of branches"),
    Self(verdict: .hidden, leaves: 0x1D...0x1E, reason: "tiles"),
    .hidden(0x1F, "topology with dies and modules: leaf 0xB tells all that there is"),
    .hidden(0x20, "HRESET"),
    .hidden(0x8000_000A, "SVM"),
    .hidden(0x8000_001B, "instruction-based sampling"),
    .hidden(0x8000_001C, "lightweight profiling"),
    .hidden(0x8000_001F, "encrypted memory"),
    .hidden(0x8000_0020, "allotting of the host's caches"),
    .hidden(0x8000_0022, "performance counters of a later version"),
    .hidden(0x8000_0023, "encrypted memory"),
    .hidden(0x8000_0026, "topology with dies: leaf 0xB tells all that there is"),
  ]

  private static func passed(_ leaf: UInt32, _ whole: [CPUIDRegister], _ reason: String) -> Self {
    Self(verdict: .passed, leaves: leaf...leaf, whole: whole, reason: reason)
  }
  private static func invented(_ leaf: UInt32, _ reason: String) -> Self {
    Self(verdict: .invented, leaves: leaf...leaf, reason: reason)
  }
  private static func hidden(_ leaf: UInt32, _ reason: String) -> Self {
    Self(verdict: .hidden, leaves: leaf...leaf, reason: reason)
  }

  /// The row for a leaf.
  static func of(_ leaf: UInt32) -> Self? { all.first { $0.leaves.contains(leaf) } }
}
