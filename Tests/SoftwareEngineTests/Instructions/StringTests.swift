import Testing
import X86

@testable import SoftwareEngine

/// String instructions: the runs of many items must do what one item after the other would.
struct StringTests {
  static let source: UInt64 = 0x4000
  static let target: UInt64 = 0x6000

  private func guest(_ code: [UInt8], count: UInt64, _ source: UInt64, _ target: UInt64) throws -> TestGuest {
    let guest = try TestGuest.long(code)
    (guest.core.rcx, guest.core.rsi, guest.core.rdi) = (count, source, target)
    return guest
  }

  /// Runs until RIP has left the instruction.
  private func finish(_ guest: TestGuest) -> GuestException? {
    for _ in 0..<100_000 {
      if let exception = guest.run() { return exception }
      if guest.core.rip != TestGuest.codeAddress { return nil }
    }
    return nil
  }

  @Test(arguments: [0x1000, 0x1001, 0x1FFF, 0x2345])
  func movesAcrossPages(_ count: UInt64) throws {
    // rep movsb, neither side aligned
    let guest = try guest([0xF3, 0xA4], count: count, 0x10_FF9 - 0x8000, 0x1_8123)
    let bytes = (0..<Int(count)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    try guest.write(bytes, at: guest.core.rsi)
    #expect(finish(guest) == nil)
    #expect(try guest.bytes(at: 0x1_8123, Int(count)) == bytes)
    #expect(try guest.bytes(at: 0x1_8123 + count, 1) == [0])
    #expect(guest.core.rcx == 0)
    #expect(guest.core.rsi == 0x8FF9 + count)
    #expect(guest.core.rdi == 0x1_8123 + count)
  }

  @Test func anOverlapAboveRepeatsThePattern() throws {
    // rep movsb, three bytes apart
    let guest = try guest([0xF3, 0xA4], count: 10, Self.source, Self.source + 3)
    try guest.write([1, 2, 3], at: Self.source)
    #expect(finish(guest) == nil)
    #expect(try guest.bytes(at: Self.source, 14) == [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 0])
  }

  @Test func anOverlapOfWiderItemsReadsWhatWasWritten() throws {
    // rep movsd, two bytes apart: the second item begins with the end of the first
    let guest = try guest([0xF3, 0xA5], count: 2, Self.source, Self.source + 2)
    try guest.write([1, 2, 3, 4, 5, 6, 7, 8], at: Self.source)
    #expect(finish(guest) == nil)
    #expect(try guest.bytes(at: Self.source, 10) == [1, 2, 1, 2, 3, 4, 3, 4, 7, 8])
  }

  @Test func anOverlapBelowMoves() throws {
    // rep movsq
    let guest = try guest([0xF3, 0x48, 0xA5], count: 4, Self.source + 8, Self.source)
    for index in UInt64(0)..<5 { try guest.write(index * 0x0101, at: Self.source + index * 8) }
    #expect(finish(guest) == nil)
    for index in UInt64(0)..<4 {
      #expect(try guest.word(at: Self.source + index * 8) == (index + 1) * 0x0101)
    }
  }

  @Test func goesDownWithTheDirectionFlag() throws {
    // std; rep movsw
    let guest = try TestGuest.long([0x66, 0xF3, 0xA5])
    guest.core.systemFlags.insert(.direction)
    (guest.core.rcx, guest.core.rsi, guest.core.rdi) = (3, Self.source + 4, Self.source + 6)
    try guest.write([1, 1, 2, 2, 3, 3, 9, 9], at: Self.source)
    #expect(finish(guest) == nil)
    #expect(try guest.bytes(at: Self.source, 8) == [1, 1, 1, 1, 2, 2, 3, 3])
    #expect(guest.core.rsi == Self.source - 2)
    #expect(guest.core.rdi == Self.source)
  }

  @Test func aFaultFindsTheRegistersAtItsItem() throws {
    // rep stosw into a page that cannot be written
    let guest = try guest([0x66, 0xF3, 0xAB], count: 100, 0, TestGuest.readOnly - 9)
    guest.core.rax = 0xBEEF
    #expect(finish(guest) == .pageFault(TestGuest.readOnly, 3))
    #expect(guest.core.rcx == 96)
    #expect(guest.core.rdi == TestGuest.readOnly - 1)
    #expect(guest.core.rip == TestGuest.codeAddress)
    #expect(
      try guest.bytes(at: TestGuest.readOnly - 10, 10) == [0] + [
        0xEF, 0xBE, 0xEF, 0xBE, 0xEF, 0xBE, 0xEF, 0xBE,
      ] + [0])
  }

