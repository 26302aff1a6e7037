@testable import SoftwareEngine
import Testing
import X86

@Suite("What happens around an instruction")
struct SteppingTests {
  @Test("TF traps after each instruction with DR6.BS")
  func singleStep() throws {
    let machine = try Machine.protected([0x90, 0x90])
    machine.cpu.core.rflags = [.reserved1, .trap]
    machine.step()
    #expect(machine.enteredVector == 1)
    #expect(machine.stack32(1) == [UInt32(Machine.code + 1)])
    #expect(machine.cpu.debug.dr6 == 0xFFFF_4FF0)
    #expect(!machine.flags.contains(.trap))
  }

  @Test("POPF that sets TF is not trapped, the next instruction is")
  func setByPopFlags() throws {
    // push 0x102; popf; nop
    let machine = try Machine.protected([0x68, 0x02, 0x01, 0, 0, 0x9D, 0x90])
    machine.step(2)
    #expect(machine.cpu.core.rip == Machine.code + 6)
    machine.step()
    #expect(machine.enteredVector == 1)
    #expect(machine.stack32(1) == [UInt32(Machine.code + 7)])
  }

  @Test("INT n is not followed by a single step; its handler starts with TF clear")
  func stepIntoInterrupt() throws {
    let machine = try Machine.protected([0xCD, 0x30])
    machine.cpu.core.rflags = [.reserved1, .trap]
    machine.step()
    #expect(machine.enteredVector == 0x30)
    #expect(!machine.flags.contains(.trap))
  }

  @Test("each iteration of a repeated instruction is stepped, with RF in the flags pushed")
  func repeated() throws {
    // rep stosb
    let machine = try Machine.protected([0xF3, 0xAA])
    machine.cpu.core.rcx = 3
    machine.cpu.core.rdi = 0x6000
    machine.cpu.core.rflags = [.reserved1, .trap]
    machine.step()
    #expect(machine.enteredVector == 1)
    #expect(machine.cpu.core.rcx == 2)
    #expect(machine.stack32(3) == [UInt32(Machine.code), 8, 0x1_0102])
  }

  @Test("interrupts wait for one instruction after STI, and only if IF was clear")
  func shadowOfSTI() throws {
    let machine = try Machine.protected([0xFB, 0xFB, 0x90])
    machine.step()
    #expect(!machine.cpu.canTakeInterrupt)
    #expect(machine.cpu.save().events.isShadowedBySTI)
    machine.step()
    #expect(machine.cpu.canTakeInterrupt)
  }

  @Test("a load of SS holds back interrupts and the single step")
  func shadowOfSS() throws {
    // mov ss, ax; nop
    let machine = try Machine.protected([0x8E, 0xD0, 0x90])
    machine.cpu.core.rax = UInt64(FlatDescriptors.dataSelector)
    machine.cpu.core.rflags = [.reserved1, .trap, .interruptEnable]
    machine.step()
    #expect(machine.cpu.core.rip == Machine.code + 2)
    #expect(!machine.cpu.canTakeInterrupt)
    machine.step()
    #expect(machine.enteredVector == 1)
    #expect(machine.stack32(1) == [UInt32(Machine.code + 3)])
  }

  @Test("an instruction breakpoint faults once: IRET brings RF back")
  func instructionBreakpoint() throws {
    let machine = try Machine.protected([0x90, 0x90])
    // or dword [esp+8], 0x10000; iret
    let handler: [UInt8] = [0x81, 0x4C, 0x24, 0x08, 0, 0, 1, 0, 0xCF]
    machine.setGate(1)
    for (index, byte) in handler.enumerated() { machine.write(byte, at: Machine.handler(1) + UInt64(index)) }
    machine.cpu.debug.dr1 = Machine.code
    machine.cpu.debug.dr7 = 0x400 | 4
    machine.cpu.debugRegistersDidChange()
    machine.step()
    #expect(machine.enteredVector == 1)
    #expect(machine.cpu.debug.dr6 & 0xF == 2)
    #expect(machine.stack32(1) == [UInt32(Machine.code)])
    machine.step(2)
    #expect(machine.cpu.core.rip == Machine.code)
    #expect(machine.flags.contains(.resume))
    machine.step()
    #expect(machine.cpu.core.rip == Machine.code + 1)
    #expect(!machine.flags.contains(.resume))
  }

