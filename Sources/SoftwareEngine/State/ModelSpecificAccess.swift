internal import X86

/// Which model-specific registers exist, and what may be written to them (SDM Vol. 4, table 2-2; AMD APM
/// Vol. 2, appendix A).
extension ModelSpecificFile {
  /// What RDMSR gives, or nil for #GP.
  func read(_ register: MSR, _ model: ProcessorModel) -> UInt64? {
    switch register {
    case .apicBase: return apicBase
    case .star: return star
    case .lstar: return lstar
    case .cstar: return cstar
    case .fmask: return fmask
    case .kernelGSBase: return kernelGSBase
    case .sysenterCS: return sysenterCS
    case .sysenterESP: return sysenterESP
    case .sysenterEIP: return sysenterEIP
    case .timeStampAuxiliary: return timeStampAuxiliary
    case .timeStampAdjust: return timeStampAdjust
    default: break
    }
    if let constant = Self.constant(register, model) { return constant }
    guard let kind = StoredRegisterKind(register, model) else { return nil }
    return stored[register] ?? kind.valueAfterReset
  }

  /// Carries out WRMSR. False for #GP; nothing has changed then.
  mutating func write(_ register: MSR, _ value: UInt64, _ model: ProcessorModel) -> Bool {
    switch register {
    case .star: star = value
    case .sysenterCS: sysenterCS = value & 0xFFFF_FFFF
    case .lstar, .cstar, .kernelGSBase, .sysenterESP, .sysenterEIP:
      guard isCanonical(value, bits: 48) else { return false }
      writeAddress(register, value)
    case .fmask, .timeStampAuxiliary:
      guard value >> 32 == 0 else { return false }
      if register == .fmask { fmask = value } else { timeStampAuxiliary = value }
    case .timeStampAdjust:
      timeStampOffset &+= value &- timeStampAdjust
      timeStampAdjust = value
    case .apicBase:
      // Without a local APIC outside the engine it is storage: EN, BSP and the address.
      guard value >> UInt64(model.physicalAddressBits) == 0, value & 0x6FF == 0 else { return false }
      apicBase = value
    default:
      guard let kind = StoredRegisterKind(register, model), kind.allows(value, model) else { return false }
      if kind != .ignored, kind != .microcodeRevision { stored[register] = value }
    }
    return true
  }

  private mutating func writeAddress(_ register: MSR, _ value: UInt64) {
    switch register {
    case .lstar: lstar = value
    case .cstar: cstar = value
    case .kernelGSBase: kernelGSBase = value
    case .sysenterESP: sysenterESP = value
    default: sysenterEIP = value
    }
  }

  /// The registers that cannot be written.
  private static func constant(_ register: MSR, _ model: ProcessorModel) -> UInt64? {
    switch register.rawValue {
    // IA32_MCG_CAP (no banks), the last-branch records.
    case 0x179, 0x1DB, 0x1DC, 0x1DD, 0x1DE: 0
    // IA32_PLATFORM_ID, MSR_SMI_COUNT.
    case 0x17 where !model.isAMD, 0x34 where !model.isAMD: 0
    // MSR_PLATFORM_INFO: the ratio of the time-stamp counter to 100 MHz.
    case 0xCE where !model.isAMD: min(model.timeStampFrequency / 100_000_000, 255) << 8
    // IA32_MTRRCAP: eight variable ranges, fixed ranges, write-combining.
    case 0xFE: 0x508
    // IA32_ARCH_CAPABILITIES.
    case 0x10A where model.architecturalCapabilities != 0: model.architecturalCapabilities
    // IA32_PERF_STATUS.
    case 0x198 where !model.isAMD: 0
    default: nil
    }
  }
}

/// The registers that are plain storage, by what may be written to them.
enum StoredRegisterKind {
  /// IA32_PAT: eight memory types.
  case pageAttributeTable
  /// A fixed-range MTRR: eight memory types.
  case fixedRange
  /// IA32_MTRR_PHYSBASEn and PHYSMASKn, IA32_MTRR_DEF_TYPE.
  case rangeBase, rangeMask, defaultType
  /// IA32_MISC_ENABLE.
  case miscEnable
  /// Anything may be written and is read back.
  case plain
  /// Writes are taken and forgotten; it reads as after reset.
  case ignored
  /// IA32_BIOS_SIGN_ID: the revision of the microcode, which a guest clears before it asks.
  case microcodeRevision
  /// Zero alone may be written: a feature that is not there.
  case zero

  /// The kind of a register, or nil where there is no such register.
  init?(_ register: MSR, _ model: ProcessorModel) {
    switch register.rawValue {
    case 0x277: self = .pageAttributeTable
    case 0x250, 0x258, 0x259, 0x268...0x26F: self = .fixedRange
    case 0x200...0x20F: self = register.rawValue & 1 == 0 ? .rangeBase : .rangeMask
    case 0x2FF: self = .defaultType
    case 0x1A0 where !model.isAMD: self = .miscEnable
    case 0x8B: self = .microcodeRevision
    // IA32_P5_MC_ADDR and TYPE, IA32_MCG_STATUS.
    case 0x0, 0x1, 0x17A: self = .plain
    // IA32_BIOS_UPDT_TRIG.
    case 0x79 where !model.isAMD: self = .ignored
    // IA32_DEBUGCTL: no branch records, no stepping by branches.
    case 0x1D9: self = .zero
    // IA32_PERF_CTL, IA32_THERM_*, IA32_ENERGY_PERF_BIAS.
    case 0x199, 0x19A, 0x19B, 0x19C, 0x1B0: if model.isAMD { return nil } else { self = .plain }
    // SYSCFG, HWCR, NB_CFG, DE_CFG.
    case 0xC001_0010, 0xC001_0015, 0xC001_001F, 0xC001_1029:
      if model.isAMD { self = .plain } else { return nil }
    default: return nil
    }
  }

  /// What it holds until it is written.
  var valueAfterReset: UInt64 {
    switch self {
    case .pageAttributeTable: 0x0007_0406_0007_0406
    // Fast strings; neither branch trace store nor precise event sampling.
    case .miscEnable: 1 | 1 << 11 | 1 << 12
    case .microcodeRevision: 1 << 32
    default: 0
    }
  }

  /// Whether a value may be written.
  func allows(_ value: UInt64, _ model: ProcessorModel) -> Bool {
    let beyondAddress: UInt64 = .max << UInt64(model.physicalAddressBits)
    switch self {
    case .pageAttributeTable: return Self.areTypes(value, besides: 7)
    case .fixedRange: return Self.areTypes(value, besides: 0)
    case .rangeBase: return value & (beyondAddress | 0xF00) == 0 && Self.isType(value & 0xFF)
    case .rangeMask: return value & (beyondAddress | 0x7FF) == 0
    case .defaultType: return value & ~0xCFF == 0 && Self.isType(value & 0xFF)
    // XD disable would take away a feature that CPUID shows.
    case .miscEnable: return value & 1 << 34 == 0
    case .plain, .ignored, .microcodeRevision: return true
    case .zero: return value == 0
    }
  }

  /// UC, WC, WT, WP, WB (SDM Vol. 3A, table 11-8).
  private static func isType(_ type: UInt64) -> Bool { type == 0 || type == 1 || (4...6).contains(type) }

  private static func areTypes(_ value: UInt64, besides other: UInt64) -> Bool {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      let type = value >> shift & 0xFF
      if !isType(type), type != other { return false }
    }
    return true
  }
}
