/// The names of the feature bits, register by register: SDM Vol. 2A, table 3-8; AMD APM Vol. 3,
/// appendix E; Linux Documentation/virt/kvm/x86/cpuid.rst for leaf 0x4000_0001.
extension CPUIDFeature {
  /// Every feature we know, in the order of leaf, subleaf, register and bit.
  public static let all: [CPUIDFeature] = table.flatMap { row in
    row.names.split(separator: " ").enumerated().compactMap { bit, name in
      name == "-"
        ? nil
        : CPUIDFeature(
          leaf: row.leaf, subleaf: row.subleaf, register: row.register, bit: UInt8(truncatingIfNeeded: bit),
          name: String(name))
    }
  }

  /// One register: the names from bit 0 on, "-" for a bit without a feature of its own.
  private typealias Row = (leaf: UInt32, subleaf: UInt32, register: CPUIDRegister, names: String)

  private static let table: [Row] = [
    (
      0x1, 0, .ecx,
      """
      pni pclmulqdq dtes64 monitor ds_cpl vmx smx est \
      tm2 ssse3 cid sdbg fma cx16 xtpr pdcm \
      - pcid dca sse4_1 sse4_2 x2apic movbe popcnt \
      tsc_deadline_timer aes xsave osxsave avx f16c rdrand hypervisor
      """
    ),
    (
      0x1, 0, .edx,
      """
      fpu vme de pse tsc msr pae mce \
      cx8 apic - sep mtrr pge mca cmov \
      pat pse36 pn clflush - dts acpi mmx \
      fxsr sse sse2 ss ht tm ia64 pbe
      """
    ),
    (0x6, 0, .eax, "dtherm ida arat - pln - pts hwp hwp_notify hwp_act_window hwp_epp hwp_pkg_req"),
    (0x6, 0, .ecx, "aperfmperf - - epb"),
    (
      0x7, 0, .ebx,
      """
      fsgsbase tsc_adjust sgx bmi1 hle avx2 fdp_excptn_only smep \
      bmi2 erms invpcid rtm cqm zero_fcs_fds mpx rdt_a \
      avx512f avx512dq rdseed adx smap avx512ifma - clflushopt \
      clwb intel_pt avx512pf avx512er avx512cd sha_ni avx512bw avx512vl
      """
    ),
    (
      0x7, 0, .ecx,
      """
      prefetchwt1 avx512vbmi umip pku ospke waitpkg avx512_vbmi2 shstk \
      gfni vaes vpclmulqdq avx512_vnni avx512_bitalg tme avx512_vpopcntdq - \
      la57 - - - - - rdpid key_locker \
      bus_lock_detect cldemote - movdiri movdir64b enqcmd sgx_lc pks
      """
    ),
    (
      0x7, 0, .edx,
      """
      - sgx_keys avx512_4vnniw avx512_4fmaps fsrm uintr - - \
      avx512_vp2intersect srbds_ctrl md_clear rtm_always_abort - tsx_force_abort serialize hybrid_cpu \
      tsxldtrk - pconfig arch_lbr ibt - amx_bf16 avx512_fp16 \
      amx_tile amx_int8 spec_ctrl intel_stibp flush_l1d arch_capabilities core_capabilities spec_ctrl_ssbd
      """
    ),
    (
      0x7, 1, .eax,
      """
      sha512 sm3 sm4 rao_int avx_vnni avx512_bf16 lass cmpccxadd \
      arch_perfmon_ext - fzrm fsrs fsrc - - - \
      - fred lkgs wrmsrns nmi_src amx_fp16 hreset avx_ifma \
      - - lam msrlist
      """
    ),
    (
      0x7, 1, .edx,
      """
      - - - - avx_vnni_int8 avx_ne_convert - - \
      amx_complex - avx_vnni_int16 - - - prefetchi - \
      - - - avx10
      """
    ),
    (0x7, 2, .edx, "psfd_ctrl ipred_ctrl rrsba_ctrl ddp_ctrl bhi_ctrl mcdt_no"),
    (0xD, 1, .eax, "xsaveopt xsavec xgetbv1 xsaves xfd"),
    (
      0x4000_0001, 0, .eax,
      """
      kvm_clocksource kvm_nop_io_delay kvm_mmu_op kvm_clocksource2 \
      kvm_async_pf kvm_steal_time kvm_pv_eoi kvm_pv_unhalt \
      - kvm_pv_tlb_flush kvm_async_pf_vmexit kvm_pv_send_ipi \
      kvm_poll_control kvm_pv_sched_yield kvm_async_pf_int kvm_msi_ext_dest_id \
      kvm_hc_map_gpa_range kvm_migration_control - - - - - - kvm_clocksource_stable
      """
    ),
    (0x4000_0001, 0, .edx, "kvm_hints_realtime"),
    (
      0x8000_0001, 0, .ecx,
      """
      lahf_lm cmp_legacy svm extapic cr8_legacy abm sse4a misalignsse \
      3dnowprefetch osvw ibs xop skinit wdt - lwp \
      fma4 tce - nodeid_msr - tbm topoext perfctr_core \
      perfctr_nb - bpext ptsc perfctr_llc mwaitx
      """
    ),
    // AMD repeats bits of leaf 1 here; those that are no features of their own are left out.
    (
      0x8000_0001, 0, .edx,
      """
      - - - - - - - - - - - syscall - - - - \
      - - - mp nx - mmxext - \
      - fxsr_opt pdpe1gb rdtscp - lm 3dnowext 3dnow
      """
    ),
    (
      0x8000_0007, 0, .edx,
      """
      ts fid vid ttp hw_thermal_control - 100mhzsteps hwpstate \
      invtsc cpb eff_freq_ro proc_feedback acc_power
      """
    ),
    (
      0x8000_0008, 0, .ebx,
      """
      clzero irperf xsaveerptr - rdpru - - - \
      - wbnoinvd - - ibpb - ibrs stibp \
      - stibp_always_on - - - - - amd_ppin \
      ssbd virt_ssbd ssb_no cppc psfd btc_no
      """
    ),
    (
      0x8000_000A, 0, .edx,
      """
      npt lbrv svm_lock nrip_save tsc_scale vmcb_clean flushbyasid decodeassists \
      - - pausefilter - pfthreshold avic - v_vmsave_vmload vgif
      """
    ),
    (0x8000_001F, 0, .eax, "sme sev vm_page_flush sev_es sev_snp"),
    (
      0x8000_0021, 0, .eax,
      "no_nested_data_bp - lfence_rdtsc - - verw_clear null_seg - autoibrs no_smm_ctl_msr"
    ),
    (0x8000_0021, 0, .ecx, "- tsa_sq_no tsa_l1_no"),
  ]
}
