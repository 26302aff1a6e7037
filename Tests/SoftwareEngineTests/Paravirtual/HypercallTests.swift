import Engine
@testable import SoftwareEngine
import Testing
import X86

@Suite("Hypercalls")
struct HypercallTests {
  /// VMCALL and VMMCALL.
  static let encodings: [[UInt8]] = [[0x0F, 0x01, 0xC1], [0x0F, 0x01, 0xD9]]

  private func call(_ machine: Machine) -> UInt64? {
    (machine.cpu.core.rax, machine.cpu.core.rbx) = (0xFFFF_FFFF_0000_0005, 0xFFFF_FFFF_0000_0001)
    (machine.cpu.core.rcx, machine.cpu.core.rdx, machine.cpu.core.rsi) = (2, 3, 4)
    machine.step()
    guard case .hypercall(let number) = machine.cpu.pendingExit else { return nil }
    return number
  }

  @Test("they leave the guest with registers of 64 bits", arguments: encodings)
  func long(_ code: [UInt8]) throws {
    let machine = try Machine.long(code)
    #expect(call(machine) == 0xFFFF_FFFF_0000_0005)
    #expect(machine.cpu.hypercallArguments == HypercallArguments(0xFFFF_FFFF_0000_0001, 2, 3, 4))
    #expect(machine.cpu.core.rip == Machine.code + 3)
    machine.cpu.completeHypercall(-1000)
    #expect(machine.cpu.core.rax == UInt64(bitPattern: -1000))
  }

  @Test("and outside 64-bit mode with their lower halves", arguments: encodings)
  func short(_ code: [UInt8]) throws {
    let machine = try Machine.protected(code)
    #expect(call(machine) == 5)
    #expect(machine.cpu.hypercallArguments.first == 1)
    machine.cpu.completeHypercall(-1000)
    #expect(machine.cpu.core.rax == 0xFFFF_FC18)
  }

  @Test("in user mode nobody is asked: -EPERM", arguments: encodings)
  func user(_ code: [UInt8]) throws {
    let machine = try Machine.long(code, privilege: 3)
    #expect(call(machine) == nil)
    #expect(machine.cpu.core.rax == UInt64.max)
    #expect(machine.cpu.core.rip == Machine.code + 3)
  }

  @Test("where CPUID has another hypervisor's signature they are #UD")
  func absent() {
    var table = ProcessorModel().table
    #expect(ProcessorModel(table).has(.hypercall))
    table.hypervisorSignature = "OtherVMM"
    #expect(!ProcessorModel(table).has(.hypercall))
    table.remove(leaf: 0x4000_0000)
    #expect(!ProcessorModel(table).has(.hypercall))
  }
}
