@testable import SoftwareEngine
import Testing
import X86

@Suite("Segments and descriptor tables")
struct SegmentTests {
  /// Descriptors at `freeSelector`: base 0x100, limit 0xFFF, by access byte.
  private static func descriptor(_ rights: UInt64) -> UInt64 { 0x0040_0000_0100_0FFF | rights << 40 }

  /// MOV of AX to a segment register, whose number is in ModRM.reg.
  private func load(_ register: UInt8, rights: UInt64?, selector: UInt16, privilege: UInt8) throws -> Machine
  {
    let machine = try Machine.protected([0x8E, 0xC0 | register << 3], privilege: privilege)
    if let rights { machine.setDescriptor(Machine.freeSelector, Self.descriptor(rights)) }
    machine.cpu.core.rax = UInt64(selector)
    machine.step()
    return machine
  }

  @Test("a load sets the accessed bit in the table and in the register")
  func accessed() throws {
    let machine = try load(3, rights: 0x92, selector: Machine.freeSelector, privilege: 0)
    let data = machine.cpu.segment(.ds)
    #expect(data.base == 0x100 && data.limit == 0xFFF && data.attributes.type == 3)
    #expect(machine.read(UInt8.self, at: Machine.globalTable + 0x55) == 0x93)
  }

  @Test(
    "which descriptors a register takes",
    arguments: [
      // Register, access byte, RPL, CPL, vector or nil.
      (UInt8(3), UInt64(0x92), UInt16(0), UInt8(0), UInt8?.none),
      (3, 0x92, 3, 0, 13), (3, 0x92, 0, 3, 13), (3, 0xF2, 3, 3, nil), (3, 0x12, 0, 0, 11),
      // Code: readable, not readable, conforming.
      (3, 0x9A, 0, 0, nil), (3, 0x98, 0, 0, 13), (3, 0x9E, 3, 3, nil),
      // A system segment.
      (3, 0x89, 0, 0, 13),
      // SS: writable data of the CPL alone.
      (2, 0x92, 0, 0, nil), (2, 0x90, 0, 0, 13), (2, 0xF2, 0, 0, 13), (2, 0x92, 3, 0, 13),
      (2, 0x12, 0, 0, 12),
      (2, 0xF2, 3, 3, nil),
    ])
  func loading(register: UInt8, rights: UInt64, requested: UInt16, privilege: UInt8, vector: UInt8?) throws {
    let machine = try load(
      register, rights: rights, selector: Machine.freeSelector | requested, privilege: privilege)
    #expect(machine.enteredVector == vector)
    if vector != nil { #expect(machine.stack32(1) == [UInt32(Machine.freeSelector)]) }
  }

  @Test("null in DS is allowed and in SS #GP(0); beyond the table is #GP with the selector")
  func nullAndBeyond() throws {
    let null = try load(3, rights: nil, selector: 3, privilege: 0)
    #expect(null.enteredVector == nil)
    #expect(null.cpu.segment(.ds).attributes.isUnusable)
    let stack = try load(2, rights: nil, selector: 0, privilege: 0)
    #expect(stack.enteredVector == 13)
    #expect(stack.stack32(1) == [0])
    let beyond = try load(3, rights: nil, selector: 0x1000, privilege: 0)
    #expect(beyond.enteredVector == 13)
    #expect(beyond.stack32(1) == [0x1000])
    let local = try load(3, rights: nil, selector: 0x0C, privilege: 0)
    #expect(local.enteredVector == 13)
    #expect(local.stack32(1) == [0x0C])
  }

  @Test("LTR marks the TSS busy; a busy one is #GP")
  func taskRegister() throws {
    // ltr ax; ltr ax
    let machine = try Machine.protected([0x0F, 0x00, 0xD8, 0x0F, 0x00, 0xD8])
    machine.setDescriptor(Machine.freeSelector, 0x0000_8900_4000_0067)
    machine.cpu.core.rax = UInt64(Machine.freeSelector)
    machine.step()
    #expect(machine.cpu.tr.base == 0x4000)
    #expect(machine.read(UInt8.self, at: Machine.globalTable + 0x55) == 0x8B)
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.stack32(1) == [UInt32(Machine.freeSelector)])
  }

  @Test("LTR in long mode reads 16 bytes")
  func taskRegister64() throws {
    let machine = try Machine.long([0x0F, 0x00, 0xD8])
    machine.setDescriptor(Machine.freeSelector, 0x0000_8900_4000_0067)
    machine.setDescriptor(Machine.freeSelector + 8, 0xFFFF_8000)
    machine.cpu.core.rax = UInt64(Machine.freeSelector)
    machine.step()
    #expect(machine.cpu.tr.base == 0xFFFF_8000_0000_4000)
  }

