/// The number of a model-specific register.
public struct MSR: RawRepresentable, Hashable, Comparable, Sendable {
  /// The register's number, as in ECX of RDMSR.
  public var rawValue: UInt32

  /// The register with this number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Orders registers by number.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

  /// IA32_TIME_STAMP_COUNTER.
  public static let timeStampCounter = Self(rawValue: 0x10)
  /// IA32_APIC_BASE.
  public static let apicBase = Self(rawValue: 0x1B)
  /// IA32_TSC_ADJUST.
  public static let timeStampAdjust = Self(rawValue: 0x3B)
  /// IA32_SYSENTER_CS.
  public static let sysenterCS = Self(rawValue: 0x174)
  /// IA32_SYSENTER_ESP.
  public static let sysenterESP = Self(rawValue: 0x175)
  /// IA32_SYSENTER_EIP.
  public static let sysenterEIP = Self(rawValue: 0x176)
  /// IA32_MISC_ENABLE.
  public static let miscEnable = Self(rawValue: 0x1A0)
  /// IA32_PAT.
  public static let pageAttributeTable = Self(rawValue: 0x277)
  /// IA32_MTRR_DEF_TYPE.
  public static let mtrrDefaultType = Self(rawValue: 0x2FF)
  /// IA32_TSC_DEADLINE.
  public static let timeStampDeadline = Self(rawValue: 0x6E0)
  /// IA32_PKRS: protection-key rights of supervisor pages.
  public static let supervisorKeyRights = Self(rawValue: 0x6E1)
  /// IA32_EFER.
  public static let efer = Self(rawValue: 0xC000_0080)
  /// STAR: segments of SYSCALL.
  public static let star = Self(rawValue: 0xC000_0081)
  /// LSTAR: the 64-bit SYSCALL entry.
  public static let lstar = Self(rawValue: 0xC000_0082)
  /// CSTAR: the compatibility-mode SYSCALL entry.
  public static let cstar = Self(rawValue: 0xC000_0083)
  /// FMASK: flags that SYSCALL clears.
  public static let fmask = Self(rawValue: 0xC000_0084)
  /// FS.base.
  public static let fsBase = Self(rawValue: 0xC000_0100)
  /// GS.base.
  public static let gsBase = Self(rawValue: 0xC000_0101)
  /// KernelGSBase: what SWAPGS brings in.
  public static let kernelGSBase = Self(rawValue: 0xC000_0102)
  /// TSC_AUX: what RDTSCP returns in ECX.
  public static let timeStampAuxiliary = Self(rawValue: 0xC000_0103)
}

/// The values of a set of model-specific registers, kept in ascending order of number.
///
/// Which registers exist depends on the engine and the host; one that was not saved is absent.
public struct ModelSpecificRegisters: Sendable, Equatable {
  /// One register and its value.
  public struct Entry: Sendable, Equatable {
    /// The register.
    public var register: MSR
    /// Its 64-bit value.
    public var value: UInt64

    /// `register` holding `value`.
    public init(register: MSR, value: UInt64) {
      self.register = register
      self.value = value
    }
  }

  /// The registers present, in ascending order of number.
  public private(set) var entries: [Entry] = []

  /// No register.
  public init() {}

  /// The value of a register, or nil where it is absent.
  public subscript(register: MSR) -> UInt64? {
    get {
      let index = position(of: register)
      guard index < entries.count, entries[index].register == register else { return nil }
      return entries[index].value
    }
    set {
      let index = position(of: register)
      let exists = index < entries.count && entries[index].register == register
      switch (exists, newValue) {
      case (true, let value?): entries[index].value = value
      case (true, nil): entries.remove(at: index)
      case (false, let value?): entries.insert(Entry(register: register, value: value), at: index)
      case (false, nil): break
      }
    }
  }

  /// The index of the first entry whose number is not below `register`'s.
  private func position(of register: MSR) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = low + (high - low) / 2
      if entries[middle].register < register { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
