@testable import SoftwareEngine
import Testing
import X86

@Suite("Virtual-8086 mode")
struct VirtualModeEventTests {
  /// Enters virtual-8086 mode by IRET: CS 0x100, at `code`.
  private func machine(_ code: [UInt8], ioPrivilege: UInt8) throws -> Machine {
    let machine = try Machine.protected([0xCF])
    for (index, byte) in code.enumerated() { machine.write(byte, at: 0x6000 + UInt64(index)) }
    let flags: UInt32 = 0x2_0202 | UInt32(ioPrivilege) << 12
    let frame: [UInt32] = [0x5000, 0x100, flags, 0x800, 0x200, 0x300, 0x400, 0x500, 0x600]
    machine.cpu.core.rsp = 0x7000
    for (index, word) in frame.enumerated() { machine.write(word, at: 0x7000 + UInt64(index) * 4) }
    machine.step()
    return machine
  }

  @Test("IRET enters it with all segments")
  func enter() throws {
    let machine = try machine([0x90], ioPrivilege: 0)
    #expect(machine.cpu.core.privilege == 3)
    #expect(machine.cpu.core.codeSize == 2)
    #expect(machine.cpu.core.rip == 0x5000)
    #expect(machine.cpu.segment(.cs).base == 0x1000)
    #expect(machine.cpu.segment(.ss).base == 0x2000)
    #expect(machine.cpu.core.rsp == 0x800)
    #expect(machine.cpu.segment(.gs).base == 0x6000)
    #expect(machine.cpu.segment(.ds).limit == 0xFFFF)
  }

  @Test("INT n with IOPL 3 leaves it and pushes the data segments")
  func interrupt() throws {
    let machine = try machine([0xCD, 0x30], ioPrivilege: 3)
    machine.setGate(0x30, privilege: 3)
    machine.step()
    #expect(machine.enteredVector == 0x30)
    #expect(machine.cpu.core.privilege == 0)
    #expect(!machine.flags.contains(.virtual8086))
    #expect(
      machine.stack32(9) == [0x5002, 0x100, 0x2_3202, 0x800, 0x200, 0x300, 0x400, 0x500, 0x600])
    #expect(machine.cpu.segment(.ds).attributes.isUnusable)
  }

  @Test("with IOPL 0 INT n, PUSHF, POPF, CLI, STI and IRET are #GP(0); INT3 is not")
  func sensitiveInstructions() throws {
    for code in [[0xCD, 0x30], [0x9C], [0x9D], [0xFA], [0xFB], [0xCF]] as [[UInt8]] {
      let machine = try machine(code, ioPrivilege: 0)
      machine.setGate(0x30, privilege: 3)
      machine.step()
      #expect(machine.enteredVector == 13, "\(code)")
      #expect(machine.stack32(2) == [0, 0x5000], "\(code)")
    }
    let machine = try machine([0xCC], ioPrivilege: 0)
    machine.setGate(3, privilege: 3)
    machine.step()
    #expect(machine.enteredVector == 3)
  }
}
