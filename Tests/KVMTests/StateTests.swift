import CLinux
import KVM
import Testing

@Suite(.enabled(if: KVMAvailability.isUsable, KVMAvailability.reason)) struct StateTests {
  @Test func generalRegistersComeBack() throws {
    let guest = try TinyGuest()
    var registers = KVMRegisters()
    registers.rax = 0x0102_0304_0506_0708
    registers.rbx = .max
    registers.rsi = 3
    registers.rdi = 4
    registers.rbp = 5
    registers.r8 = 6
    registers.r15 = 0x8000_0000_0000_0000
    registers.rip = 0x1234
    registers.rsp = 0x5678
    registers.rflags = 0x2 | 1 << 10
    try guest.processor.setRegisters(registers)
    #expect(bytes(of: try guest.processor.registers()) == bytes(of: registers))
  }

  @Test func specialRegistersComeBack() throws {
    let guest = try TinyGuest()
    var special = try guest.processor.specialRegisters()
    special.ds.base = 0x1230
    special.ds.selector = 0x123
    special.gdt.base = 0x4000
    special.gdt.limit = 0x27
    special.idt.base = 0x5000
    special.cr2 = 0xABCD
    special.cr0 |= 1
    special.cr3 = 0x6000
    try guest.processor.setSpecialRegisters(special)
    #expect(bytes(of: try guest.processor.specialRegisters()) == bytes(of: special))
  }

  @Test func specialRegisters2AgreeWithTheFirstKind() throws {
    let guest = try TinyGuest()
    guard guest.processor.hasSpecialRegisters2 else { return }
    var special = try guest.processor.specialRegisters2()
    let first = try guest.processor.specialRegisters()
    #expect(special.cs.base == 0 && special.cr0 == first.cr0)
    special.es.base = 0x7770
    special.es.selector = 0x777
    try guest.processor.setSpecialRegisters2(special)
    #expect(try guest.processor.specialRegisters().es.base == 0x7770)
    #expect(bytes(of: try guest.processor.specialRegisters2()) == bytes(of: special))
  }

  @Test func impossibleSpecialRegistersAreRefused() throws {
    let guest = try TinyGuest()
    var special = try guest.processor.specialRegisters()
    special.cr4 |= 1 << 63
    let error = #expect(throws: KVMError.self) { try guest.processor.setSpecialRegisters(special) }
    #expect(error?.errno == EINVAL)
    #expect(error?.object == "vCPU 0")
  }

  @Test func theXSAVEAreaHoldsWhatTheFPURegistersShow() throws {
    let guest = try TinyGuest()
    #expect(guest.processor.xsaveByteCount >= 4096)
    var area = try guest.processor.xsave()
    #expect(area.count == guest.processor.xsaveByteCount)
    // XMM1 is at 176 of the legacy area; bit 1 of XSTATE_BV at 512 says that SSE is there.
    for index in 0..<16 { area[176 + index] = UInt8(0xA0 + index) }
    area[512] |= 3
    try guest.processor.setXSAVE(area)
    #expect(try guest.processor.xsave() == area)
    #expect(bytes(of: try guest.processor.fpu().xmm.1) == Array(0xA0...0xAF))

    var fpu = try guest.processor.fpu()
    fpu.xmm.2.15 = 0x55
    fpu.fcw = 0x27F
    try guest.processor.setFPU(fpu)
    let after = try guest.processor.xsave()
    #expect(after[192 + 15] == 0x55)
    #expect(after[0] == 0x7F && after[1] == 0x02)
  }

  @Test func aShortXSAVEAreaIsFilledUpAndALongOneIsRefused() throws {
    let guest = try TinyGuest()
    let area = try guest.processor.xsave()
    try guest.processor.setXSAVE(Array(area.prefix(576)))
    try guest.processor.setXSAVE(area + [0, 0, 0])
    let error = #expect(throws: KVMError.self) { try guest.processor.setXSAVE(area + [0, 0, 1]) }
    #expect(error?.errno == EINVAL)
    #expect(error?.description.contains("\(area.count + 3) bytes") == true)
  }

  @Test func extendedControlRegistersComeBack() throws {
    let guest = try TinyGuest()
    guard guest.machine.check(.xcrs) > 0 else { return }
    try guest.processor.setCPUID(guest.device.supportedCPUID())
    var state = try guest.processor.extendedControlRegisters()
    #expect(state.nr_xcrs == 1 && state.xcrs.0.xcr == 0 && state.xcrs.0.value & 1 == 1)
    state.xcrs.0.value = 3
    try guest.processor.setExtendedControlRegisters(state)
    #expect(try guest.processor.extendedControlRegisters().xcrs.0.value == 3)
    state.xcrs.0.value = 2  // x87 must be on
    #expect(throws: KVMError.self) { try guest.processor.setExtendedControlRegisters(state) }
  }

  @Test func aRefusedRegisterIsDataAndTheRestIsSet() throws {
    let guest = try TinyGuest()
    let nonsense: UInt32 = 0xDEAD_BEEF
    let refused = try guest.processor.setMSRs([
      KVMMSREntry(index: 0x174, reserved: 0, data: 0x10),
      KVMMSREntry(index: nonsense, reserved: 0, data: 1),
      KVMMSREntry(index: 0x175, reserved: 0, data: 0x2000),
    ])
    #expect(refused == [nonsense])
    let values = try guest.processor.msrs([0x174, nonsense, 0x175])
    #expect(values.refused == [nonsense])
    #expect(values.entries.map { $0.index } == [0x174, 0x175])
    #expect(values.entries.map { $0.data } == [0x10, 0x2000])
  }

  @Test func moreRegistersThanTheKernelTakesAtOnceAreSet() throws {
    let guest = try TinyGuest()
    let many = (1...600).map { KVMMSREntry(index: 0x175, reserved: 0, data: UInt64($0)) }
    #expect(try guest.processor.setMSRs(many).isEmpty)
    let values = try guest.processor.msrs([UInt32](repeating: 0x175, count: 600))
    #expect(values.entries.count == 600)
    #expect(values.entries.allSatisfy { $0.data == 600 })
  }

  @Test func allListedRegistersAreReadOrRefused() throws {
    let guest = try TinyGuest()
    let list = try guest.device.msrIndexList()
    let values = try guest.processor.msrs(list)
    #expect(values.entries.count + values.refused.count == list.count)
    #expect(values.entries.contains { $0.index == 0xC000_0081 })  // STAR
  }

  @Test func theGuestSeesTheCPUIDThatWasSet() throws {
    // xor eax, eax; cpuid; hlt
    let guest = try TinyGuest([0x66, 0x31, 0xC0, 0x0F, 0xA2, 0xF4])
    var entries = try guest.device.supportedCPUID()
    let index = try #require(entries.firstIndex { $0.function == 0 })
    (entries[index].ebx, entries[index].edx, entries[index].ecx) = (0x7441, 0x7442, 0x7443)
    try guest.processor.setCPUID(entries)
    let set = try guest.processor.cpuid()
    #expect(set.map { [$0.function, $0.index] } == entries.map { [$0.function, $0.index] })
    #expect(try guest.run() == .hlt)
    let registers = try guest.processor.registers()
    #expect([registers.rbx, registers.rdx, registers.rcx] == [0x7441, 0x7442, 0x7443])
    #expect(registers.rax == UInt64(entries[index].eax))
  }

  @Test func tooManyCPUIDEntriesAreAnError() throws {
    let guest = try TinyGuest()
    let error = #expect(throws: KVMError.self) {
      try guest.processor.setCPUID([KVMCPUIDEntry](repeating: KVMCPUIDEntry(), count: 5000))
    }
    #expect(error?.errno == E2BIG)
  }

  @Test func debugRegistersComeBack() throws {
    let guest = try TinyGuest()
    guard guest.machine.check(.debugRegisters) > 0 else { return }
    var state = try guest.processor.debugRegisters()
    state.db = (0x1000, 0x2000, 0x3000, 0x4000)
    try guest.processor.setDebugRegisters(state)
    #expect(bytes(of: try guest.processor.debugRegisters()) == bytes(of: state))
  }

  @Test func eventsComeBack() throws {
    let guest = try TinyGuest()
    var events = try guest.processor.events()
    #expect(events.nmi.pending == 0 && events.exception.injected == 0)
    events.nmi.pending = 1
    events.nmi.masked = 1
    events.interrupt.shadow = KVMInterruptShadow.sti.rawValue
    events.flags = KVMEventFlags([.nmiPending, .shadow]).rawValue
    try guest.processor.setEvents(events)
    let now = try guest.processor.events()
    #expect(now.nmi.pending == 1 && now.nmi.masked == 1)
    #expect(KVMInterruptShadow(rawValue: now.interrupt.shadow) == .sti)
  }

  @Test func singleStepsStopAfterEachInstruction() throws {
    // mov al, 1; mov al, 2; hlt
    let guest = try TinyGuest([0xB0, 0x01, 0xB0, 0x02, 0xF4])
    try guest.processor.setGuestDebug([.enable, .singleStep])
    for step: UInt64 in 1...2 {
      #expect(try guest.run() == .debug)
      // Sound: the run area lives as long as the guest, and the exit's reason is debugging.
      let pc = unsafe guest.processor.runArea.pointee.debug.arch.pc
      #expect(pc == TinyGuest.entry + 2 * step)
      #expect(try guest.processor.registers().rax & 0xFF == step)
    }
    try guest.processor.setGuestDebug([])
    #expect(try guest.run() == .hlt)
  }

  @Test func addressesAreTranslated() throws {
    let guest = try TinyGuest()
    // Without paging a linear address is a physical one.
    let translation = try guest.processor.translate(linearAddress: 0x1234)
    #expect(translation.valid == 1 && translation.physical_address == 0x1234)
  }

  @Test func theTimeStampCounterHasAFrequency() throws {
    // Slower than any host of the last decades would be a unit's mistake.
    #expect(try TinyGuest().processor.timeStampFrequency() > 100_000)
  }

  @Test func theClockIsSet() throws {
    let guest = try TinyGuest()
    var clock = try guest.machine.clock()
    clock.clock = 1_000_000_000_000_000
    clock.flags = 0
    try guest.machine.setClock(clock)
    #expect(try guest.machine.clock().clock >= 1_000_000_000_000_000)
    clock.flags = 1 << 31
    #expect(throws: KVMError.self) { try guest.machine.setClock(clock) }
  }

  @Test func accessesToRegistersLeaveTheGuestWhereFiltered() throws {
    // mov ecx, 0x174; rdmsr; hlt
    let guest = try TinyGuest([0x66, 0xB9, 0x74, 0x01, 0x00, 0x00, 0x0F, 0x32, 0xF4])
    guard guest.machine.check(.msrFilter) > 0, guest.machine.check(.userSpaceMSR) > 0 else { return }
    try guest.machine.enableUserSpaceMSR(.filter)
    try guest.machine.setMSRFilter(
      [
        KVMMSRFilterRange(reads: true, writes: false, first: 0x170, allowed: [true, true, true, true, false])
      ],
      allowsOthers: true)
    #expect(try guest.run() == .rdmsr)
    // Sound: the run area lives as long as the guest, and the exit's reason is RDMSR.
    let access = unsafe guest.processor.runArea.pointee.msr
    #expect(access.index == 0x174 && access.reason == KVMMSRExitReasons.filter.rawValue)
    unsafe guest.processor.runArea.pointee.msr.data = 0x1234_5678
    #expect(try guest.run() == .hlt)
    #expect(try guest.processor.registers().rax == 0x1234_5678)
  }

  @Test func impossibleRegisterFiltersAreRefused() throws {
    let guest = try TinyGuest()
    guard guest.machine.check(.msrFilter) > 0 else { return }
    let range = KVMMSRFilterRange(reads: true, writes: true, first: 0, allowed: [true])
    let tooMany = [KVMMSRFilterRange](repeating: range, count: 17)
    let error = #expect(throws: KVMError.self) {
      try guest.machine.setMSRFilter(tooMany, allowsOthers: true)
    }
    #expect(error?.errno == E2BIG)
    #expect(throws: KVMError.self) { try guest.machine.setMSRFilter([], allowsOthers: false) }
  }
}
