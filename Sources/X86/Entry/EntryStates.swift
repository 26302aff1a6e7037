/// The states in which a virtual CPU starts.
///
/// Every one of them describes the bootstrap processor with its local APIC on, except
/// `applicationProcessor()`. Registers not mentioned have their value after reset; the stack pointer
/// is the caller's to set.
extension CPUState {
  /// Real mode at `codeSegment:instructionPointer`, interrupts off, the interrupt vector table at
  /// address 0 (SDM Vol. 3B, 20.1).
  ///
  /// - Parameter dataSegment: what DS, ES, FS, GS and SS hold.
  public static func realMode(
    codeSegment: UInt16, instructionPointer: UInt16, dataSegment: UInt16 = 0
  ) -> CPUState {
    var state = afterReset(isBootstrapProcessor: true)
    // The caches of reset are of no use to a program that starts where a BIOS would have left it.
    state.cr0 = .extensionType
    state.cs = .realModeCode(codeSegment)
    state.rip = UInt64(instructionPointer)
    state.setDataSegments(.realMode(dataSegment))
    state.idt = DescriptorTable(base: 0, limit: 0x3FF)
    return state
  }

  /// The state after power-up or reset (SDM Vol. 3A, table 9-1): real mode at linear address
  /// 0xFFFF_FFF0, where the firmware is.
  ///
  /// - Parameter processorSignature: family, model and stepping as CPUID leaf 1 returns them in EAX.
  public static func resetVector(processorSignature: UInt32 = 0x600) -> CPUState {
    var state = afterReset(isBootstrapProcessor: true)
    state.general.rdx = UInt64(processorSignature)
    return state
  }

  /// 32-bit protected mode with flat segments, paging and interrupts off, and no interrupt table:
  /// what Multiboot, PVH and Linux's 32-bit boot protocol start a kernel in.
  ///
  /// - Parameters:
  ///   - entryPoint: linear address of the first instruction.
  ///   - globalDescriptorTable: GDTR; it should describe the two selectors, because a guest may
  ///     reload them.
  ///   - codeSelector: the selector in CS.
  ///   - dataSelector: the selector in DS, ES, FS, GS and SS.
  public static func flatProtected(
    entryPoint: UInt32, globalDescriptorTable: DescriptorTable,
    codeSelector: UInt16 = FlatDescriptors.code32Selector,
    dataSelector: UInt16 = FlatDescriptors.dataSelector
  ) -> CPUState {
    var state = afterReset(isBootstrapProcessor: true)
    // PVH wants every writable bit but PE clear; ET is not writable.
    state.cr0 = [.protectionEnable, .extensionType]
    state.rip = UInt64(entryPoint)
    state.cs = .flatCode32(codeSelector)
    state.setDataSegments(.flatData(dataSelector))
    // PVH's TSS: 32 bits, busy, base 0, limit 0x67.
    state.tr = .initialTaskState(limit: 0x67)
    state.ldt.attributes.isUnusable = true
    state.gdt = globalDescriptorTable
    state.idt = DescriptorTable(base: 0, limit: 0)
    return state
  }

  /// 64-bit mode with flat segments, 4-level paging on, SSE usable, interrupts off, and no interrupt
  /// table (AMD APM Vol. 2, 14.6).
  ///
  /// EFER.NXE and EFER.SCE are off, because not every CPU model has them: set NXE where the page
  /// tables use no-execute (`PageTableBuilder.usesNoExecute`).
  ///
  /// - Parameters:
  ///   - entryPoint: linear address of the first instruction.
  ///   - pageTableRoot: physical address of the PML4 table, a multiple of 4096.
  ///   - globalDescriptorTable: GDTR; it should describe the two selectors.
  ///   - codeSelector: the selector in CS.
  ///   - dataSelector: the selector in DS, ES, FS, GS and SS.
  public static func long(
    entryPoint: UInt64, pageTableRoot: UInt64, globalDescriptorTable: DescriptorTable,
    codeSelector: UInt16 = FlatDescriptors.code64Selector,
    dataSelector: UInt16 = FlatDescriptors.dataSelector
  ) -> CPUState {
    var state = afterReset(isBootstrapProcessor: true)
    state.cr0 = [
      .protectionEnable, .monitorCoprocessor, .extensionType, .numericError, .writeProtect, .paging,
    ]
    state.cr3 = CR3(rawValue: pageTableRoot)
    state.cr4 = [.physicalAddressExtension, .osFXSR, .osXMMExceptions]
    state.efer = [.longModeEnable, .longModeActive]
    state.rip = entryPoint
    state.cs = .flatCode64(codeSelector)
    state.setDataSegments(.flatData(dataSelector))
    state.tr = .initialTaskState(limit: 0x67)
    state.ldt.attributes.isUnusable = true
    state.gdt = globalDescriptorTable
    state.idt = DescriptorTable(base: 0, limit: 0)
    return state
  }

  /// An application processor that waits for INIT and a start-up IPI (SDM Vol. 3A, 8.4).
  ///
  /// - Parameter processorSignature: family, model and stepping as CPUID leaf 1 returns them in EAX.
  public static func applicationProcessor(processorSignature: UInt32 = 0x600) -> CPUState {
    var state = afterReset(isBootstrapProcessor: false)
    state.general.rdx = UInt64(processorSignature)
    state.activity = .uninitialized
    return state
  }

  /// Starts a processor that waits for a start-up IPI: real mode at `vector` × 4096
  /// (SDM Vol. 3A, 8.4.3).
  public mutating func start(atStartupVector vector: UInt8) {
    cs = .realModeCode(UInt16(vector) << 8)
    rip = 0
    events.startupVector = 0
    activity = .running
  }

  /// The registers that reset gives a value other than zero (SDM Vol. 3A, table 9-1).
  private static func afterReset(isBootstrapProcessor: Bool) -> CPUState {
    var state = CPUState()
    state.cr0 = [.extensionType, .notWriteThrough, .cacheDisable]
    // The first instruction is fetched from the top of the 4 GiB space, which no real-mode
    // selector reaches: until the first far jump the base is not 16 times the selector.
    state.cs = .realModeCode(0xF000)
    state.cs.base = 0xFFFF_0000
    state.rip = 0xFFF0
    state.setDataSegments(.realMode(0))
    state.tr = .initialTaskState(limit: 0xFFFF)
    state.ldt = .initialLocalDescriptorTable
    state.gdt = DescriptorTable(base: 0, limit: 0xFFFF)
    state.idt = DescriptorTable(base: 0, limit: 0xFFFF)
    state.apicBase = LocalAPICBase.address | LocalAPICBase.enable
    if isBootstrapProcessor { state.apicBase |= LocalAPICBase.bootstrapProcessor }
    return state
  }

  /// Loads DS, ES, FS, GS and SS with the same segment.
  private mutating func setDataSegments(_ segment: Segment) {
    ds = segment
    es = segment
    fs = segment
    gs = segment
    ss = segment
  }
}

/// The fields of IA32_APIC_BASE (SDM Vol. 3A, 10.4.4).
public enum LocalAPICBase {
  /// The physical address of the local APIC's registers after reset.
  public static let address: UInt64 = 0xFEE0_0000
  /// BSP: this is the bootstrap processor.
  public static let bootstrapProcessor: UInt64 = 1 << 8
  /// EXTD: the local APIC is in x2APIC mode.
  public static let x2APICMode: UInt64 = 1 << 10
  /// EN: the local APIC is on.
  public static let enable: UInt64 = 1 << 11
}
