@testable import SoftwareEngine
import Testing
import X86

@Suite("Events in long mode")
struct LongModeEventTests {
  @Test("an exception at CPL 3 takes RSP0, aligns it, and makes SS null")
  func innerPrivilege() throws {
    let machine = try Machine.long([0xFA], privilege: 3)
    machine.write(Machine.innerStack - 4, at: Machine.taskState + 4)
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.cpu.core.privilege == 0)
    #expect(machine.cpu.selector(.ss) == 0)
    #expect(machine.cpu.core.rsp == Machine.innerStack - 16 - 48)
    #expect(
      machine.stack64(6) == [
        0, Machine.code, UInt64(FlatDescriptors.userCode64Selector), 0x1_0002, Machine.outerStack,
        UInt64(FlatDescriptors.userDataSelector),
      ])
  }

  @Test("without a change of privilege the stack goes on, aligned, and SS stays")
  func samePrivilege() throws {
    let machine = try Machine.long([0x0F, 0x0B])
    machine.cpu.core.rsp = Machine.innerStack - 9
    machine.step()
    #expect(machine.enteredVector == 6)
    #expect(machine.cpu.core.rsp == Machine.innerStack - 16 - 40)
    #expect(machine.stack64(4)[3] == Machine.innerStack - 9)
    #expect(machine.cpu.selector(.ss) == FlatDescriptors.dataSelector)
  }

  @Test("a gate with an interrupt stack uses it at any privilege")
  func interruptStack() throws {
    let machine = try Machine.long([0x90])
    machine.setLongGate(2, interruptStack: 3)
    machine.write(UInt64(0xE000), at: Machine.taskState + 0x24 + 16)
    machine.cpu.takeNMI()
    #expect(machine.enteredVector == 2)
    #expect(machine.cpu.core.rsp == 0xE000 - 40)
    #expect(!machine.cpu.canTakeNMI)
  }

  @Test("IRETQ unmasks NMIs and takes back stack and flags")
  func interruptReturn() throws {
    let machine = try Machine.long([0x90])
    machine.write(UInt16(0xCF48), at: Machine.handler(2))
    machine.cpu.takeNMI()
    machine.step()
    #expect(machine.cpu.core.rip == Machine.code)
    #expect(machine.cpu.core.rsp == Machine.innerStack)
    #expect(machine.cpu.canTakeNMI)
  }

  @Test("IRETQ to a null SS is #GP at CPL 3, and to an RIP that is not canonical")
  func badReturn() throws {
    for (rip, cs, ss) in [
      (UInt64(0x8100), UInt64(0x3B), UInt64(0)), (1 << 47, 0x3B, 0x33), (0x8100, 0x10, 0x33),
      (0x8100, 0, 0x33),
    ] {
      let machine = try Machine.long([0x48, 0xCF])
      machine.cpu.core.rsp = 0x7000
      for (index, word) in [rip, cs, 0x202, 0xC000, ss].enumerated() {
        machine.write(word, at: 0x7000 + UInt64(index) * 8)
      }
      machine.step()
      #expect(machine.enteredVector == 13)
      #expect(machine.stack64(2)[1] == Machine.code)
      #expect(machine.cpu.core.privilege == 0)
    }
  }

  @Test("IRETQ with NT set is #GP: there are no tasks")
  func nestedTask() throws {
    let machine = try Machine.long([0x48, 0xCF])
    machine.cpu.core.rflags = [.reserved1, .nestedTask]
    machine.step()
    #expect(machine.enteredVector == 13)
  }

  @Test("a page fault sets CR2 and tells what was done")
  func pageFault() throws {
    // mov [rax], eax
    let machine = try Machine.long([0x89, 0x00], privilege: 3)
    machine.cpu.core.rax = 0x4000_0010
    machine.step()
    #expect(machine.enteredVector == 14)
    #expect(machine.cpu.core.cr2 == 0x4000_0010)
    #expect(machine.stack64(1) == [6])
  }

  @Test("a page fault whose stack faults too is a double fault, on its own stack")
  func doubleFault() throws {
    let machine = try Machine.long([0x89, 0x00])
    machine.cpu.core.rax = 0x4000_0010
    machine.cpu.core.rsp = 0x5000_0000
    machine.setLongGate(8, interruptStack: 1)
    machine.write(UInt64(0xE000), at: Machine.taskState + 0x24)
    machine.step()
    #expect(machine.enteredVector == 8)
    #expect(machine.stack64(2) == [0, Machine.code])
    #expect(machine.cpu.core.cr2 == 0x5000_0000 - 8)
  }

  @Test("a code segment that is not 64-bit code is #GP with its selector and EXT")
  func wrongCode() throws {
    let machine = try Machine.long([0x0F, 0x0B])
    machine.write(UInt16(FlatDescriptors.code32Selector), at: Machine.interruptTable + 6 * 16 + 2)
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.stack64(1) == [UInt64(FlatDescriptors.code32Selector) | 1])
  }

  @Test("SYSCALL and SYSRET")
  func systemCall() throws {
    let machine = try Machine.long([0x0F, 0x05], privilege: 3)
    machine.cpu.modelSpecific.star = 0x002B_0018_0000_0000
    machine.cpu.modelSpecific.lstar = 0x8100
    machine.cpu.modelSpecific.fmask = 0x200
    machine.cpu.core.rflags = [.reserved1, .interruptEnable, .carry]
    machine.write(UInt32(0x07_0F_48), at: 0x8100)
    machine.step()
    #expect(machine.cpu.core.rip == 0x8100)
    #expect(machine.cpu.core.rcx == Machine.code + 2)
    #expect(machine.cpu.core[11] == 0x203)
    #expect(machine.flags == [.reserved1, .carry])
    #expect(machine.cpu.core.privilege == 0)
    #expect(machine.cpu.selector(.cs) == 0x18)
    #expect(machine.cpu.selector(.ss) == 0x20)
    machine.step()
    #expect(machine.cpu.core.rip == Machine.code + 2)
    #expect(machine.cpu.core.privilege == 3)
    #expect(machine.cpu.selector(.cs) == 0x3B)
    #expect(machine.cpu.selector(.ss) == 0x33)
    #expect(machine.flags == [.reserved1, .carry, .interruptEnable])
  }

  @Test("SYSCALL without EFER.SCE is #UD")
  func systemCallDisabled() throws {
    let machine = try Machine.long([0x0F, 0x05], privilege: 3)
    machine.cpu.core.efer = machine.cpu.core.efer.subtracting(.systemCallExtensions)
    machine.step()
    #expect(machine.enteredVector == 6)
  }
}
