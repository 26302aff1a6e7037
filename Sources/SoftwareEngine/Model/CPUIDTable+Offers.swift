internal import X86

/// What follows from a CPUID table.
extension CPUIDTable {
  /// Whether the table reports the feature that Linux calls `name`.
  func hasNamed(_ name: String) -> Bool { CPUIDFeature.named(name).map(has) ?? false }

  /// Whether instructions of a feature exist on a CPU with this table.
  func offers(_ feature: InstructionFeature) -> Bool {
    switch Self.condition(of: feature) {
    case .always: true
    case .hypervisor: hypervisorSignature == Self.kvmSignature
    case .never: false
    case .named(let name): hasNamed(name)
    }
  }

  private enum Condition {
    case always, never
    /// Leaf 0x4000_0000 has KVM's signature.
    case hypervisor
    case named(String)
  }

  /// The bit of CPUID that a feature depends on (SDM Vol. 2, "CPUID Feature Flag" of each instruction).
  private static func condition(of feature: InstructionFeature) -> Condition {
    switch feature {
    case .base, .rdpmc: .always
    case .hypercall: .hypervisor
    case .long64: .named("lm")
    case .x87: .named("fpu")
    case .tsc: .named("tsc")
    case .msr: .named("msr")
    case .cx8: .named("cx8")
    case .cx16: .named("cx16")
    case .cmov: .named("cmov")
    case .sysenter: .named("sep")
    case .syscall: .named("syscall")
    case .rdtscp: .named("rdtscp")
    case .fxsr: .named("fxsr")
    case .mmx: .named("mmx")
    case .threeDNowPrefetch: .named("3dnowprefetch")
    case .sse: .named("sse")
    case .sse2: .named("sse2")
    case .sse3: .named("pni")
    case .ssse3: .named("ssse3")
    case .sse41: .named("sse4_1")
    case .sse42: .named("sse4_2")
    case .sse4a: .named("sse4a")
    case .aes: .named("aes")
    case .pclmulqdq: .named("pclmulqdq")
    case .sha: .named("sha_ni")
    case .gfni: .named("gfni")
    case .popcnt: .named("popcnt")
    case .lzcnt: .named("abm")
    case .bmi1: .named("bmi1")
    case .bmi2: .named("bmi2")
    case .adx: .named("adx")
    case .movbe: .named("movbe")
    case .lahfInLongMode: .named("lahf_lm")
    case .rdrand: .named("rdrand")
    case .rdseed: .named("rdseed")
    case .xsave: .named("xsave")
    case .xsaveopt: .named("xsaveopt")
    case .xsavec: .named("xsavec")
    case .clflush: .named("clflush")
    case .clflushopt: .named("clflushopt")
    case .clwb: .named("clwb")
    case .fsgsbase: .named("fsgsbase")
    case .smap: .named("smap")
    case .invpcid: .named("invpcid")
    case .rdpid: .named("rdpid")
    case .prefetchwt1: .named("prefetchwt1")
    case .cldemote: .named("cldemote")
    case .movdiri: .named("movdiri")
    case .wbnoinvd: .named("wbnoinvd")
    // What this engine does not execute at all, whatever a table says.
    default: .never
    }
  }

  /// The bits of CR4 that may be set (SDM Vol. 3A, 2.5).
  var supportedCR4: CR4 {
    var bits: CR4 = .performanceCounterEnable
    func allow(_ bit: CR4, _ name: String) { if hasNamed(name) { bits.insert(bit) } }
    allow(.timeStampDisable, "tsc")
    allow(.debuggingExtensions, "de")
    allow(.pageSizeExtensions, "pse")
    allow(.physicalAddressExtension, "pae")
    allow(.machineCheckEnable, "mce")
    allow(.pageGlobalEnable, "pge")
    allow(.osFXSR, "fxsr")
    allow(.osXMMExceptions, "sse")
    allow(.userModeInstructionPrevention, "umip")
    allow(.fsgsbase, "fsgsbase")
    allow(.osXSAVE, "xsave")
    allow(.supervisorModeExecutionPrevention, "smep")
    allow(.supervisorModeAccessPrevention, "smap")
    return bits
  }

  /// The bits of EFER that may be set, LMA apart (AMD APM Vol. 2, 3.1.7).
  var supportedEFER: EFER {
    var bits: EFER = []
    if has(.systemCall) { bits.insert(.systemCallExtensions) }
    if has(.longMode) { bits.insert(.longModeEnable) }
    if has(.noExecute) { bits.insert(.noExecuteEnable) }
    return bits
  }
}
