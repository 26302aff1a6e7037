import Testing
import X86

@testable import SoftwareEngine

/// The stack and near branches, with the cases that are easy to get wrong.
struct StackTests {
  @Test func pushOfTheStackPointerPushesTheOldOne() throws {
    // push rsp
    let guest = try TestGuest.long([0x54])
    #expect(guest.run() == nil)
    #expect(guest.core.rsp == TestGuest.stack - 8)
    #expect(try guest.word(at: TestGuest.stack - 8) == TestGuest.stack)
  }

  @Test func popOfTheStackPointerKeepsTheValue() throws {
    // pop rsp
    let guest = try TestGuest.long([0x5C])
    try guest.write(0x1234_5678_9ABC, at: TestGuest.stack)
    #expect(guest.run() == nil)
    #expect(guest.core.rsp == 0x1234_5678_9ABC)
  }

  @Test func popToMemoryAddressesWithTheNewStackPointer() throws {
    // pop qword [rsp+8]
    let guest = try TestGuest.long([0x8F, 0x44, 0x24, 0x08])
    try guest.write(0x55AA, at: TestGuest.stack)
    #expect(guest.run() == nil)
    #expect(try guest.word(at: TestGuest.stack + 16) == 0x55AA)
    #expect(guest.core.rsp == TestGuest.stack + 8)
  }

  @Test func popThatFaultsLeavesTheStackPointer() throws {
    // pop qword [rbx]
    let guest = try TestGuest.long([0x8F, 0x03])
    guest.core.rbx = TestGuest.readOnly
    #expect(guest.run() == .pageFault(TestGuest.readOnly, 3))
    #expect(guest.core.rsp == TestGuest.stack)
    #expect(guest.core.rip == TestGuest.codeAddress)
  }

  @Test func pushesOfImmediatesAreSignExtended() throws {
    // push -2; push word -3; push dword 80000000h, as 64 bits
    let guest = try TestGuest.long([0x6A, 0xFE, 0x66, 0x6A, 0xFD, 0x68, 0, 0, 0, 0x80])
    #expect(guest.run(3) == nil)
    #expect(guest.core.rsp == TestGuest.stack - 18)
    #expect(try guest.word(at: TestGuest.stack - 8) == 0xFFFF_FFFF_FFFF_FFFE)
    #expect(try guest.bytes(at: TestGuest.stack - 10, 2) == [0xFD, 0xFF])
    #expect(try guest.word(at: TestGuest.stack - 18) == 0xFFFF_FFFF_8000_0000)
  }

  @Test func aSelectorPushedWith32BitsWrites16() throws {
    // push ds, in 32-bit code
    let guest = try TestGuest.protected([0x1E])
    try guest.write(UInt64.max, at: TestGuest.stack - 8)
    #expect(guest.run() == nil)
    #expect(guest.core.rsp == TestGuest.stack - 4)
    let selector = UInt64(guest.interpreter.selector(.ds))
    #expect(try guest.word(at: TestGuest.stack - 8) == 0xFFFF_0000_FFFF_FFFF | selector << 32)
  }

