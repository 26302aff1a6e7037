import Testing
import X86

@testable import SoftwareEngine

/// What a program under an operating system cannot see: the faults of MMX and SSE.
@Suite struct VectorExceptionTests {
  private static let data: UInt64 = 0x8000
  private let guest: GuestRunner

  init() throws {
    guest = try GuestRunner()
    guest.cpu.core[3] = Self.data
  }

  private func state(_ change: (inout CPUState) -> Void) {
    guest.reset(change)
    guest.cpu.core[3] = Self.data
  }

  private func setVector(_ number: UInt8, _ lanes: [Float]) {
    var value: UInt128 = 0
    for lane in lanes.reversed() { value = value << 32 | UInt128(lane.bitPattern) }
    guest.cpu.core.setVector(number, value)
  }

  @Test(
    arguments: [[0x0F, 0x58, 0xC1], [0x0F, 0x28, 0xC1], [0x0F, 0xAE, 0x1B], [0x66, 0x0F, 0xEF, 0xC1]]
      as [[UInt8]])
  func availability(_ bytes: [UInt8]) throws {
    // addps, movaps, stmxcsr, pxor
    #expect(try guest.exception(bytes) == nil)
    state { $0.cr4.remove(.osFXSR) }
    #expect(try guest.exception(bytes)?.vector == .invalidOpcode)
    state { $0.cr0.insert(.taskSwitched) }
    #expect(try guest.exception(bytes)?.vector == .deviceNotAvailable)
    state { $0.cr0.insert([.taskSwitched, .emulation]) }
    #expect(try guest.exception(bytes)?.vector == .invalidOpcode)
  }

  @Test func mmxNeedsNoOSFXSR() throws {
    state { $0.cr4.remove(.osFXSR) }
    #expect(try guest.exception([0x0F, 0xFC, 0xC1]) == nil)  // paddb mm0, mm1
    state { $0.cr0.insert(.taskSwitched) }
    #expect(try guest.exception([0x0F, 0xFC, 0xC1])?.vector == .deviceNotAvailable)
    #expect(try guest.exception([0x0F, 0x77])?.vector == .deviceNotAvailable)
  }

  @Test(
    arguments: [
      ([0x0F, 0x28, 0x03], true), ([0x0F, 0x29, 0x03], true), ([0x66, 0x0F, 0x6F, 0x03], true),
      ([0x66, 0x0F, 0xFE, 0x03], true), ([0x0F, 0x58, 0x03], true), ([0x66, 0x0F, 0xE7, 0x03], true),
      ([0x0F, 0x10, 0x03], false), ([0xF3, 0x0F, 0x6F, 0x03], false), ([0xF2, 0x0F, 0xF0, 0x03], false),
      ([0xF3, 0x0F, 0x58, 0x03], false), ([0x66, 0x0F, 0x3A, 0x63, 0x03, 0], false),
    ] as [([UInt8], Bool)])
  func alignment(_ bytes: [UInt8], _ mustBeAligned: Bool) throws {
    guest.cpu.core[3] = Self.data + 8
    let exception = try guest.exception(bytes)
    #expect(exception?.vector == (mustBeAligned ? .generalProtection : nil))
    #expect(exception?.errorCode == (mustBeAligned ? 0 : nil))
  }

  @Test func unmaskedDivisionByZero() throws {
    setVector(0, [1, 2, 3, 4])
    setVector(1, [1, 0, 3, 3])
    let before = guest.cpu.core.vector(0)
    guest.cpu.core.mxcsr = 0x1F80 & ~0x200
    let exception = try guest.exception([0x0F, 0x5E, 0xC1])  // divps
    #expect(exception?.vector == .simdFloatingPoint)
    #expect(guest.cpu.core.vector(0) == before)
    // The inexact quotient of the last lane was not looked for.
    #expect(guest.cpu.core.mxcsr == 0x1F80 & ~0x200 | 4)
    #expect(guest.cpu.core.rip == GuestRunner.codeAddress)

    state { $0.cr4.remove(.osXMMExceptions) }
    setVector(1, [0, 0, 0, 0])
    setVector(0, [1, 1, 1, 1])
    guest.cpu.core.mxcsr = 0x1F80 & ~0x200
    #expect(try guest.exception([0x0F, 0x5E, 0xC1])?.vector == .invalidOpcode)
  }

  @Test func unmaskedButNotRaised() throws {
    setVector(0, [1, 2, 3, 4])
    setVector(1, [2, 2, 2, 3])
    guest.cpu.core.mxcsr = 0x1F80 & ~0xE80  // IE, ZE, OE and UE unmasked, PE masked.
    #expect(try guest.exception([0x0F, 0x5E, 0xC1]) == nil)
    #expect(UInt32(truncatingIfNeeded: guest.cpu.core.vector(0)) == Float(0.5).bitPattern)
    #expect(guest.cpu.core.mxcsr == 0x1F80 & ~0xE80 | 0x20)
  }

