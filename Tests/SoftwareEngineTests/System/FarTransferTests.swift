@testable import SoftwareEngine
import Testing
import X86

@Suite("Far transfers")
struct FarTransferTests {
  /// A far jump or call with a 32-bit offset.
  private static func far(_ opcode: UInt8, _ selector: UInt16, _ offset: UInt32 = 0x8100) -> [UInt8] {
    [
      opcode, UInt8(offset & 0xFF), UInt8(offset >> 8 & 0xFF), UInt8(offset >> 16 & 0xFF),
      UInt8(offset >> 24),
      UInt8(selector & 0xFF), UInt8(selector >> 8),
    ]
  }

  /// A call gate to 0x8100 in a code segment.
  private static func callGate(
    _ selector: UInt16, type: UInt64 = 0xC, privilege: UInt64 = 3, count: UInt64 = 0
  )
    -> UInt64
  {
    0x8100 | UInt64(selector) << 16 | count << 32 | (type | privilege << 5 | 0x80) << 40
  }

  @Test(
    "which code segments a jump at CPL 0 or 3 takes",
    arguments: [
      // Access byte, RPL, CPL, vector or nil.
      (UInt64(0x9B), UInt16(0), UInt8(0), UInt8?.none), (0x9B, 3, 0, 13), (0x9B, 0, 3, 13), (0xFB, 3, 3, nil),
      (0xFB, 0, 0, 13), (0x9F, 3, 3, nil), (0x1B, 0, 0, 11), (0x93, 0, 0, 13), (0x82, 0, 0, 13),
    ])
  func directJump(rights: UInt64, requested: UInt16, privilege: UInt8, vector: UInt8?) throws {
    let machine = try Machine.protected(
      Self.far(0xEA, Machine.freeSelector | requested), privilege: privilege)
    machine.setDescriptor(Machine.freeSelector, 0x00CF_0000_0000_FFFF | rights << 40)
    machine.step()
    #expect(machine.enteredVector == vector)
    if vector == nil {
      #expect(machine.cpu.core.rip == 0x8100)
      #expect(machine.cpu.selector(.cs) == Machine.freeSelector | UInt16(privilege))
    } else {
      #expect(machine.stack32(1) == [UInt32(Machine.freeSelector)])
    }
  }

