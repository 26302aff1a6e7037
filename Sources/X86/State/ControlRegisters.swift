/// Control register 0 (SDM Vol. 3A, 2.5).
public struct CR0: NamedBits, Equatable {
  /// The register's value.
  public var rawValue: UInt64

  /// The register with this value.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// PE: protected mode.
  @inlinable public static var protectionEnable: Self { Self(rawValue: 1 << 0) }
  /// MP: WAIT obeys TS.
  @inlinable public static var monitorCoprocessor: Self { Self(rawValue: 1 << 1) }
  /// EM: x87 instructions fault.
  @inlinable public static var emulation: Self { Self(rawValue: 1 << 2) }
  /// TS: x87 and SSE instructions fault with #NM.
  @inlinable public static var taskSwitched: Self { Self(rawValue: 1 << 3) }
  /// ET: reads as one.
  @inlinable public static var extensionType: Self { Self(rawValue: 1 << 4) }
  /// NE: x87 errors raise #MF.
  @inlinable public static var numericError: Self { Self(rawValue: 1 << 5) }
  /// WP: supervisor writes obey read-only pages.
  @inlinable public static var writeProtect: Self { Self(rawValue: 1 << 16) }
  /// AM: alignment checks are possible.
  @inlinable public static var alignmentMask: Self { Self(rawValue: 1 << 18) }
  /// NW: not write-through.
  @inlinable public static var notWriteThrough: Self { Self(rawValue: 1 << 29) }
  /// CD: cache disable.
  @inlinable public static var cacheDisable: Self { Self(rawValue: 1 << 30) }
  /// PG: paging is on.
  @inlinable public static var paging: Self { Self(rawValue: 1 << 31) }

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
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// VME: virtual-8086 interrupt extensions.
  @inlinable public static var virtual8086Extensions: Self { Self(rawValue: 1 << 0) }
  /// PVI: protected-mode virtual interrupts.
  @inlinable public static var protectedVirtualInterrupts: Self { Self(rawValue: 1 << 1) }
  /// TSD: RDTSC is privileged.
  @inlinable public static var timeStampDisable: Self { Self(rawValue: 1 << 2) }
  /// DE: I/O breakpoints.
  @inlinable public static var debuggingExtensions: Self { Self(rawValue: 1 << 3) }
  /// PSE: 4 MiB pages.
  @inlinable public static var pageSizeExtensions: Self { Self(rawValue: 1 << 4) }
  /// PAE: 64-bit page-table entries.
  @inlinable public static var physicalAddressExtension: Self { Self(rawValue: 1 << 5) }
  /// MCE: machine checks.
  @inlinable public static var machineCheckEnable: Self { Self(rawValue: 1 << 6) }
  /// PGE: global pages.
  @inlinable public static var pageGlobalEnable: Self { Self(rawValue: 1 << 7) }
  /// PCE: RDPMC in user mode.
  @inlinable public static var performanceCounterEnable: Self { Self(rawValue: 1 << 8) }
  /// OSFXSR: FXSAVE and SSE are in use.
  @inlinable public static var osFXSR: Self { Self(rawValue: 1 << 9) }
  /// OSXMMEXCPT: SSE errors raise #XM.
  @inlinable public static var osXMMExceptions: Self { Self(rawValue: 1 << 10) }
  /// UMIP: SGDT, SIDT, SLDT, SMSW, STR are privileged.
  @inlinable public static var userModeInstructionPrevention: Self { Self(rawValue: 1 << 11) }
  /// LA57: 5-level paging.
  @inlinable public static var linearAddress57: Self { Self(rawValue: 1 << 12) }
  /// VMXE: VMX operation.
  @inlinable public static var vmxEnable: Self { Self(rawValue: 1 << 13) }
  /// SMXE: SMX operation.
  @inlinable public static var smxEnable: Self { Self(rawValue: 1 << 14) }
  /// FSGSBASE: RDFSBASE and its kin in user mode.
  @inlinable public static var fsgsbase: Self { Self(rawValue: 1 << 16) }
  /// PCIDE: CR3 holds a process-context identifier.
  @inlinable public static var processContextIdentifiers: Self { Self(rawValue: 1 << 17) }
  /// OSXSAVE: XSAVE is in use.
  @inlinable public static var osXSAVE: Self { Self(rawValue: 1 << 18) }
  /// SMEP: supervisor code does not run user pages.
  @inlinable public static var supervisorModeExecutionPrevention: Self { Self(rawValue: 1 << 20) }
  /// SMAP: supervisor code does not touch user pages.
  @inlinable public static var supervisorModeAccessPrevention: Self { Self(rawValue: 1 << 21) }
  /// PKE: protection keys for user pages.
  @inlinable public static var protectionKeys: Self { Self(rawValue: 1 << 22) }
  /// CET: shadow stacks.
  @inlinable public static var controlFlowEnforcement: Self { Self(rawValue: 1 << 23) }
  /// PKS: protection keys for supervisor pages.
  @inlinable public static var supervisorProtectionKeys: Self { Self(rawValue: 1 << 24) }

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
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

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
