import Engine
@testable import SoftwareEngine
import Engine
import Testing
import X86

@Suite("Events in protected mode")
struct ProtectedModeEventTests {
  @Test("an exception at CPL 3 switches to the stack of the TSS and pushes an error code")
  func innerPrivilege() throws {
    // cli
    let machine = try Machine.protected([0xFA], privilege: 3)
    machine.cpu.core.rflags = [.reserved1, .interruptEnable]
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.cpu.core.privilege == 0)
    #expect(machine.cpu.selector(.ss) == FlatDescriptors.dataSelector)
    #expect(machine.cpu.selector(.cs) == FlatDescriptors.code32Selector)
    #expect(machine.cpu.core.rsp == Machine.innerStack - 24)
    // Error code, EIP, CS, EFLAGS with RF, ESP, SS.
    #expect(
      machine.stack32(6) == [
        0, UInt32(Machine.code), 0x2B, 0x1_0202, UInt32(Machine.outerStack), 0x33,
      ])
    #expect(!machine.flags.contains(.interruptEnable))
  }

  @Test("IRET goes back to CPL 3 and takes segments away that it may not use")
  func returnToOuter() throws {
    let machine = try Machine.protected([0xCD, 0x30], privilege: 3)
    machine.setGate(0x30, privilege: 3)
    // mov ds, ax (the data segment of CPL 0); iret
    for (index, byte) in [0x8E, 0xD8, 0xCF].enumerated() {
      machine.write(UInt8(byte), at: Machine.handler(0x30) + UInt64(index))
    }
    machine.cpu.core.rax = UInt64(FlatDescriptors.dataSelector)
    machine.step(3)
    #expect(machine.cpu.core.rip == Machine.code + 2)
    #expect(machine.cpu.core.privilege == 3)
    #expect(machine.cpu.core.rsp == Machine.outerStack)
    #expect(machine.cpu.selector(.ds) == 0)
    #expect(machine.cpu.segment(.ds).attributes.isUnusable)
    #expect(machine.cpu.selector(.es) == FlatDescriptors.userDataSelector)
  }

  @Test("INT n through a gate of DPL 0 is #GP with the gate, without EXT")
  func gatePrivilege() throws {
    let machine = try Machine.protected([0xCD, 0x30], privilege: 3)
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.stack32(2) == [0x30 * 8 + 2, UInt32(Machine.code)])
  }

  @Test(
    "what is wrong with a gate decides about the exception",
    arguments: [
      // An absent gate is #NP, one of a wrong type #GP.
      (UInt8(0), false, UInt8(11)), (4, true, 13),
    ])
  func brokenGate(type: UInt8, isPresent: Bool, expected: UInt8) throws {
    let machine = try Machine.protected([0xCD, 0x30])
    machine.setGate(0x30, type: type == 0 ? SystemSegmentType.interruptGate : type, isPresent: isPresent)
    machine.step()
    #expect(machine.enteredVector == expected)
    #expect(machine.stack32(1) == [0x30 * 8 + 2])
  }

  @Test("an external interrupt without a gate is #GP with EXT")
  func externalCode() throws {
    let machine = try Machine.protected([0x90])
    machine.cpu.idt.limit = 0x20 * 8 - 1
    machine.cpu.takeInterrupt(vector: 0x40)
    #expect(machine.enteredVector == 13)
    #expect(machine.stack32(1) == [0x40 * 8 + 3])
  }

  @Test("a trap gate leaves IF, an interrupt gate clears it")
  func trapGate() throws {
    for (type, keeps) in [(SystemSegmentType.trapGate, true), (SystemSegmentType.interruptGate, false)] {
      let machine = try Machine.protected([0xCC])
      machine.setGate(3, type: type)
      machine.cpu.core.rflags = [.reserved1, .interruptEnable, .nestedTask]
      machine.step()
      #expect(machine.enteredVector == 3)
      #expect(machine.flags.contains(.interruptEnable) == keeps)
      #expect(!machine.flags.contains(.nestedTask))
      #expect(machine.stack32(1) == [UInt32(Machine.code + 1)])
    }
  }

  @Test("a 16-bit gate pushes words")
  func gate16() throws {
    let machine = try Machine.protected([0xCD, 0x30])
    machine.setGate(0x30, type: SystemSegmentType.interruptGate16)
    machine.step()
    #expect(machine.enteredVector == 0x30)
    #expect(machine.cpu.core.rsp == Machine.innerStack - 6)
    #expect(machine.read(UInt16.self, at: Machine.innerStack - 6) == UInt16(Machine.code + 2))
  }

  @Test("a bad inner stack is #TS with its selector")
  func badInnerStack() throws {
    // ud2: an exception that makes no double fault with #TS.
    let machine = try Machine.protected([0x0F, 0x0B], privilege: 3)
    machine.write(UInt16(FlatDescriptors.userDataSelector), at: Machine.taskState + 8)
    // #TS itself must not need that stack: its handler conforms.
    machine.setDescriptor(Machine.freeSelector, 0x00CF_9F00_0000_FFFF)
    machine.setGate(10, selector: Machine.freeSelector)
    machine.step()
    #expect(machine.enteredVector == 10)
    #expect(machine.cpu.core.privilege == 3)
    #expect(machine.stack32(1) == [UInt32(FlatDescriptors.userDataSelector & 0xFFFC) | 1])
  }

  @Test("two contributory exceptions make a double fault with error code 0")
  func doubleFault() throws {
    let machine = try Machine.protected([0xF7, 0xF1])
    // The handler of #DE has a null selector: #GP, and so #DF.
    machine.setGate(0, selector: 0)
    machine.cpu.core.rcx = 0
    machine.step()
    #expect(machine.enteredVector == 8)
    #expect(machine.stack32(2) == [0, UInt32(Machine.code)])
  }

  @Test("a fault in the delivery of a software interrupt is that fault, never a double fault")
  func benignFirst() throws {
    let machine = try Machine.protected([0xCD, 0x0D])
    machine.setGate(13, selector: 0)
    machine.step()
    // INT 13 faults with #GP(0), whose gate is the same bad one: #GP in #GP is #DF.
    #expect(machine.enteredVector == 8)
  }

  @Test("without an interrupt table everything ends in a shutdown")
  func tripleFault() throws {
    let machine = try Machine.protected([0x0F, 0x0B])
    machine.cpu.idt.limit = 0
    machine.step()
    guard case .shutdown = machine.cpu.pendingExit else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
    #expect(machine.cpu.core.rip == Machine.code)
    #expect(machine.cpu.core.rsp == Machine.innerStack)
  }

  @Test("a task gate ends the run with a failure of its own")
  func taskGate() throws {
    let machine = try Machine.protected([0xCD, 0x30])
    machine.setGate(0x30, type: SystemSegmentType.taskGate, selector: Machine.taskSelector)
    machine.step()
    guard case .emulationFailure(let failure) = machine.cpu.pendingExit else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
    #expect(failure.code == EmulationFailure.taskSwitch)
    #expect(failure.instructionByteCount == 2 && failure.instructionBytes[0] == 0xCD)
    #expect(machine.cpu.core.rip == Machine.code)
  }
}
