/// Control register 0 (SDM Vol. 3A, 2.5).
public struct CR0: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// PE: protected mode.
  public static let protectionEnable = Self(rawValue: 1 << 0)
  /// MP: WAIT obeys TS.
  public static let monitorCoprocessor = Self(rawValue: 1 << 1)
  /// EM: x87 instructions fault.
  public static let emulation = Self(rawValue: 1 << 2)
  /// TS: x87 and SSE instructions fault with #NM.
  public static let taskSwitched = Self(rawValue: 1 << 3)
  /// ET: reads as one.
  public static let extensionType = Self(rawValue: 1 << 4)
  /// NE: x87 errors raise #MF.
  public static let numericError = Self(rawValue: 1 << 5)
  /// WP: supervisor writes obey read-only pages.
  public static let writeProtect = Self(rawValue: 1 << 16)
  /// AM: alignment checks are possible.
  public static let alignmentMask = Self(rawValue: 1 << 18)
  /// NW: not write-through.
  public static let notWriteThrough = Self(rawValue: 1 << 29)
  /// CD: cache disable.
  public static let cacheDisable = Self(rawValue: 1 << 30)
  /// PG: paging is on.
  public static let paging = Self(rawValue: 1 << 31)

  /// The named bits, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.protectionEnable, "PE"),
    (.monitorCoprocessor, "MP"),
    (.emulation, "EM"),
    (.taskSwitched, "TS"),
    (.extensionType, "ET"),
    (.numericError, "NE"),
    (.writeProtect, "WP"),
    (.alignmentMask, "AM"),
    (.notWriteThrough, "NW"),
    (.cacheDisable, "CD"),
    (.paging, "PG"),
  ]
}

/// Control register 4 (SDM Vol. 3A, 2.5).
public struct CR4: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// VME: virtual-8086 interrupt extensions.
  public static let virtual8086Extensions = Self(rawValue: 1 << 0)
  /// PVI: protected-mode virtual interrupts.
  public static let protectedVirtualInterrupts = Self(rawValue: 1 << 1)
  /// TSD: RDTSC is privileged.
  public static let timeStampDisable = Self(rawValue: 1 << 2)
  /// DE: I/O breakpoints.
  public static let debuggingExtensions = Self(rawValue: 1 << 3)
  /// PSE: 4 MiB pages.
  public static let pageSizeExtensions = Self(rawValue: 1 << 4)
  /// PAE: 64-bit page-table entries.
  public static let physicalAddressExtension = Self(rawValue: 1 << 5)
  /// MCE: machine checks.
  public static let machineCheckEnable = Self(rawValue: 1 << 6)
  /// PGE: global pages.
  public static let pageGlobalEnable = Self(rawValue: 1 << 7)
  /// PCE: RDPMC in user mode.
  public static let performanceCounterEnable = Self(rawValue: 1 << 8)
  /// OSFXSR: FXSAVE and SSE are in use.
  public static let osFXSR = Self(rawValue: 1 << 9)
  /// OSXMMEXCPT: SSE errors raise #XM.
  public static let osXMMExceptions = Self(rawValue: 1 << 10)
  /// UMIP: SGDT, SIDT, SLDT, SMSW, STR are privileged.
  public static let userModeInstructionPrevention = Self(rawValue: 1 << 11)
  /// LA57: 5-level paging.
  public static let linearAddress57 = Self(rawValue: 1 << 12)
  /// VMXE: VMX operation.
  public static let vmxEnable = Self(rawValue: 1 << 13)
  /// SMXE: SMX operation.
  public static let smxEnable = Self(rawValue: 1 << 14)
  /// FSGSBASE: RDFSBASE and its kin in user mode.
  public static let fsgsbase = Self(rawValue: 1 << 16)
  /// PCIDE: CR3 holds a process-context identifier.
  public static let processContextIdentifiers = Self(rawValue: 1 << 17)
  /// OSXSAVE: XSAVE is in use.
  public static let osXSAVE = Self(rawValue: 1 << 18)
  /// SMEP: supervisor code does not run user pages.
  public static let supervisorModeExecutionPrevention = Self(rawValue: 1 << 20)
  /// SMAP: supervisor code does not touch user pages.
  public static let supervisorModeAccessPrevention = Self(rawValue: 1 << 21)
  /// PKE: protection keys for user pages.
  public static let protectionKeys = Self(rawValue: 1 << 22)
  /// CET: shadow stacks.
  public static let controlFlowEnforcement = Self(rawValue: 1 << 23)
  /// PKS: protection keys for supervisor pages.
  public static let supervisorProtectionKeys = Self(rawValue: 1 << 24)

  /// The named bits, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.virtual8086Extensions, "VME"),
    (.protectedVirtualInterrupts, "PVI"),
    (.timeStampDisable, "TSD"),
    (.debuggingExtensions, "DE"),
    (.pageSizeExtensions, "PSE"),
    (.physicalAddressExtension, "PAE"),
    (.machineCheckEnable, "MCE"),
    (.pageGlobalEnable, "PGE"),
    (.performanceCounterEnable, "PCE"),
    (.osFXSR, "OSFXSR"),
    (.osXMMExceptions, "OSXMMEXCPT"),
    (.userModeInstructionPrevention, "UMIP"),
    (.linearAddress57, "LA57"),
    (.vmxEnable, "VMXE"),
    (.smxEnable, "SMXE"),
    (.fsgsbase, "FSGSBASE"),
    (.processContextIdentifiers, "PCIDE"),
    (.osXSAVE, "OSXSAVE"),
    (.supervisorModeExecutionPrevention, "SMEP"),
    (.supervisorModeAccessPrevention, "SMAP"),
    (.protectionKeys, "PKE"),
    (.controlFlowEnforcement, "CET"),
    (.supervisorProtectionKeys, "PKS"),
  ]
}

/// Control register 3: the page-table base (SDM Vol. 3A, 4.5).
public struct CR3: RawRepresentable, Sendable, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// PWT: write-through access to the top table.
  public var isWriteThrough: Bool { rawValue & 1 << 3 != 0 }
  /// PCD: uncached access to the top table.
  public var isCacheDisabled: Bool { rawValue & 1 << 4 != 0 }
  /// The process-context identifier, 12 bits; valid where CR4.PCIDE is set.
  public var processContextIdentifier: UInt16 { UInt16(truncatingIfNeeded: rawValue & 0xFFF) }
  /// Physical address of the PML4 or PML5 table (4-level and 5-level paging).
  public var tableAddress: UInt64 { rawValue & 0x000F_FFFF_FFFF_F000 }
  /// Physical address of the page-directory-pointer table (PAE paging): aligned to 32 bytes.
  public var tableAddressPAE: UInt64 { rawValue & 0xFFFF_FFE0 }
  /// Physical address of the page directory (32-bit paging).
  public var tableAddress32: UInt64 { rawValue & 0xFFFF_F000 }
}