  @Test(
    "a watchpoint traps after the access that touches one of its bytes",
    arguments: [
      // DR7.R/W, an access that writes, whether it traps.
      (UInt64(1), true, true), (1, false, false), (3, true, true), (3, false, true),
    ])
  func watchpoint(condition: UInt64, isWrite: Bool, traps: Bool) throws {
    // mov [ebx], eax, or mov eax, [ebx]
    let machine = try Machine.protected([isWrite ? 0x89 : 0x8B, 0x03])
    machine.cpu.core.rbx = 0x5FFE
    machine.cpu.debug.dr0 = 0x6000
    machine.cpu.debug.dr7 = 0x400 | 1 | condition << 16 | 1 << 18
    machine.cpu.debugRegistersDidChange()
    machine.cpu.modeDidChange()
    machine.step()
    #expect(machine.enteredVector == (traps ? 1 : nil))
    if traps {
      #expect(machine.cpu.debug.dr6 & 0xF == 1)
      #expect(machine.stack32(1) == [UInt32(Machine.code + 2)])
    }
  }

  @Test("DR7.GD makes an access to a debug register #DB and is cleared by it")
  func generalDetect() throws {
    // mov eax, dr0
    let machine = try Machine.protected([0x0F, 0x21, 0xC0])
    machine.cpu.debug.dr7 |= 1 << 13
    machine.step()
    #expect(machine.enteredVector == 1)
    #expect(machine.cpu.debug.dr6 & 1 << 13 != 0)
    #expect(machine.cpu.debug.dr7 & 1 << 13 == 0)
    #expect(machine.stack32(1) == [UInt32(Machine.code)])
  }

  @Test("a pending exception of a loaded state is raised with its payload")
  func pendingException() throws {
    let machine = try Machine.protected([0x90])
    var state = machine.cpu.save()
    state.events.exception = PendingEvents.PendingException(
      vector: 14, errorCode: 2, isInjected: false, payload: 0x1234)
    machine.cpu.load(state)
    machine.cpu.deliverPendingEvents()
    #expect(machine.enteredVector == 14)
    #expect(machine.cpu.core.cr2 == 0x1234)
    #expect(machine.stack32(2) == [2, UInt32(Machine.code)])
    #expect(machine.cpu.save().events.exception == nil)
  }

  @Test("an INT n that another engine began returns behind the instruction")
  func pendingSoftwareInterrupt() throws {
    let machine = try Machine.protected([0xCD, 0x30])
    machine.cpu.events.injectedInterrupt = 0x30
    machine.cpu.events.isSoftwareInterrupt = true
    machine.cpu.deliverPendingEvents()
    #expect(machine.enteredVector == 0x30)
    #expect(machine.stack32(1) == [UInt32(Machine.code + 2)])
  }

  @Test("exceptions that follow one another for ever give the loop a chance to stop")
  func endlessDelivery() throws {
    // With alignment checks on, an unaligned stack at CPL 3 and a handler of #AC there.
    let machine = try Machine.protected([0x8B, 0x03], privilege: 3)
    machine.setDescriptor(Machine.freeSelector, 0x00CF_9F00_0000_FFFF)
    machine.setGate(17, selector: Machine.freeSelector)
    machine.cpu.core.cr0.insert(.alignmentMask)
    machine.cpu.core.rflags = [.reserved1, .alignmentCheck]
    machine.cpu.modeDidChange()
    machine.cpu.core.rbx = 0x6001
    machine.cpu.core.rsp = Machine.outerStack - 1
    machine.step()
    #expect(machine.cpu.hasPendingEvents)
    #expect(machine.cpu.save().events.exception?.vector == 17)
    #expect(machine.cpu.looksUpSoon)
    #expect(machine.cpu.core.rip == Machine.code)
  }
}
