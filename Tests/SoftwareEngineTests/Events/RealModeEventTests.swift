@testable import SoftwareEngine
import Testing
import X86

@Suite("Events in real mode")
struct RealModeEventTests {
  @Test("INT n pushes FLAGS, CS and the next IP, and clears IF and TF")
  func softwareInterrupt() throws {
    let machine = try Machine.real([0xCD, 0x21])
    machine.cpu.core.rflags = [.reserved1, .interruptEnable, .carry]
    machine.step()
    #expect(machine.enteredVector == 0x21)
    #expect(machine.cpu.core.rsp == Machine.innerStack - 6)
    #expect(machine.read(UInt16.self, at: Machine.innerStack - 6) == UInt16(Machine.code + 2))
    #expect(machine.read(UInt16.self, at: Machine.innerStack - 4) == 0)
    #expect(machine.read(UInt16.self, at: Machine.innerStack - 2) == 0x203)
    #expect(!machine.flags.contains(.interruptEnable))
  }

  @Test("an exception pushes no error code and returns to the instruction")
  func exception() throws {
    // xor cx, cx; div cx
    let machine = try Machine.real([0x31, 0xC9, 0xF7, 0xF1])
    machine.step(2)
    #expect(machine.enteredVector == 0)
    #expect(machine.cpu.core.rsp == Machine.innerStack - 6)
    #expect(machine.read(UInt16.self, at: Machine.innerStack - 6) == UInt16(Machine.code + 2))
  }

  @Test("IRET takes back what INT pushed")
  func interruptReturn() throws {
    let machine = try Machine.real([0xCD, 0x21])
    machine.write(UInt8(0xCF), at: Machine.handler(0x21))
    machine.cpu.core.rflags = [.reserved1, .interruptEnable, .zero]
    machine.step(2)
    #expect(machine.cpu.core.rip == Machine.code + 2)
    #expect(machine.cpu.core.rsp == Machine.innerStack)
    #expect(machine.flags == [.reserved1, .interruptEnable, .zero])
  }

  @Test("a vector beyond the table's limit ends in a shutdown")
  func tooShortTable() throws {
    let machine = try Machine.real([0xCD, 0x21])
    machine.cpu.idt.limit = 0x1F
    machine.step()
    guard case .shutdown = machine.cpu.pendingExit else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
  }

  @Test("a stack with one byte left ends in a shutdown, as on the 80286")
  func stackWrap() throws {
    let machine = try Machine.real([0xCD, 0x21])
    machine.cpu.core.rsp = 1
    machine.step()
    guard case .shutdown = machine.cpu.pendingExit else {
      Issue.record("the exit is \(String(describing: machine.cpu.pendingExit))")
      return
    }
  }

  @Test("a segment load keeps the limit: unreal mode")
  func unrealMode() throws {
    // mov ax, 0x1234; mov ds, ax
    let machine = try Machine.real([0xB8, 0x34, 0x12, 0x8E, 0xD8])
    var data = machine.cpu.segment(.ds)
    data.limit = .max
    machine.cpu.setSegment(.ds, data)
    machine.step(2)
    #expect(machine.cpu.segment(.ds).base == 0x12340)
    #expect(machine.cpu.segment(.ds).limit == .max)
  }
}
