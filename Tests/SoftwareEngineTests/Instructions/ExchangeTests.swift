import Testing
import X86

@testable import SoftwareEngine

/// Memory operands: exchanges, bit strings, and what happens where a write is not possible.
struct ExchangeTests {
  @Test func cmpxchgWritesBackWhatItFound() throws {
    // cmpxchg [rbx], ecx on a page that can only be read: the write faults though the comparison fails
    let guest = try TestGuest.long([0x0F, 0xB1, 0x0B])
    guest.core.rbx = TestGuest.readOnly
    guest.core.rax = 1
    #expect(guest.run() == .pageFault(TestGuest.readOnly, 3))
    #expect(guest.core.rax == 1)
  }

  @Test func cmpxchgLoadsTheAccumulator() throws {
    // cmpxchg [rbx], ecx, twice
    let guest = try TestGuest.long([0x0F, 0xB1, 0x0B, 0x0F, 0xB1, 0x0B])
    (guest.core.rbx, guest.core.rcx) = (TestGuest.data, 9)
    guest.core.rax = 0xFFFF_FFFF_0000_0001
    try guest.write(0x1_0000_0005, at: TestGuest.data)
    #expect(guest.run() == nil)
    #expect(guest.core.rax == 5)
    #expect(!guest.core.zeroFlag && guest.core.carryFlag)
    #expect(guest.run() == nil)
    #expect(guest.core.zeroFlag)
    #expect(try guest.word(at: TestGuest.data) == 0x1_0000_0009)
  }

  @Test func cmpxchg8bTouchesZeroOnly() throws {
    // cmpxchg8b [rsi], twice
    let guest = try TestGuest.long([0x0F, 0xC7, 0x0E, 0x0F, 0xC7, 0x0E])
    let core = guest.core
    core.rsi = TestGuest.data
    (core.rax, core.rdx, core.rbx, core.rcx) = (1, 2, 0xFF_0000_0003, 0xFF_0000_0004)
    core.setStatusFlags(0x895)
    try guest.write(0x0000_0008_0000_0007, at: TestGuest.data)
    #expect(guest.run() == nil)
    #expect((core.rax, core.rdx) == (7, 8))
    #expect(core.statusFlags == 0x895)
    #expect(guest.run() == nil)
    #expect(core.statusFlags == 0x8D5)
    #expect(try guest.word(at: TestGuest.data) == 0x0000_0004_0000_0003)
  }

  @Test func cmpxchg16bMustBeAligned() throws {
    // cmpxchg16b [rsi]
    let guest = try TestGuest.long([0x48, 0x0F, 0xC7, 0x0E])
    let core = guest.core
    core.rsi = TestGuest.data + 8
    #expect(guest.run() == .protection)
    core.rsi = TestGuest.data
    (core.rax, core.rdx, core.rbx, core.rcx) = (0, 0, 0x1111, 0x2222)
    #expect(guest.run() == nil)
    #expect(core.zeroFlag)
    #expect(try guest.word(at: TestGuest.data) == 0x1111)
    #expect(try guest.word(at: TestGuest.data + 8) == 0x2222)
  }

  @Test func xaddOfARegisterWithItselfKeepsTheSum() throws {
    // xadd eax, eax
    let guest = try TestGuest.long([0x0F, 0xC1, 0xC0])
    guest.core.rax = 21
    #expect(guest.run() == nil)
    #expect(guest.core.rax == 42)
  }

  @Test(arguments: [(-1, -4, 0x8000_0000), (33, 4, 2), (-33, -8, 0x8000_0000), (5, 0, 0x20)])
  func bitNumbersReachBeyondTheOperand(_ number: Int64, _ distance: Int64, _ wanted: UInt64) throws {
    // bts [rbx], eax
    let guest = try TestGuest.long([0x0F, 0xAB, 0x03])
    guest.core.rbx = TestGuest.data
    guest.core.rax = UInt64(bitPattern: number)
    #expect(guest.run() == nil)
    #expect(!guest.core.carryFlag)
    let place = TestGuest.data &+ UInt64(bitPattern: distance)
    #expect(try guest.word(at: place) & 0xFFFF_FFFF == wanted)
  }

  @Test func bitNumbersOfImmediatesDoNot() throws {
    // bt dword [rbx], 33
    let guest = try TestGuest.long([0x0F, 0xBA, 0x23, 33])
    guest.core.rbx = TestGuest.data
    try guest.write(2, at: TestGuest.data)
    #expect(guest.run() == nil)
    #expect(guest.core.carryFlag)
  }

  @Test func aWriteAcrossPagesIsAllOrNothing() throws {
    // add [rbx], rax across the edge of a page that can only be read
    let guest = try TestGuest.long([0x48, 0x01, 0x03])
    guest.core.rbx = TestGuest.readOnly - 4
    guest.core.rax = .max
    #expect(guest.run() == .pageFault(TestGuest.readOnly, 3))
    #expect(try guest.word(at: TestGuest.readOnly - 8) == 0)
  }

  @Test func conditionalMovesReadAnyhow() throws {
    // cmovb eax, [rbx] from a page that is not there, CF clear
    let guest = try TestGuest.long([0x0F, 0x42, 0x03])
    guest.core.rbx = TestGuest.absent
    guest.core.setCarryFlag(false)
    #expect(guest.run() == .pageFault(TestGuest.absent, 0))
  }

  @Test func xlatTakesTheOverride() throws {
    // xlat fs:[rbx+al]
    let guest = try TestGuest.long([0x64, 0xD7])
    guest.interpreter.setSegmentBase(.fs, 0x100)
    (guest.core.rbx, guest.core.rax) = (TestGuest.data, 0x1105)
    try guest.write([0x5E], at: TestGuest.data + 0x105)
    #expect(guest.run() == nil)
    #expect(guest.core.rax == 0x115E)
  }

  @Test func movbeSwapsBytes() throws {
    // movbe eax, [rbx]; movbe [rbx+8], ax
    let guest = try TestGuest.long([0x0F, 0x38, 0xF0, 0x03, 0x66, 0x0F, 0x38, 0xF1, 0x43, 0x08])
    guest.core.rbx = TestGuest.data
    try guest.write(0x1122_3344, at: TestGuest.data)
    #expect(guest.run(2) == nil)
    #expect(guest.core.rax == 0x4433_2211)
    #expect(try guest.bytes(at: TestGuest.data + 8, 3) == [0x22, 0x11, 0])
  }

  @Test func divisionErrorsLeaveTheRegisters() throws {
    // div ebx with a quotient of 33 bits; idiv of the smallest number by −1; aam 0
    let divide = try TestGuest.long([0xF7, 0xF3])
    (divide.core.rdx, divide.core.rax, divide.core.rbx) = (3, 0, 3)
    #expect(divide.run() == GuestException(vector: .divideError))
    #expect(divide.core.rdx == 3)
    let signed = try TestGuest.long([0x48, 0xF7, 0xFB])
    (signed.core.rdx, signed.core.rax, signed.core.rbx) = (.max, 1 << 63, .max)
    #expect(signed.run() == GuestException(vector: .divideError))
    let adjust = try TestGuest.protected([0xD4, 0x00])
    #expect(adjust.run() == GuestException(vector: .divideError))
  }
}
