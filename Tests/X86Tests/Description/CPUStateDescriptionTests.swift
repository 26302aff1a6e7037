import Testing
import X86

@Suite struct CPUStateDescriptionTests {
  /// A 64-bit kernel that took a page fault, with a different number in every register.
  static func pageFaultInKernel() -> CPUState {
    var state = CPUState.long(
      entryPoint: 0xFFFF_8000_0010_0000, pageTableRoot: 0x9000,
      globalDescriptorTable: FlatDescriptors.register(of: FlatDescriptors.table, at: 0x500))
    for number in 0..<16 { state.general[number] = 0x1111_1111_1111_1111 &* UInt64(number) }
    state.rflags = [.reserved1, .carry, .interruptEnable]
    state.rflags.ioPrivilegeLevel = 3
    state.cr2 = 0xDEAD_BEEF
    state.cr4 = CR4(rawValue: .max)
    state.cr8 = 9
    state.efer.insert([.noExecuteEnable, .systemCallExtensions])
    state.xcr0 = [.x87, .sse, .avx]
    state.gs.base = 0xFFFF_8000_0020_0000
    state.idt = DescriptorTable(base: 0x1_0000, limit: 0xFFF)
    state.debug.dr0 = 0x1234
    state.debug.dr3 = 0x5678
    state.debug.dr6 = 0xFFFF_4FF1
    state.debug.dr7 = 0x100D_0482
    state.events.exception = .init(vector: 14, errorCode: 2, isInjected: true, payload: 0xDEAD_BEEF)
    state.events.isNMIMasked = true
    state.extended.presentComponents = [.x87, .sse]
    state.modelSpecific[.lstar] = 0xFFFF_8000_0000_1000
    state.modelSpecific[.star] = 0
    state.modelSpecific[MSR(rawValue: 0x1_FFFF)] = 2
    return state
  }

