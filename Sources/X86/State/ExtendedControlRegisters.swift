/// Extended feature enable register, MSR 0xC000_0080 (AMD APM Vol. 2, 3.1.7).
public struct EFER: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// SCE: SYSCALL and SYSRET.
  public static let systemCallExtensions = Self(rawValue: 1 << 0)
  /// LME: long mode once paging is on.
  public static let longModeEnable = Self(rawValue: 1 << 8)
  /// LMA: long mode is active.
  public static let longModeActive = Self(rawValue: 1 << 10)
  /// NXE: no-execute pages.
  public static let noExecuteEnable = Self(rawValue: 1 << 11)
  /// SVME: SVM.
  public static let secureVirtualMachineEnable = Self(rawValue: 1 << 12)
  /// FFXSR: fast FXSAVE.
  public static let fastFXSR = Self(rawValue: 1 << 14)

  /// The named bits, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.systemCallExtensions, "SCE"),
    (.longModeEnable, "LME"),
    (.longModeActive, "LMA"),
    (.noExecuteEnable, "NXE"),
    (.secureVirtualMachineEnable, "SVME"),
    (.fastFXSR, "FFXSR"),
  ]
}

/// Extended control register 0 (SDM Vol. 1, 13.3).
public struct XCR0: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// X87: x87 state; always one.
  public static let x87 = Self(rawValue: 1 << 0)
  /// SSE: XMM registers and MXCSR.
  public static let sse = Self(rawValue: 1 << 1)
  /// AVX: upper halves of the YMM registers.
  public static let avx = Self(rawValue: 1 << 2)
  /// BNDREGS: MPX bound registers.
  public static let boundRegisters = Self(rawValue: 1 << 3)
  /// BNDCSR: MPX configuration.
  public static let boundConfiguration = Self(rawValue: 1 << 4)
  /// OPMASK: AVX-512 mask registers.
  public static let opmask = Self(rawValue: 1 << 5)
  /// ZMM_Hi256: upper halves of ZMM0…15.
  public static let zmmHi256 = Self(rawValue: 1 << 6)
  /// Hi16_ZMM: ZMM16…31.
  public static let hi16ZMM = Self(rawValue: 1 << 7)
  /// PKRU: protection-key rights.
  public static let pkru = Self(rawValue: 1 << 9)
  /// XTILECFG: AMX configuration.
  public static let tileConfiguration = Self(rawValue: 1 << 17)
  /// XTILEDATA: AMX tiles.
  public static let tileData = Self(rawValue: 1 << 18)

  /// The named bits, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.x87, "X87"),
    (.sse, "SSE"),
    (.avx, "AVX"),
    (.boundRegisters, "BNDREGS"),
    (.boundConfiguration, "BNDCSR"),
    (.opmask, "OPMASK"),
    (.zmmHi256, "ZMM_Hi256"),
    (.hi16ZMM, "Hi16_ZMM"),
    (.pkru, "PKRU"),
    (.tileConfiguration, "XTILECFG"),
    (.tileData, "XTILEDATA"),
  ]
}
