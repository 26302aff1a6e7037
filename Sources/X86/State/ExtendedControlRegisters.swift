/// Extended feature enable register, MSR 0xC000_0080 (AMD APM Vol. 2, 3.1.7).
public struct EFER: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// SCE: SYSCALL and SYSRET.
  @inlinable public static var systemCallExtensions: Self { Self(rawValue: 1 << 0) }
  /// LME: long mode once paging is on.
  @inlinable public static var longModeEnable: Self { Self(rawValue: 1 << 8) }
  /// LMA: long mode is active.
  @inlinable public static var longModeActive: Self { Self(rawValue: 1 << 10) }
  /// NXE: no-execute pages.
  @inlinable public static var noExecuteEnable: Self { Self(rawValue: 1 << 11) }
  /// SVME: SVM.
  @inlinable public static var secureVirtualMachineEnable: Self { Self(rawValue: 1 << 12) }
  /// FFXSR: fast FXSAVE.
  @inlinable public static var fastFXSR: Self { Self(rawValue: 1 << 14) }

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
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// X87: x87 state; always one.
  @inlinable public static var x87: Self { Self(rawValue: 1 << 0) }
  /// SSE: XMM registers and MXCSR.
  @inlinable public static var sse: Self { Self(rawValue: 1 << 1) }
  /// AVX: upper halves of the YMM registers.
  @inlinable public static var avx: Self { Self(rawValue: 1 << 2) }
  /// BNDREGS: MPX bound registers.
  @inlinable public static var boundRegisters: Self { Self(rawValue: 1 << 3) }
  /// BNDCSR: MPX configuration.
  @inlinable public static var boundConfiguration: Self { Self(rawValue: 1 << 4) }
  /// OPMASK: AVX-512 mask registers.
  @inlinable public static var opmask: Self { Self(rawValue: 1 << 5) }
  /// ZMM_Hi256: upper halves of ZMM0…15.
  @inlinable public static var zmmHi256: Self { Self(rawValue: 1 << 6) }
  /// Hi16_ZMM: ZMM16…31.
  @inlinable public static var hi16ZMM: Self { Self(rawValue: 1 << 7) }
  /// PKRU: protection-key rights.
  @inlinable public static var pkru: Self { Self(rawValue: 1 << 9) }
  /// XTILECFG: AMX configuration.
  @inlinable public static var tileConfiguration: Self { Self(rawValue: 1 << 17) }
  /// XTILEDATA: AMX tiles.
  @inlinable public static var tileData: Self { Self(rawValue: 1 << 18) }

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
