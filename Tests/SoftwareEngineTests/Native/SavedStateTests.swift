import Testing
import X86

@testable import SoftwareEngine

/// FXSAVE and XSAVE where the mode or the header matters.
@Suite struct SavedStateTests {
  private static let area: UInt64 = 0x8000
  private let guest: GuestRunner

  init() throws {
    guest = try GuestRunner()
    prepare()
  }

  private func prepare() {
    guest.cpu.core[3] = Self.area
    guest.cpu.core.rax = 3
    guest.cpu.core.rdx = 0
  }

  private func number(_ offset: UInt64) throws -> UInt64 {
    try guest.cpu.readPhysical(Self.area + offset, width: 8)
  }

  private func setNumber(_ value: UInt64, at offset: UInt64) throws {
    try guest.cpu.writePhysical(Self.area + offset, width: 8, value)
  }

  private let fxsave: [UInt8] = [0x0F, 0xAE, 0x03]
  private let fxrstor: [UInt8] = [0x0F, 0xAE, 0x0B]
  private let xsave: [UInt8] = [0x48, 0x0F, 0xAE, 0x23]
  private let xrstor: [UInt8] = [0x48, 0x0F, 0xAE, 0x2B]
  private let xsaveopt: [UInt8] = [0x48, 0x0F, 0xAE, 0x33]
  private let xsavec: [UInt8] = [0x48, 0x0F, 0xC7, 0x23]

  @Test func outside64BitModeHalfTheRegisters() throws {
    for index in 0..<64 { try setNumber(.max, at: UInt64(index * 8)) }
    guest.reset {
      $0.cs = .flatCode32(8)
    }
    prepare()
    for number in UInt8(0)..<16 { guest.cpu.core.setVector(number, UInt128(number)) }
    try guest.run(fxsave)
    #expect(try number(160 + 7 * 16) == 7)
    #expect(try number(160 + 8 * 16) == .max)
    try setNumber(0x55, at: 160 + 8 * 16)
    try setNumber(0x66, at: 160 + 7 * 16)
    try guest.run(fxrstor)
    #expect(guest.cpu.core.vector(7) == 0x66)
    #expect(guest.cpu.core.vector(8) == 8)
  }

  @Test func alignmentAndAvailability() throws {
    for (bytes, alignment) in [(fxsave, 16), (fxrstor, 16), (xsave, 64), (xrstor, 64), (xsavec, 64)]
      as [([UInt8], UInt64)]
    {
      guest.reset()
      prepare()
      guest.cpu.core[3] = Self.area + alignment / 2
      #expect(try guest.exception(bytes)?.vector == .generalProtection)
      guest.reset { $0.cr0.insert(.taskSwitched) }
      prepare()
      #expect(try guest.exception(bytes)?.vector == .deviceNotAvailable)
    }
    guest.reset { $0.cr4.remove(.osXSAVE) }
    prepare()
    #expect(try guest.exception(xsave)?.vector == .invalidOpcode)
    #expect(try guest.exception(fxsave) == nil)
  }

  @Test func initialStateIsNotStored() throws {
    for offset in stride(from: UInt64(0), to: 576, by: 8) { try setNumber(0xAAAA_AAAA_AAAA_AAAA, at: offset) }
    try setNumber(0, at: 512)
    guest.cpu.core.setVector(3, 33)
    try guest.run(xsaveopt)
    // Only SSE is in use: the x87's part stays as it was.
    #expect(try number(512) == 2)
    #expect(try number(0) == 0xAAAA_AAAA_AAAA_AAAA)
    #expect(try number(160 + 48) == 33)
    try guest.run(xsave)
    #expect(try number(512) == 2)
    #expect(try number(0) == 0x37F)
    try guest.run(xsavec)
    #expect(try number(512) == 2)
    #expect(try number(520) == 1 << 63 | 3)
  }

  @Test func absentComponentsAreInitialized() throws {
    try guest.run([0xD9, 0xE8])  // fld1
    guest.cpu.core.setVector(5, 55)
    guest.cpu.core.mxcsr = 0x9F80
    for offset in stride(from: UInt64(0), to: 576, by: 8) { try setNumber(0, at: offset) }
    try setNumber(0x3F80, at: 24)
    try guest.run(xrstor)
    #expect(guest.cpu.core.vector(5) == 0)
    #expect(guest.cpu.core.x87Tags == 0)
    #expect(guest.cpu.core.x87ControlWord == 0x37F)
    // The standard format has MXCSR in any case; the compacted one has it with SSE.
    #expect(guest.cpu.core.mxcsr == 0x3F80)
    try setNumber(1 << 63 | 3, at: 520)
    try guest.run(xrstor)
    #expect(guest.cpu.core.mxcsr == 0x1F80)
    // What is not asked for stays.
    guest.cpu.core.setVector(5, 55)
    guest.cpu.core.rax = 1
    try guest.run(xrstor)
    #expect(guest.cpu.core.vector(5) == 55)
  }

  @Test(
    arguments: [
      (4, 0, 0), (1 << 63, 0, 0), (3, 1, 0), (3, 0, 1), (3, 1 << 63 | 1, 0), (1, 1 << 63 | 7, 0),
      (1, 1 << 63 | 3, 1),
    ] as [(UInt64, UInt64, UInt64)])
  func headersThatNobodyWrites(_ present: UInt64, _ layout: UInt64, _ reserved: UInt64) throws {
    for offset in stride(from: UInt64(0), to: 576, by: 8) { try setNumber(0, at: offset) }
    try setNumber(0x1F80, at: 24)
    try setNumber(present, at: 512)
    try setNumber(layout, at: 520)
    try setNumber(reserved, at: 528)
    guest.cpu.core.setVector(5, 55)
    #expect(try guest.exception(xrstor)?.vector == .generalProtection)
    #expect(guest.cpu.core.vector(5) == 55)
  }

  @Test func savedAndRestored() throws {
    for (save, offset) in [(xsave, 0), (xsavec, 1 << 63 | 3)] as [([UInt8], UInt64)] {
      guest.reset()
      prepare()
      for offset in stride(from: UInt64(512), to: 576, by: 8) { try setNumber(0, at: offset) }
      try guest.run([0xD9, 0xEB])  // fldpi
      for number in UInt8(0)..<16 { guest.cpu.core.setVector(number, UInt128(number) << 100 | 7) }
      guest.cpu.core.mxcsr = 0x7F80
      let before = guest.registers
      try guest.run(save)
      #expect(try number(520) == offset)
      guest.registers = Registers()
      prepare()
      guest.cpu.core[3] = Self.area
      try guest.run(xrstor)
      let after = guest.registers
      #expect(after.image[0..<5] == before.image[0..<5])
      #expect(after.image[8..<28] == before.image[8..<28])
      #expect(after.image[32..<42] == before.image[32..<42])
      #expect(after.image[160..<416] == before.image[160..<416])
    }
  }
}
