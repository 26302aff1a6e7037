import Testing
import X86

@testable import SoftwareEngine

/// x87 exceptions that the guest does not mask, and what depends on the mode.
@Suite struct X87ExceptionTests {
  private static let data: UInt64 = 0x8000
  private let guest: GuestRunner

  init() throws {
    guest = try GuestRunner()
    guest.cpu.core[3] = Self.data
  }

  private func divideByZeroUnmasked() throws {
    guest.cpu.core.x87ControlWord = 0x37B
    try guest.run([0xD9, 0xE8])  // fld1
    try guest.run([0xD9, 0xEE])  // fldz
    try guest.run([0xDE, 0xF9])  // fdivp st1, st0
  }

  @Test(
    arguments: [
      [0x9B], [0xD9, 0xE8], [0xD9, 0x2B], [0x0F, 0xFC, 0xC1], [0x0F, 0x77], [0x0F, 0x2A, 0xC1],
    ] as [[UInt8]])
  func pendingExceptionIsReported(_ bytes: [UInt8]) throws {
    // fwait, fld1, fldcw, paddb mm, emms, cvtpi2ps xmm, mm
    try divideByZeroUnmasked()
    #expect(guest.cpu.core.x87StatusWord == 0xB084)
    let image = guest.registers.image
    #expect(try guest.exception(bytes)?.vector == .x87FloatingPoint)
    #expect(guest.registers.image == image)
  }

  @Test func someInstructionsDoNotWait() throws {
    try divideByZeroUnmasked()
    try guest.run([0xDF, 0xE0])  // fnstsw ax
    #expect(guest.cpu.core.rax & 0xFFFF == 0xB084)
    try guest.run([0xD9, 0x33])  // fnstenv [rbx]: masks everything
    #expect(guest.cpu.core.x87ControlWord == 0x37F)
    #expect(guest.cpu.core.x87StatusWord == 0x3004)
    try guest.run([0x9B])
    try guest.run([0xD9, 0x23])  // fldenv [rbx]: and back
    #expect(try guest.exception([0x9B])?.vector == .x87FloatingPoint)
    try guest.run([0xDB, 0xE2])  // fnclex
    try guest.run([0x9B])
    #expect(guest.cpu.core.x87StatusWord == 0x3000)
  }

  @Test func unmaskedResultsDoNotReachMemory() throws {
    for offset in [0, 4096 - 2] as [UInt64] {
      guest.cpu.core.initializeX87Control()
      guest.cpu.core[3] = Self.data + offset
      try guest.write([1, 2, 3, 4], at: Self.data + offset)
      guest.cpu.core.x87ControlWord = 0x37F & ~8
      // 2^1000 is too large for a float.
      guest.cpu.core.x87StatusWord = 7 << 11
      guest.cpu.core.x87Tags = 0x80
      guest.cpu.core.setX87Register(0, UInt128(0x3FFF + 1000) << 64 | 1 << 63)
      try guest.run([0xD9, 0x1B])  // fstp dword [rbx]
      #expect(try guest.read(Self.data + offset, 4) == [1, 2, 3, 4])
      #expect(guest.cpu.core.x87Tags == 0x80)
      #expect(guest.cpu.core.isX87ErrorPending)
    }
  }

  @Test func availability() throws {
    guest.reset { $0.cr0.insert(.taskSwitched) }
    #expect(try guest.exception([0xD9, 0xE8])?.vector == .deviceNotAvailable)
    #expect(try guest.exception([0xDB, 0xE3])?.vector == .deviceNotAvailable)
    #expect(try guest.exception([0x9B])?.vector == .deviceNotAvailable)
    guest.reset {
      $0.cr0.insert(.taskSwitched)
      $0.cr0.remove(.monitorCoprocessor)
    }
    #expect(try guest.exception([0x9B]) == nil)
    guest.reset { $0.cr0.insert(.emulation) }
    #expect(try guest.exception([0xD9, 0xE8])?.vector == .deviceNotAvailable)
  }

  /// Where the processor keeps pointers in real mode: as linear addresses, cut up.
  @Test func realModeEnvironment() throws {
    guest.reset {
      $0.cr0 = [.extensionType]
      $0.efer = []
      $0.cs = .realModeCode(0x1234)
      $0.ds = .realMode(0)
      $0.general[3] = 0x8000
    }
    guest.cpu.core.x87InstructionPointer = 0x1_3456
    guest.cpu.core.x87DataPointer = 0x2_789A
    guest.cpu.core.x87Opcode = 0x123
    try guest.run([0xD9, 0x37])  // fnstenv [bx]
    #expect(
      try guest.read(0x8000, 14) == [0x7F, 3, 0, 0, 0xFF, 0xFF, 0x56, 0x34, 0x23, 0x11, 0x9A, 0x78, 0, 0x20])
    try guest.run([0x66, 0xD9, 0x37])
    #expect(
      try guest.read(0x8000 + 12, 16) == [
        0x56, 0x34, 0xFF, 0xFF, 0x23, 0x11, 0, 0, 0x9A, 0x78, 0xFF, 0xFF, 0, 0x20, 0, 0,
      ])
    guest.cpu.core.initializeX87Control()
    try guest.run([0x66, 0xD9, 0x27])  // fldenv
    #expect(guest.cpu.core.x87InstructionPointer == 0x1_3456)
    #expect(guest.cpu.core.x87DataPointer == 0x2_789A)
    #expect(guest.cpu.core.x87Opcode == 0x123)
  }
}
