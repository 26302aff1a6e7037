internal import X86

/// Which model-specific registers a guest may use. **The policy is this table**: all others are denied.
///
/// A register belongs to a feature: it is there exactly if CPUID shows the guest that feature. Whether the
/// engine then has it, and takes the value, is the engine's to say.
struct MSRRule {
  /// When a rule holds.
  enum Condition {
    case always
    /// CPUID shows one of these features.
    case features(String)
    /// The maker, as CPUID tells it.
    case intel, amd
    /// CPUID shows performance counters.
    case counters
    /// The local APICs are the engine's own: else these registers are ours to answer.
    case ownLocalAPICs(feature: String)
  }

  /// The accesses that are let through.
  struct Access: OptionSet {
    var rawValue: UInt8
    static let read = Self(rawValue: 1)
    static let write = Self(rawValue: 2)
    static let both: Self = [.read, .write]
  }

  var registers: [ClosedRange<UInt32>]
  var access = Access.both
  var condition: Condition
  var reason: String

  private static func rule(
    _ registers: [ClosedRange<UInt32>], _ condition: Condition, _ reason: String
  ) -> Self {
    Self(registers: registers, condition: condition, reason: reason)
  }
  private static func rule(
    _ registers: [ClosedRange<UInt32>], only access: Access, _ condition: Condition, _ reason: String
  ) -> Self {
    Self(registers: registers, access: access, condition: condition, reason: reason)
  }

  static let all: [Self] = [
    // MARK: Every x86-64
    .rule([0x10...0x10], .features("tsc"), "the time-stamp counter"),
    .rule([0x1B...0x1B], .ownLocalAPICs(feature: "apic"), "the local APIC's address and mode"),
    .rule([0x6E0...0x6E0], .ownLocalAPICs(feature: "tsc_deadline_timer"), "the local APIC's timer"),
    .rule([0x800...0x8FF], .ownLocalAPICs(feature: "x2apic"), "the local APIC's registers"),
    .rule([0x3B...0x3B], .features("tsc_adjust"), "what was added to the time-stamp counter"),
    .rule([0x174...0x176], .features("sep"), "where SYSENTER leads"),
    .rule(
      [0xC000_0080...0xC000_0084, 0xC000_0100...0xC000_0102], .features("lm"),
      "long mode: EFER, where SYSCALL leads, segment bases"),
    .rule([0xC000_0103...0xC000_0103], .features("rdtscp rdpid"), "what RDTSCP and RDPID return"),
    .rule([0x277...0x277], .features("pat"), "memory types of pages"),
    .rule([0xFE...0xFE], only: .read, .features("mtrr"), "how many MTRRs there are"),
    .rule(
      [0x200...0x20F, 0x250...0x250, 0x258...0x259, 0x268...0x26F, 0x2FF...0x2FF], .features("mtrr"),
      "memory types of address ranges"),
    .rule([0x0...0x1, 0x17A...0x17B, 0x400...0x47F], .features("mca mce"), "machine checks"),
    .rule([0x179...0x179], only: .read, .features("mca mce"), "how many banks of machine checks there are"),
    .rule([0x280...0x29F, 0x4D0...0x4D0], .features("mca"), "machine checks that were corrected"),
    .rule([0x8B...0x8B], .always, "the revision of the microcode, which kernels ask for unasked"),
    .rule([0x1D9...0x1D9], .always, "debug control, which kernels clear"),
    .rule(
      [0x1DB...0x1DE], only: .read, .always, "the last branch and interrupt: part of the base since the P6"),
    .rule([0xDA0...0xDA0], .features("xsaves"), "what XSAVES saves beside XCR0: nothing"),

    // MARK: Speculation
    .rule(
      [0x48...0x48], .features("spec_ctrl intel_stibp spec_ctrl_ssbd ibrs stibp ssbd psfd"),
      "control of speculation"),
    .rule([0x49...0x49], only: .write, .features("spec_ctrl ibpb"), "the barrier of indirect branches"),
    .rule([0x10A...0x10A], only: .read, .features("arch_capabilities"), "what the CPU is not vulnerable to"),
    .rule([0x10B...0x10B], only: .write, .features("flush_l1d"), "empties the first-level cache"),
    .rule([0x122...0x122], .features("arch_capabilities rtm"), "control of transactions"),
    .rule(
      [0x123...0x123], .features("arch_capabilities srbds_ctrl"), "control of what VERW and RDRAND clear"),
    .rule([0xC001_011F...0xC001_011F], .features("virt_ssbd"), "control of speculation"),

    // MARK: Makers
    .rule([0x17...0x17], only: .read, .intel, "the platform, which kernels ask for unasked"),
    .rule([0x79...0x79], .intel, "loads microcode: the engine forgets it"),
    .rule([0x1A0...0x1A0], .intel, "what the CPU has switched on"),
    .rule([0xCD...0xCE, 0x198...0x198], only: .read, .intel, "frequencies, which kernels ask for unasked"),
    .rule([0x140...0x140], .intel, "CPUID that faults in user mode"),
    .rule([0x199...0x19C, 0x1B0...0x1B0], .intel, "power and heat, which old systems ask for unasked"),
    .rule([0x34...0x34], only: .read, .intel, "how often there was a system management interrupt: never"),
    .rule(
      [
        0xC001_0010...0xC001_0010, 0xC001_0015...0xC001_0015, 0xC001_001B...0xC001_001B,
        0xC001_001F...0xC001_001F, 0xC001_0055...0xC001_0055, 0xC001_0058...0xC001_0058,
        0xC001_1022...0xC001_1022, 0xC001_1029...0xC001_102A,
      ], .amd, "configuration of the chip, which kernels read, and set for errata"),
    .rule([0xC001_0140...0xC001_0141], .features("osvw"), "errata"),
    .rule(
      [0xC001_0000...0xC001_0007], .amd,
      "the four counters that every AMD CPU has; KVM has them empty without more"),

    // MARK: Performance counters
    .rule(
      [0xC1...0xC8, 0x186...0x18D, 0x309...0x30C, 0x38D...0x390], .counters, "counters of leaf 0xa"),
    .rule([0xC001_0200...0xC001_020B], .features("perfctr_core"), "counters of the core"),

    // MARK: KVM's interface to guests
    .rule([0x11...0x12], .features("kvm_clocksource"), "kvmclock, by its old numbers"),
    .rule([0x4B56_4D00...0x4B56_4D01], .features("kvm_clocksource2"), "kvmclock"),
    .rule([0x4B56_4D02...0x4B56_4D02], .features("kvm_async_pf"), "where page faults are told"),
    .rule([0x4B56_4D06...0x4B56_4D07], .features("kvm_async_pf_int"), "how it is told that a page is there"),
    .rule([0x4B56_4D03...0x4B56_4D03], .features("kvm_steal_time"), "where stolen time is told"),
    .rule([0x4B56_4D04...0x4B56_4D04], .features("kvm_pv_eoi"), "where the end of an interrupt is noted"),
    .rule(
      [0x4B56_4D05...0x4B56_4D05], .features("kvm_poll_control"), "whether the host polls before it sleeps"),
  ]
}