  @Test("LAR, LSL, VERR and VERW answer in ZF")
  func inspection() throws {
    // lar ecx, eax; lsl edx, eax; verr ax; verw ax
    let code: [UInt8] = [0x0F, 0x02, 0xC8, 0x0F, 0x03, 0xD0, 0x0F, 0x00, 0xE0, 0x0F, 0x00, 0xE8]
    let machine = try Machine.protected(code)
    machine.setDescriptor(Machine.freeSelector, 0x00C0_9A00_0000_0001)
    machine.cpu.core.rax = UInt64(Machine.freeSelector)
    machine.step()
    #expect(machine.flags.contains(.zero))
    #expect(machine.cpu.core.rcx == 0xC0_9A00)
    machine.step()
    #expect(machine.flags.contains(.zero))
    #expect(machine.cpu.core.rdx == 0x1FFF)
    machine.step()
    #expect(machine.flags.contains(.zero))
    machine.step()
    #expect(!machine.flags.contains(.zero))

    let refused = try Machine.protected(code)
    refused.cpu.core.rax = 0x1000
    refused.cpu.core.rcx = 7
    refused.step()
    #expect(!refused.flags.contains(.zero))
    #expect(refused.cpu.core.rcx == 7)
  }

  @Test("ARPL raises an RPL and tells so")
  func adjust() throws {
    // arpl ax, cx
    let machine = try Machine.protected([0x63, 0xC8, 0x63, 0xC8])
    machine.cpu.core.rax = 0x10
    machine.cpu.core.rcx = 3
    machine.step()
    #expect(machine.cpu.core.rax == 0x13)
    #expect(machine.flags.contains(.zero))
    machine.step()
    #expect(machine.cpu.core.rax == 0x13)
    #expect(!machine.flags.contains(.zero))
  }

  @Test("CR4.UMIP takes SGDT, SIDT, SLDT, STR and SMSW away from CPL 3")
  func userModeInstructions() throws {
    let codes: [[UInt8]] = [
      [0x0F, 0x01, 0x03], [0x0F, 0x01, 0x0B], [0x0F, 0x00, 0xC0], [0x0F, 0x00, 0xC8], [0x0F, 0x01, 0xE0],
    ]
    for code in codes {
      for isPrevented in [false, true] {
        let machine = try Machine.protected(code, privilege: 3)
        machine.cpu.core.rbx = 0x6000
        if isPrevented { machine.cpu.core.cr4.insert(.userModeInstructionPrevention) }
        machine.step()
        #expect(machine.enteredVector == (isPrevented ? 13 : nil), "\(code)")
      }
    }
  }

  @Test("LGDT with 16-bit operands takes 24 bits of the base")
  func tableRegister() throws {
    // o16 lgdt [ebx]; lgdt [ebx]; sgdt [ebx+16]
    let machine = try Machine.protected([0x66, 0x0F, 0x01, 0x13, 0x0F, 0x01, 0x13, 0x0F, 0x01, 0x43, 0x10])
    machine.cpu.core.rbx = 0x6000
    machine.write(UInt16(0x1234), at: 0x6000)
    machine.write(UInt32(0xFEDC_BA98), at: 0x6002)
    machine.step()
    #expect(machine.cpu.gdt == DescriptorTable(base: 0xDC_BA98, limit: 0x1234))
    machine.step(2)
    #expect(machine.read(UInt16.self, at: 0x6010) == 0x1234)
    #expect(machine.read(UInt32.self, at: 0x6012) == 0xFEDC_BA98)
  }

  @Test("SWAPGS and WRFSBASE")
  func bases() throws {
    // swapgs; wrfsbase rax; wrfsbase rbx
    let machine = try Machine.long([
      0x0F, 0x01, 0xF8, 0xF3, 0x48, 0x0F, 0xAE, 0xD0, 0xF3, 0x48, 0x0F, 0xAE, 0xD3,
    ])
    machine.cpu.core.cr4.insert(.fsgsbase)
    machine.cpu.modelSpecific.kernelGSBase = 0xFFFF_8000_0000_1000
    machine.cpu.core.rax = 0x7000
    machine.cpu.core.rbx = 1 << 47
    machine.step(2)
    #expect(machine.cpu.segmentBase(.gs) == 0xFFFF_8000_0000_1000)
    #expect(machine.cpu.segmentBase(.fs) == 0x7000)
    machine.step()
    #expect(machine.enteredVector == 13)
  }
}