  @Test("a target beyond the limit is #GP(0), and nothing is pushed by a call")
  func limit() throws {
    let machine = try Machine.protected(Self.far(0x9A, Machine.freeSelector, 0x2_0000))
    machine.setDescriptor(Machine.freeSelector, 0x0040_9B00_0000_FFFF)
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.stack32(1) == [0])
    #expect(machine.cpu.core.rsp == Machine.innerStack - 16)
  }

  @Test("CALL and RET in one privilege level")
  func callAndReturn() throws {
    let machine = try Machine.protected(Self.far(0x9A, FlatDescriptors.code32Selector))
    // retf 8
    for (index, byte) in [0xCA, 0x08, 0x00].enumerated() {
      machine.write(UInt8(byte), at: 0x8100 + UInt64(index))
    }
    machine.step()
    #expect(machine.cpu.core.rip == 0x8100)
    #expect(machine.stack32(2) == [UInt32(Machine.code + 7), 8])
    machine.step()
    #expect(machine.cpu.core.rip == Machine.code + 7)
    #expect(machine.cpu.core.rsp == Machine.innerStack + 8)
  }

  @Test("a call gate to an inner level copies parameters, and RET n drops them on both stacks")
  func innerCallGate() throws {
    let machine = try Machine.protected(Self.far(0x9A, Machine.freeSelector | 3), privilege: 3)
    machine.setDescriptor(Machine.freeSelector, Self.callGate(FlatDescriptors.code32Selector, count: 2))
    for (index, byte) in [0xCA, 0x08, 0x00].enumerated() {
      machine.write(UInt8(byte), at: 0x8100 + UInt64(index))
    }
    let stack = Machine.outerStack - 16
    machine.cpu.core.rsp = stack
    machine.write(UInt32(11), at: stack)
    machine.write(UInt32(22), at: stack + 4)
    machine.step()
    #expect(machine.cpu.core.rip == 0x8100)
    #expect(machine.cpu.core.privilege == 0)
    #expect(machine.stack32(6) == [UInt32(Machine.code + 7), 0x2B, 11, 22, UInt32(stack), 0x33])
    machine.step()
    #expect(machine.cpu.core.privilege == 3)
    #expect(machine.cpu.core.rip == Machine.code + 7)
    #expect(machine.cpu.core.rsp == stack + 8)
  }

  @Test("a call gate whose DPL is too low, or a 286 gate in long mode, is #GP with the gate")
  func refusedGate() throws {
    let machine = try Machine.protected(Self.far(0x9A, Machine.freeSelector | 3), privilege: 3)
    machine.setDescriptor(Machine.freeSelector, Self.callGate(FlatDescriptors.code32Selector, privilege: 0))
    machine.step()
    #expect(machine.enteredVector == 13)
    #expect(machine.stack32(1) == [UInt32(Machine.freeSelector)])
  }

  @Test("a call gate in long mode is 16 bytes and pushes quadwords")
  func longCallGate() throws {
    // call far [rbx]
    let machine = try Machine.long([0xFF, 0x1B], privilege: 3)
    machine.setDescriptor(Machine.freeSelector, Self.callGate(FlatDescriptors.code64Selector))
    machine.setDescriptor(Machine.freeSelector + 8, 0)
    machine.cpu.core.rbx = 0x6000
    machine.write(UInt32(0), at: 0x6000)
    machine.write(Machine.freeSelector | 3, at: 0x6004)
    machine.step()
    #expect(machine.cpu.core.rip == 0x8100)
    #expect(machine.cpu.core.privilege == 0)
    #expect(machine.cpu.selector(.ss) == 0)
    #expect(machine.stack64(4) == [Machine.code + 2, 0x3B, Machine.outerStack, 0x33])
  }

  @Test("BOUND is #BR outside of its bounds, as a fault")
  func bounds() throws {
    for (index, isInside) in [(UInt32(5), true), (4, false), (11, false), (0xFFFF_FFFF, false)] {
      let machine = try Machine.protected([0x62, 0x03])
      machine.cpu.core.rbx = 0x6000
      machine.cpu.core.rax = UInt64(index)
      machine.write(UInt32(5), at: 0x6000)
      machine.write(UInt32(10), at: 0x6004)
      machine.step()
      #expect(machine.enteredVector == (isInside ? nil : 5))
      if !isInside { #expect(machine.stack32(1) == [UInt32(Machine.code)]) }
    }
  }

  @Test("SYSENTER and SYSEXIT between flat segments")
  func fastCall() throws {
    let machine = try Machine.protected([0x0F, 0x34], privilege: 3)
    machine.cpu.modelSpecific.sysenterCS = 0x08
    machine.cpu.modelSpecific.sysenterESP = 0x7000
    machine.cpu.modelSpecific.sysenterEIP = 0x8100
    machine.write(UInt16(0x350F), at: 0x8100)
    machine.cpu.core.rflags = [.reserved1, .interruptEnable]
    machine.step()
    #expect(machine.cpu.core.rip == 0x8100)
    #expect(machine.cpu.core.rsp == 0x7000)
    #expect(machine.cpu.core.privilege == 0)
    #expect(machine.cpu.selector(.ss) == 0x10)
    #expect(!machine.flags.contains(.interruptEnable))
    machine.cpu.core.rdx = 0x8200
    machine.cpu.core.rcx = 0xB000
    machine.step()
    #expect(machine.cpu.core.rip == 0x8200)
    #expect(machine.cpu.core.rsp == 0xB000)
    #expect(machine.cpu.core.privilege == 3)
    #expect(machine.cpu.selector(.cs) == 0x1B)
    #expect(machine.cpu.selector(.ss) == 0x23)
  }

  @Test("POPF at CPL 3 leaves IOPL and IF alone, silently")
  func popFlags() throws {
    let machine = try Machine.protected([0x9D], privilege: 3)
    machine.cpu.core.rflags = [.reserved1, .interruptEnable]
    machine.cpu.core.rsp = 0x7000
    machine.write(UInt32(0x20_3CD5), at: 0x7000)
    machine.step()
    #expect(machine.enteredVector == nil)
    // The status flags, DF and ID are taken; OF, IF and IOPL: OF is, the others stay.
    #expect(machine.flags.rawValue == 0x20_0ED7)
  }
}
