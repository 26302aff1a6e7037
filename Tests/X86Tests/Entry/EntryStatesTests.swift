import Testing
import X86

@Suite struct EntryStatesTests {
  static let table = FlatDescriptors.register(of: FlatDescriptors.table, at: 0x500)

  static let states: [CPUState] = [
    .realMode(codeSegment: 0, instructionPointer: 0x7C00),
    .realMode(codeSegment: 0xFFFF, instructionPointer: 0xFFFF, dataSegment: 0x1234),
    .resetVector(),
    .flatProtected(entryPoint: 0x10_0000, globalDescriptorTable: table),
    .long(entryPoint: 0x10_0200, pageTableRoot: 0x9000, globalDescriptorTable: table),
    .applicationProcessor(),
  ]

  @Test func modesAreWhatTheNamesSay() {
    #expect(Self.states.map(\.mode) == [.real, .real, .real, .protected, .long, .real])
    #expect(Self.states.map(\.privilegeLevel) == [0, 0, 0, 0, 0, 0])
    #expect(Self.states.allSatisfy { !$0.rflags.contains(.interruptEnable) })
  }

  /// Table 9-1 of the SDM, volume 3A.
  @Test func resetIsThatOfTheManual() {
    let state = CPUState.resetVector(processorSignature: 0x806E9)
    #expect(state.linearInstructionPointer == 0xFFFF_FFF0)
    #expect(state.cs.selector == 0xF000 && state.cs.base == 0xFFFF_0000 && state.cs.limit == 0xFFFF)
    #expect(state.cr0.rawValue == 0x6000_0010)
    #expect(state.rflags.rawValue == 2)
    #expect(state.general.rdx == 0x806E9)
    #expect(state.idt == DescriptorTable(base: 0, limit: 0xFFFF))
    #expect(state.debug.dr6 == 0xFFFF_0FF0 && state.debug.dr7 == 0x400)
    #expect(state.apicBase == 0xFEE0_0900)
    #expect(state.activity == .running)
  }

  @Test func bootSectorStartsAt7C00() {
    let state = CPUState.realMode(codeSegment: 0x07C0, instructionPointer: 0)
    #expect(state.linearInstructionPointer == 0x7C00)
    #expect(state.cs.base == 0x7C00)
    #expect(state.idt.limit == 0x3FF)
    // A processor that keeps its caches off would be needlessly slow where caches are real.
    #expect(state.cr0.rawValue == 0x10)
  }

  @Test func protectedStateIsWhatPVHAsksFor() {
    let state = CPUState.flatProtected(entryPoint: 0x10_0000, globalDescriptorTable: Self.table)
    #expect(state.cr0.rawValue & ~CR0.extensionType.rawValue == 1)
    #expect(state.cr4.rawValue == 0)
    #expect(state.tr.base == 0 && state.tr.limit == 0x67 && state.tr.attributes.accessRights == 0x8B)
    #expect(state.linearInstructionPointer == 0x10_0000)
  }

  /// The hidden parts must be what the guest gets if it reloads the selectors from the table.
  @Test func hiddenPartsMatchTheTable() {
    func loaded(_ selector: UInt16, from table: [UInt64]) -> Segment {
      SegmentDescriptor(rawValue: table[Int(selector >> 3)]).segment(selector: selector)
    }
    let table = FlatDescriptors.table
    let protected = CPUState.flatProtected(entryPoint: 0, globalDescriptorTable: Self.table)
    #expect(protected.cs == loaded(0x08, from: table))
    #expect(protected.ss == loaded(0x10, from: table))
    let long = CPUState.long(entryPoint: 0, pageTableRoot: 0, globalDescriptorTable: Self.table)
    #expect(long.cs == loaded(0x18, from: table))
    #expect(long.ds == loaded(0x10, from: table))
    #expect(Segment.flatCode32(0x2B, privilegeLevel: 3) == loaded(0x2B, from: table))
    #expect(Segment.flatData(0x33, privilegeLevel: 3) == loaded(0x33, from: table))
    #expect(Segment.flatCode64(0x3B, privilegeLevel: 3) == loaded(0x3B, from: table))
    let linux = FlatDescriptors.linux64Table
    #expect(Segment.flatCode64(0x10) == loaded(FlatDescriptors.linuxCodeSelector, from: linux))
    #expect(Segment.flatData(0x18) == loaded(FlatDescriptors.linuxDataSelector, from: linux))
    #expect(Segment.flatCode32(0x10) == loaded(0x10, from: FlatDescriptors.linux32Table))
  }

  /// SYSCALL derives SS from CS + 8, SYSRET CS from base + 16 and SS from base + 8 (AMD APM Vol. 2, 6.1.1).
  @Test func tableSuitsSyscallAndSysret() {
    #expect(FlatDescriptors.syscallDataSelector == FlatDescriptors.code64Selector + 8)
    #expect(FlatDescriptors.userDataSelector == FlatDescriptors.userCode32Selector + 8)
    #expect(FlatDescriptors.userCode64Selector == FlatDescriptors.userCode32Selector + 16)
    #expect(FlatDescriptors.table[Int(FlatDescriptors.syscallDataSelector >> 3)] == FlatDescriptors.data)
    #expect(Self.table == DescriptorTable(base: 0x500, limit: 63))
  }

  @Test func startupVectorSelectsThePage() {
    var state = CPUState.applicationProcessor()
    #expect(state.activity == .uninitialized)
    #expect(state.apicBase == 0xFEE0_0800)
    state.start(atStartupVector: 0x9F)
    #expect(state.activity == .running)
    #expect(state.cs.selector == 0x9F00)
    #expect(state.linearInstructionPointer == 0x9_F000)
  }

  /// The checks that VM entry makes on the guest's segments and control registers, written down from
  /// the SDM, volume 3C, 26.3.1, for unrestricted guests.
  @Test(arguments: states) func satisfiesTheChecksOfVMEntry(_ state: CPUState) {
    let isLongMode = state.efer.contains(.longModeActive)
    #expect(!state.cr0.contains(.paging) || state.cr0.contains(.protectionEnable))
    #expect(!isLongMode || state.cr4.contains(.physicalAddressExtension) && state.cr0.contains(.paging))
    #expect(state.efer.contains(.longModeEnable) == isLongMode)
    #expect(state.rflags.contains(.reserved1))
    #expect(isLongMode || state.rip >> 32 == 0)

    for segment in [state.cs, state.ds, state.es, state.fs, state.gs, state.ss, state.tr, state.ldt]
    where !segment.attributes.isUnusable {
      let attributes = segment.attributes
      #expect(attributes.isPresent)
      // "If any bit in the limit field in the range 11:0 is 0, G must be 0", and the other way around.
      if segment.limit & 0xFFF != 0xFFF { #expect(!attributes.isPageGranular) }
      if segment.limit >> 20 != 0 { #expect(attributes.isPageGranular) }
    }
    #expect([9, 11, 13, 15].contains(state.cs.attributes.type))
    #expect(state.cs.privilegeLevel == state.ss.privilegeLevel)
    #expect(!(isLongMode && state.cs.isLong && state.cs.isDefault32))
    for segment in [state.ds, state.es, state.fs, state.gs] { #expect(segment.attributes.type & 1 == 1) }
    #expect([3, 7].contains(state.ss.attributes.type))
    #expect(state.tr.attributes.type == 11 && !state.tr.attributes.isCodeOrData)
    #expect(state.tr.selector & 4 == 0 && !state.tr.attributes.isUnusable)
    #expect(
      state.ldt.attributes.isUnusable || state.ldt.attributes.type == 2 && !state.ldt.attributes.isCodeOrData)
  }
}
