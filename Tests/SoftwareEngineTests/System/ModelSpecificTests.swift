import Engine
@testable import SoftwareEngine
import Testing
import X86

@Suite("Model-specific registers")
struct ModelSpecificTests {
  /// Executes WRMSR; what vector it ended in, if any.
  private func write(_ register: UInt32, _ value: UInt64) throws -> (Machine, UInt8?) {
    let machine = try Machine.long([0x0F, 0x30])
    machine.cpu.core.rcx = UInt64(register)
    machine.cpu.core.rax = value & 0xFFFF_FFFF
    machine.cpu.core.rdx = value >> 32
    machine.step()
    return (machine, machine.enteredVector)
  }

  /// Executes RDMSR; the value, or nil for #GP.
  private func read(_ register: UInt32, _ prepare: (Machine) -> Void = { _ in }) throws -> UInt64? {
    let machine = try Machine.long([0x0F, 0x32])
    machine.cpu.core.rcx = UInt64(register)
    prepare(machine)
    machine.step()
    if machine.enteredVector == 13 { return nil }
    return machine.cpu.core.rax | machine.cpu.core.rdx << 32
  }

  @Test(
    "values that are not allowed are #GP",
    arguments: [
      // LSTAR, KERNEL_GS_BASE, FS_BASE: canonical.
      (UInt32(0xC000_0082), UInt64(0xFFFF_8000_0000_0000), true), (0xC000_0082, 1 << 47, false),
      (0xC000_0102, 1 << 63, false), (0xC000_0100, 1 << 62, false), (0xC000_0101, 0x7FFF_0000_0000, true),
      // PAT: memory types 0, 1, 4…7.
      (0x277, 0x0007_0406_0007_0406, true), (0x277, 2, false), (0x277, 0x0300_0000_0000_0000, false),
      // MTRRs.
      (0x200, 0x8000_0006, true), (0x200, 0x8000_0002, false), (0x201, 0xFF_8000_0800, true),
      (0x201, 1 << 40, false),
      (0x250, 0x0606_0606_0606_0606, true), (0x250, 7, false), (0x2FF, 0xC06, true), (0x2FF, 0x1000, false),
      // EFER: what CPUID shows, and LME not while paging.
      (0xC000_0080, 0xD01, true), (0xC000_0080, 0x1501, false), (0xC000_0080, 0x4D01, false),
      (0xC000_0080, 0x801, false),
      // Read-only, and absent.
      (0xFE, 0, false), (0x179, 0, false), (0xDEAD, 0, false), (0x1D9, 1, false), (0x8B, 0, true),
    ])
  func checks(register: UInt32, value: UInt64, isAllowed: Bool) throws {
    #expect(try write(register, value).1 == (isAllowed ? nil : 13))
  }

  @Test("what was written is read back")
  func storage() throws {
    for (register, value) in [
      (UInt32(0xC000_0081), UInt64(0x0023_0008_0000_0000)), (0xC000_0084, 0x4_7700), (0x174, 8), (0x277, 6),
      (0xC000_0103, 5), (0x200, 0x8000_0000),
    ] {
      let (machine, vector) = try write(register, value)
      #expect(vector == nil)
      let saved = machine.cpu.save()
      #expect(try read(register) { $0.cpu.load(saved.with(rcx: UInt64(register))) } == value)
    }
  }

  @Test("reset values: PAT, MISC_ENABLE, MTRRCAP")
  func resetValues() throws {
    #expect(try read(0x277) == 0x0007_0406_0007_0406)
    #expect(try read(0x1A0) == 0x1801)
    #expect(try read(0xFE) == 0x508)
  }

  @Test("a register that does not exist is #GP and is counted, and the count is bounded")
  func unknown() throws {
    let (machine, vector) = try write(0xDEAD, 0)
    #expect(vector == 13)
    let entry = try #require(machine.cpu.denied.registers.first)
    #expect(entry.register.rawValue == 0xDEAD && entry.writes == 1 && entry.reads == 0)
    #expect(entry.firstAddress == Machine.code)
    var denied = DeniedAccesses()
    for number in 0..<1000 { denied.count(MSR(rawValue: UInt32(number)), isWrite: false) { nil } }
    #expect(denied.registers.count == DeniedAccesses.limit)
    #expect(denied.omitted == 1000 - UInt64(DeniedAccesses.limit))
  }

  @Test("a registers of the local APIC is asked of the run loop, and its refusal is #GP")
  func localAPIC() throws {
    let machine = try Machine.long([0x0F, 0x32])
    machine.cpu.core.rcx = 0x802
    machine.step()
    guard case .readRegister(let register) = machine.cpu.pendingExit, register.rawValue == 0x802 else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
    machine.cpu.completeRegisterRead(0x1_0000_0007)
    machine.step()
    #expect(machine.cpu.core.rax == 7)
    #expect(machine.cpu.core.rdx == 1)

    let refused = try Machine.long([0x0F, 0x32])
    refused.cpu.core.rcx = 0x802
    refused.step()
    refused.cpu.completeRegisterRead(nil)
    refused.step()
    #expect(refused.enteredVector == 13)
  }

  @Test("a write to the time-stamp counter moves TSC_ADJUST with it")
  func timeStamp() throws {
    let (machine, _) = try write(0x10, 0x1000_0000_0000)
    let adjust = machine.cpu.modelSpecific.timeStampAdjust
    #expect(adjust > 0 && adjust <= 0x1000_0000_0000)
    #expect(machine.cpu.timeStamp >= 0x1000_0000_0000)
    // A load without the register leaves it running.
    var state = machine.cpu.save()
    state.modelSpecific[.timeStampCounter] = nil
    machine.cpu.load(state)
    #expect(machine.cpu.timeStamp >= 0x1000_0000_0000)
  }

  @Test("RDTSC is #GP at CPL 3 with CR4.TSD")
  func timeStampDisable() throws {
    let machine = try Machine.long([0x0F, 0x31], privilege: 3)
    machine.cpu.core.cr4.insert(.timeStampDisable)
    machine.step()
    #expect(machine.enteredVector == 13)
  }

  @Test("registers of another engine that mean nothing here are kept")
  func foreign() throws {
    let machine = try Machine.long([0x90])
    var state = machine.cpu.save()
    state.modelSpecific[MSR(rawValue: 0x4B56_4D00)] = 0x1235
    machine.cpu.load(state)
    #expect(machine.cpu.save().modelSpecific[MSR(rawValue: 0x4B56_4D00)] == 0x1235)
    #expect(try read(0x4B56_4D00) == nil)
  }
}

extension CPUState {
  fileprivate func with(rcx: UInt64) -> CPUState {
    var state = self
    state.general.rcx = rcx
    state.rip = Machine.code
    return state
  }
}