  @Test func longModeInFull() {
    let text = CPUStateDescription(Self.pageFaultInKernel(), includesModelSpecific: true).description
    #expect(
      text == """
        64-bit mode, CPL 0, running
        rip     ffff800000100000
        rflags  0000000000003203  CF IF IOPL 3
        rax 0000000000000000  rbx 3333333333333333  rcx 1111111111111111  rdx 2222222222222222
        rsi 6666666666666666  rdi 7777777777777777  rbp 5555555555555555  rsp 4444444444444444
        r8  8888888888888888  r9  9999999999999999  r10 aaaaaaaaaaaaaaaa  r11 bbbbbbbbbbbbbbbb
        r12 cccccccccccccccc  r13 dddddddddddddddd  r14 eeeeeeeeeeeeeeee  r15 ffffffffffffffff
        cs  0018  base 0000000000000000  limit ffffffff  64-bit code, execute/read, DPL 0, present
        ss  0010  base 0000000000000000  limit ffffffff  32-bit data, read/write, DPL 0, present
        ds  0010  base 0000000000000000  limit ffffffff  32-bit data, read/write, DPL 0, present
        es  0010  base 0000000000000000  limit ffffffff  32-bit data, read/write, DPL 0, present
        fs  0010  base 0000000000000000  limit ffffffff  32-bit data, read/write, DPL 0, present
        gs  0010  base ffff800000200000  limit ffffffff  32-bit data, read/write, DPL 0, present
        tr  0000  base 0000000000000000  limit 00000067  busy TSS, DPL 0, present
        ldt 0000  base 0000000000000000  limit 0000ffff  unusable
        gdt       base 0000000000000500  limit 0000003f
        idt       base 0000000000010000  limit 00000fff
        cr0     0000000080010033  PE MP ET NE WP PG
        cr2     00000000deadbeef
        cr3     0000000000009000  5-level paging, top table at 0x9000
        cr4     ffffffffffffffff  VME PVI TSD DE PSE PAE MCE PGE PCE OSFXSR OSXMMEXCPT UMIP LA57 VMXE SMXE
                                  FSGSBASE PCIDE OSXSAVE SMEP SMAP PKE CET PKS 0xfffffffffe088000
        cr8     0000000000000009
        efer    0000000000000d01  SCE LME LMA NXE
        xcr0    0000000000000007  X87 SSE AVX
        apic    00000000fee00900  bootstrap processor, xAPIC at 0xfee00000
        dr0 0000000000001234  dr1 0000000000000000  dr2 0000000000000000  dr3 0000000000005678
        dr6 00000000ffff4ff1  dr7 00000000100d0482  B0 BS
                breakpoint 0: write of 4 bytes at 0x1234
                breakpoint 3: write of 1 byte at 0x5678
        fcw 037f  mxcsr 00001f80  in use: X87 SSE
        event   being delivered: #PF (page fault), error code 0x2 (supervisor write, page not present),
                payload 0xdeadbeef
        event   NMIs are blocked until IRET
        msr     0000000000000002  0x1ffff
        msr     ffff800000001000  0xc0000082 (IA32_LSTAR)
        """)
  }

  @Test func realModeShowsTheLinearAddress() {
    let lines = CPUStateDescription(.resetVector()).lines
    #expect(lines[0] == "real mode, CPL 0, running")
    #expect(lines[1] == "rip     000000000000fff0  linear 0xfffffff0")
    #expect(lines[2] == "rflags  0000000000000002  IOPL 0")
    #expect(lines.contains("cr0     0000000060000010  ET NW CD"))
    #expect(lines.contains("cr3     0000000000000000  no paging"))
    #expect(lines.last == "fcw 037f  mxcsr 00001f80  in use: none")
  }

  @Test func waitingProcessorSaysSo() {
    var state = CPUState.applicationProcessor()
    #expect(CPUStateDescription(state).lines[0] == "real mode, CPL 0, waiting for INIT")
    state.apicBase = 0
    #expect(CPUStateDescription(state).lines.contains("apic    0000000000000000  application processor, off"))
  }

  /// A guest chooses nearly all of these bits: any of them must print, and stay within the width.
  @Test func anyStateFitsTheWidth() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<500 {
      var state = CPUState.resetVector()
      for number in 0..<16 { state.general[number] = generator.next() }
      state.rip = generator.next()
      state.rflags = RFLAGS(rawValue: generator.next())
      state.cr0 = CR0(rawValue: generator.next())
      state.cr3 = CR3(rawValue: generator.next())
      state.cr4 = CR4(rawValue: generator.next())
      state.efer = EFER(rawValue: generator.next())
      state.xcr0 = XCR0(rawValue: generator.next())
      state.apicBase = generator.next()
      state.debug.dr0 = generator.next()
      state.debug.dr6 = generator.next()
      state.debug.dr7 = generator.next()
      for segment in [\CPUState.cs, \.ss, \.ds, \.fs, \.tr, \.ldt] {
        state[keyPath: segment] = Segment(
          selector: UInt16(truncatingIfNeeded: generator.next()), base: generator.next(),
          limit: UInt32(truncatingIfNeeded: generator.next()),
          attributes: SegmentAttributes(accessRights: UInt32(truncatingIfNeeded: generator.next())))
      }
      state.events.exception = .init(
        vector: UInt8(truncatingIfNeeded: generator.next()),
        errorCode: UInt32(truncatingIfNeeded: generator.next()),
        isInjected: generator.next() & 1 == 0, payload: generator.next())
      state.events.injectedInterrupt = UInt8(truncatingIfNeeded: generator.next())
      state.modelSpecific[MSR(rawValue: UInt32(truncatingIfNeeded: generator.next()))] = generator.next()
      state.extended.presentComponents = XCR0(rawValue: generator.next())
      for line in CPUStateDescription(state, includesModelSpecific: true).lines {
        #expect(line.utf8.count <= CPUStateDescription.width, "\(line)")
      }
    }
  }

  @Test func segmentsInWords() {
    let text = { (bits: UInt32) in SegmentAttributes(accessRights: bits).description }
    #expect(text(0xA0FB) == "64-bit code, execute/read, DPL 3, present")
    #expect(text(0x409E) == "32-bit code, execute/read, conforming, DPL 0, present")
    #expect(text(0x0018) == "16-bit code, execute only, DPL 0, not present")
    #expect(text(0x40F4) == "32-bit data, read only, expand-down, DPL 3, present")
    #expect(text(0x0089) == "available TSS, DPL 0, present")
    #expect(text(0x0083) == "busy 16-bit TSS, DPL 0, present")
    #expect(text(0x1_0093) == "unusable")
  }

  @Test func eventsInWords() {
    var events = PendingEvents()
    #expect(events.descriptions.isEmpty)
    events.exception = .init(vector: 15, errorCode: 1, isInjected: false)
    events.injectedInterrupt = 0x80
    events.isSoftwareInterrupt = true
    events.isShadowedBySTI = true
    events.startupVector = 0x9F
    #expect(
      events.descriptions == [
        "raised: exception 15, error code 0x1", "being delivered: software interrupt 0x80",
        "interrupts are blocked for one instruction after STI", "start-up IPI for page 0x9f",
      ])
  }

  @Test func debugConditions() {
    var debug = DebugRegisters()
    #expect(debug.conditions.isEmpty && debug.breakpoints.isEmpty)
    debug.dr6 = 0xE00F
    debug.dr7 = 0xFFFF_00FF
    #expect(debug.conditions == ["B0", "B1", "B2", "B3", "BD", "BS", "BT", "BLD", "RTM"])
    #expect(debug.breakpoints.first == "breakpoint 0: read or write of 4 bytes at 0x0")
    debug.dr7 = 0b1010_0000_0000_0000_0000_1000
    #expect(debug.breakpoints == ["breakpoint 1: I/O of 8 bytes at 0x0"])
  }
}