  @Test func pushaAndPopaAreInverse() throws {
    // pusha; popa
    let guest = try TestGuest.protected([0x60, 0x61])
    let core = guest.core
    for number in UInt8(0)..<8 where number != 4 { core[number] = UInt64(number) * 0x1111 }
    #expect(guest.run() == nil)
    #expect(core.rsp == TestGuest.stack - 32)
    // EDI is lowest; the old ESP is in the fourth place.
    #expect(try guest.bytes(at: TestGuest.stack - 32, 4) == [0x77, 0x77, 0, 0])
    #expect(try guest.bytes(at: TestGuest.stack - 20, 4) == [0x00, 0x90, 0, 0])
    for number in UInt8(0)..<8 where number != 4 { core[number] = 0 }
    #expect(guest.run() == nil)
    for number in UInt8(0)..<8 where number != 4 { #expect(core[number] == UInt64(number) * 0x1111) }
    #expect(core.rsp == TestGuest.stack)
  }

  @Test func enterCopiesTheFramePointersAround() throws {
    // enter 20h, 3; leave
    let guest = try TestGuest.long([0xC8, 0x20, 0, 3, 0xC9])
    let core = guest.core
    core.rbp = 0x8100
    try guest.write(0xAAAA, at: 0x80F8)
    try guest.write(0xBBBB, at: 0x80F0)
    #expect(guest.run() == nil)
    let top = TestGuest.stack
    #expect(try guest.word(at: top - 8) == 0x8100)
    #expect(try guest.word(at: top - 16) == 0xAAAA)
    #expect(try guest.word(at: top - 24) == 0xBBBB)
    #expect(try guest.word(at: top - 32) == top - 8)
    #expect(core.rbp == top - 8)
    #expect(core.rsp == top - 32 - 0x20)
    #expect(guest.run() == nil)
    #expect(core.rbp == 0x8100)
    #expect(core.rsp == top)
  }

  @Test func enterFaultsWhereTheFrameWouldEnd() throws {
    // enter 0, 0 with no room; then enter that would end in the page below
    let guest = try TestGuest.long([0xC8, 0x10, 0, 0])
    guest.core.rsp = TestGuest.readOnly + 0x1010
    guest.core.rbp = 0x77
    #expect(guest.run() == .pageFault(TestGuest.readOnly + 0xFF8, 3))
    #expect(guest.core.rsp == TestGuest.readOnly + 0x1010)
    #expect(guest.core.rbp == 0x77)
  }

  /// The processor writes the return address before it finds out; the stack pointer stays.
  @Test func aCallToANonCanonicalAddressKeepsTheStackPointer() throws {
    // call rax
    let guest = try TestGuest.long([0xFF, 0xD0])
    guest.core.rax = 0x8000_0000_0000
    #expect(guest.run() == .protection)
    #expect(guest.core.rsp == TestGuest.stack)
    #expect(guest.core.rip == TestGuest.codeAddress)
  }

  @Test func returnsDropTheirArguments() throws {
    // call +2; nop; nop; ret 10h
    let guest = try TestGuest.long([0xE8, 2, 0, 0, 0, 0x90, 0x90, 0xC2, 0x10, 0])
    #expect(guest.run() == nil)
    #expect(guest.core.rip == TestGuest.codeAddress + 7)
    #expect(guest.run() == nil)
    #expect(guest.core.rip == TestGuest.codeAddress + 5)
    #expect(guest.core.rsp == TestGuest.stack + 0x10)
  }

  @Test func branchesAreTruncatedToTheOperandSize() throws {
    // jmp ax, in 32-bit code: 66 FF E0
    let guest = try TestGuest.protected([0x66, 0xFF, 0xE0])
    guest.core.rax = 0x1_2345
    #expect(guest.run() == nil)
    #expect(guest.core.rip == 0x2345)
  }

  @Test func realModeBranchesWrap() throws {
    // jmp short -5 from 1000h, then a 16-bit displacement that wraps below zero
    let guest = try TestGuest.real([0xE9, 0x00, 0xE0])
    #expect(guest.run() == nil)
    #expect(guest.core.rip == 0xF003)
  }

  @Test func loopCountsByAddressSize() throws {
    // loop $ with 67: ECX; the upper half of RCX goes
    let guest = try TestGuest.long([0x67, 0xE2, 0xFD])
    guest.core.rcx = 0x1_0000_0002
    #expect(guest.run() == nil)
    #expect(guest.core.rcx == 1)
    #expect(guest.core.rip == TestGuest.codeAddress)
    #expect(guest.run() == nil)
    #expect(guest.core.rcx == 0)
    #expect(guest.core.rip == TestGuest.codeAddress + 3)
  }

  @Test func jumpsOnZeroByAddressSize() throws {
    // jecxz +10h: only ECX counts
    let guest = try TestGuest.long([0x67, 0xE3, 0x10])
    guest.core.rcx = 0xFFFF_FFFF_0000_0000
    #expect(guest.run() == nil)
    #expect(guest.core.rip == TestGuest.codeAddress + 0x13)
  }
}