  @Test(arguments: [
    (1, [0xF3, 0xAA]), (2, [0x66, 0xF3, 0xAB]), (4, [0xF3, 0xAB]), (8, [0xF3, 0x48, 0xAB]),
  ])
  func fills(_ width: Int, _ code: [UInt8]) throws {
    let guest = try guest(code, count: 700, 0, 0x1_0003)
    guest.core.rax = 0x8877_6655_4433_2211
    #expect(finish(guest) == nil)
    let item: [UInt8] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]
    let wanted = (0..<700).flatMap { _ in item[..<width] }
    #expect(try guest.bytes(at: 0x1_0003, 700 * width + 1) == wanted + [0])
    #expect(guest.core.rdi == 0x1_0003 + 700 * UInt64(width))
  }

  @Test func comparesUntilADifference() throws {
    // repe cmpsb
    let guest = try guest([0xF3, 0xA6], count: 6000, 0x1_0000, 0x2_0001)
    let bytes = [UInt8](repeating: 0x41, count: 6000)
    try guest.write(bytes, at: 0x1_0000)
    try guest.write(bytes, at: 0x2_0001)
    try guest.write([0x42], at: 0x2_0001 + 5000)
    #expect(finish(guest) == nil)
    #expect(guest.core.rcx == 999)
    #expect(guest.core.rsi == 0x1_0000 + 5001)
    #expect(!guest.core.zeroFlag)
    #expect(guest.core.carryFlag)
  }

  @Test func scansForAnItem() throws {
    // repne scasd
    let guest = try guest([0xF2, 0xAF], count: 4000, 0, 0x1_0002)
    guest.core.rax = 0xFFFF_FFFF_1234_5678
    try guest.write([0x78, 0x56, 0x34, 0x12], at: 0x1_0002 + 4 * 3000)
    #expect(finish(guest) == nil)
    #expect(guest.core.rcx == 999)
    #expect(guest.core.rdi == 0x1_0002 + 4 * 3001)
    #expect(guest.core.zeroFlag)
  }

  @Test func nothingToDoLeavesTheFlags() throws {
    // repe cmpsb with rcx = 0
    let guest = try guest([0xF3, 0xA6], count: 0, Self.source, Self.target)
    guest.core.setStatusFlags(0x8D5)
    #expect(guest.run() == nil)
    #expect(guest.core.statusFlags == 0x8D5)
    #expect(guest.core.rip == TestGuest.codeAddress + 2)
    #expect(guest.core.rsi == Self.source)
  }

  @Test func thirtyTwoBitAddressesClearTheUpperHalves() throws {
    // rep movsb with 67 and ECX = 0: as a processor did it
    let guest = try guest([0x67, 0xF3, 0xA4], count: 0x7_0000_0000, 0x5_0000_1000, 0x6_0000_2000)
    #expect(guest.run() == nil)
    #expect(guest.core.rcx == 0)
    #expect(guest.core.rsi == 0x1000)
    #expect(guest.core.rdi == 0x2000)
  }

  @Test func indexesOf16BitsWrap() throws {
    // rep stosb in real mode: DI goes from FFFEh to 0
    let guest = try TestGuest.real([0xF3, 0xAA])
    (guest.core.rcx, guest.core.rdi, guest.core.rax) = (4, 0x1_FFFE, 0x5A)
    #expect(finish(guest) == nil)
    #expect(guest.core.rdi == 0x1_0002)
    #expect(try guest.bytes(at: 0xFFFE, 2) == [0x5A, 0x5A])
    #expect(try guest.bytes(at: 0, 3) == [0x5A, 0x5A, 0])
    #expect(try guest.bytes(at: 0x1_0000, 2) == [0, 0])
  }

  @Test func singleStepStopsAtEachItem() throws {
    let guest = try guest([0xF3, 0xA4], count: 3, Self.source, Self.target)
    guest.core.systemFlags.insert(.trap)
    #expect(guest.run() == nil)
    #expect(guest.core.rcx == 2)
    #expect(guest.core.rip == TestGuest.codeAddress)
  }

  @Test func longRepetitionsLetOthersIn() throws {
    // rep stosb of 40000h bytes
    let guest = try guest([0xF3, 0xAA], count: 0x3_0000, 0, 0x4_1000)
    #expect(guest.run() == nil)
    #expect(guest.core.rip == TestGuest.codeAddress)
    #expect(guest.core.rcx > 0 && guest.core.rcx < 0x3_0000)
    #expect(finish(guest) == nil)
    #expect(guest.core.rcx == 0)
    #expect(guest.core.rdi == 0x7_1000)
  }
}