  @Test func unmaskedUnderflowNeedsNoInexactness() throws {
    setVector(0, [.leastNormalMagnitude, 0, 0, 0])
    setVector(1, [0.5, 0, 0, 0])
    // Masked, an exact tiny result is no underflow; unmasked it is.
    guest.cpu.core.mxcsr = 0x1F80
    #expect(try guest.exception([0xF3, 0x0F, 0x59, 0xC1]) == nil)
    #expect(guest.cpu.core.mxcsr == 0x1F80)
    setVector(0, [.leastNormalMagnitude, 0, 0, 0])
    guest.cpu.core.mxcsr = 0x1F80 & ~0x800
    #expect(try guest.exception([0xF3, 0x0F, 0x59, 0xC1])?.vector == .simdFloatingPoint)
    #expect(guest.cpu.core.mxcsr == 0x1F80 & ~0x800 | 0x10)
  }

  @Test func comparisonWithUnmaskedInvalidLeavesFlags() throws {
    setVector(0, [.nan, 0, 0, 0])
    guest.cpu.core.rflags = RFLAGS(rawValue: 0x8D7)
    guest.cpu.core.mxcsr = 0x1F80 & ~0x80
    #expect(try guest.exception([0x0F, 0x2F, 0xC1])?.vector == .simdFloatingPoint)  // comiss
    #expect(guest.cpu.core.rflags.rawValue == 0x8D7)
  }

  @Test func reservedControlBits() throws {
    try guest.write([0, 0, 1, 0], at: Self.data)
    #expect(try guest.exception([0x0F, 0xAE, 0x13])?.vector == .generalProtection)  // ldmxcsr
    #expect(guest.cpu.core.mxcsr == 0x1F80)
    // A state from elsewhere may hold anything: it must not reach the host.
    state { $0.extended.mxcsr = 0xFFFF_FFFF }
    #expect(guest.cpu.core.mxcsr == 0xFFFF)
    #expect(try guest.exception([0xD9, 0xE8]) == nil)  // fld1
  }

  @Test func maskedMove() throws {
    guest.cpu.core[7] = 0x9000 - 4
    try guest.write([UInt8](repeating: 0xEE, count: 32), at: 0x9000 - 16)
    guest.cpu.core.setVector(1, 0x0F0E_0D0C_0B0A_0908_0706_0504_0302_0100)
    guest.cpu.core.setVector(2, 0x8000_0000_0000_0080_FF00_0000_0000_0080)
    try guest.run([0x66, 0x0F, 0xF7, 0xCA])  // maskmovdqu xmm1, xmm2
    #expect(
      try guest.read(0x9000 - 6, 18) == [0xEE, 0xEE, 0, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 7, 8]
        + [UInt8](repeating: 0xEE, count: 6) + [15])
    guest.cpu.setSegmentBase(.fs, 0x100)
    guest.cpu.core.setVector(2, 0x80)
    try guest.run([0x64, 0x66, 0x0F, 0xF7, 0xCA])
    #expect(try guest.read(0x9100 - 4, 2) == [0, 0])
  }

  @Test func addressForms() throws {
    guest.cpu.core[9] = 0x8000
    guest.cpu.core[14] = 0x10
    try guest.write(Array(0..<16), at: 0x8048)
    try guest.run([0xF3, 0x47, 0x0F, 0x6F, 0x7C, 0xB1, 0x08])  // movdqu xmm15, [r9+r14*4+8]
    #expect(guest.cpu.core.vector(15) == 0x0F0E_0D0C_0B0A_0908_0706_0504_0302_0100)
    // paddb xmm15, [rip+0x7037]: 9 bytes at 0x1000.
    try guest.run([0x66, 0x44, 0x0F, 0xFC, 0x3D, 0x37, 0x70, 0x00, 0x00])
    #expect(guest.cpu.core.vector(15) == 0x0F0E_0D0C_0B0A_0908_0706_0504_0302_0100 + guestBytesAt8040)
    #expect(guest.cpu.core.rip == GuestRunner.codeAddress + 9)
  }

  /// Eight zeros, then 0…7: no byte of the sum above carries.
  private var guestBytesAt8040: UInt128 { 0x0706_0504_0302_0100 << 64 }

  @Test func keptOperations() throws {
    let native = NativeCode()
    let add = try #require(native.operation(for: try guest.decode([0x66, 0x0F, 0xFE, 0x03])))
    #expect(add.memory == .source && add.byteCount == 16 && add.alignmentMask == 15)
    let store = try #require(native.operation(for: try guest.decode([0xF3, 0x0F, 0x11, 0x03])))
    #expect(store.memory == .destination && store.byteCount == 4 && store.alignmentMask == 0)
    #expect(native.operation(for: try guest.decode([0x0F, 0xFC, 0xC1])) == nil)
    #expect(native.operation(for: try guest.decode([0xD9, 0xE8])) == nil)
    let compare = try #require(native.operation(for: try guest.decode([0x0F, 0x2F, 0xC1])))
    setVector(0, [1, 0, 0, 0])
    setVector(1, [2, 0, 0, 0])
    #expect(unsafe guest.cpu.core.execute(compare, memory: nil))
    #expect(guest.cpu.core.statusFlags == RFLAGS.carry.rawValue)
    guest.cpu.core.mxcsr = 0x1F00
    #expect(unsafe !guest.cpu.core.execute(compare, memory: nil))
    state { $0.cr0.insert(.taskSwitched) }
    #expect(unsafe !guest.cpu.core.execute(compare, memory: nil))
  }
}
