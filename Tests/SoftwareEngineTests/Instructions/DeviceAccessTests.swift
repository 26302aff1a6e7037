import Testing
import X86

@testable import SoftwareEngine

/// Instructions that reach devices: each access is made once, in order, and nothing of the instruction
/// has happened before the last.
struct DeviceAccessTests {
  @Test func arithmeticOnADeviceKeepsTheCarryUntilTheWriteIsDone() throws {
    // adc dword [rbx], eax
    let guest = try TestGuest.long([0x11, 0x03])
    guest.core.rbx = TestGuest.device
    guest.core.rax = 0xFFFF_FFFF
    guest.core.setCarryFlag(true)
    guest.answers = [5]
    #expect(guest.run() == nil)
    #expect(guest.accesses == ["load d0000000 4", "store d0000000 4 5"])
    #expect(guest.core.carryFlag)
  }

  @Test func movesFromDeviceToDevice() throws {
    // rep movsd
    let guest = try TestGuest.long([0xF3, 0xA5])
    (guest.core.rcx, guest.core.rsi, guest.core.rdi) = (2, TestGuest.device, TestGuest.device + 0x100)
    guest.answers = [0x11, 0x22]
    #expect(guest.run() == nil)
    #expect(
      guest.accesses == [
        "load d0000000 4", "store d0000100 4 11", "load d0000004 4", "store d0000104 4 22",
      ])
    #expect(guest.core.rcx == 0)
  }

  @Test func pushFromADevice() throws {
    // push qword [rbx]
    let guest = try TestGuest.long([0xFF, 0x33])
    guest.core.rbx = TestGuest.device
    guest.answers = [0x1234]
    #expect(guest.run() == nil)
    #expect(guest.accesses == ["load d0000000 8"])
    #expect(try guest.word(at: TestGuest.stack - 8) == 0x1234)
  }

  @Test func portsByWidth() throws {
    // in al, 60h; in eax, dx; out dx, ax
    let guest = try TestGuest.long([0xE4, 0x60, 0xED, 0x66, 0xEF])
    guest.core.rax = 0xAAAA_BBBB_CCCC_DDDD
    guest.core.rdx = 0x1_0CF8
    guest.answers = [0x7F, 0x8765_4321]
    #expect(guest.run() == nil)
    #expect(guest.core.rax == 0xAAAA_BBBB_CCCC_DD7F)
    #expect(guest.run(2) == nil)
    #expect(guest.core.rax == 0x8765_4321)
    #expect(guest.accesses == ["in 96 1x1", "in 3320 4x1", "out 3320 2x1 4321"])
  }

  @Test func repeatedOutputLeavesOncePerPage() throws {
    // rep outsb, four bytes before and two after the end of a page
    let guest = try TestGuest.long([0xF3, 0x6E])
    (guest.core.rcx, guest.core.rsi, guest.core.rdx) = (6, 0x5FFC, 0x3F8)
    try guest.write([1, 2, 3, 4, 5, 6], at: 0x5FFC)
    #expect(guest.run() == nil)
    #expect(guest.accesses == ["out 1016 1x4 1 2 3 4", "out 1016 1x2 5 6"])
    #expect(guest.core.rcx == 0)
    #expect(guest.core.rsi == 0x6002)
  }

  @Test func repeatedInputFillsMemory() throws {
    // rep insw, with an item that crosses into the next page
    let guest = try TestGuest.long([0x66, 0xF3, 0x6D])
    (guest.core.rcx, guest.core.rdi, guest.core.rdx) = (4, 0x5FFB, 0x1F0)
    guest.answers = [0x0102, 0x0304, 0x0506, 0x0708]
    #expect(guest.run() == nil)
    #expect(guest.accesses == ["in 496 2x2", "in 496 2x1", "in 496 2x1"])
    #expect(try guest.bytes(at: 0x5FFB, 9) == [2, 1, 4, 3, 6, 5, 8, 7, 0])
    #expect(guest.core.rcx == 0)
  }

  @Test func inputThatCannotBeStoredAsksNoDevice() throws {
    // insb to a page that cannot be written
    let guest = try TestGuest.long([0x6C])
    guest.core.rdi = TestGuest.readOnly
    #expect(guest.run() == .pageFault(TestGuest.readOnly, 3))
    #expect(guest.accesses == [])
  }

  @Test(arguments: [(0x3F8, true), (0x3F7, false), (0x3FF, false), (0x400, false)])
  func userCodeNeedsThePermissionBitmap(_ port: UInt64, _ isAllowed: Bool) throws {
    // in al, dx at CPL 3, IOPL 0; the bitmap allows 3F8h…3FEh
    let guest = try TestGuest.long([0xEC])
    let interpreter = guest.interpreter
    var stack = interpreter.segment(.ss)
    stack.attributes.privilegeLevel = 3
    interpreter.setSegment(.ss, stack)
    interpreter.modeDidChange()
    interpreter.tr.base = 0x7000
    interpreter.tr.limit = 0x68 + 0x80
    var bitmap = [UInt8](repeating: 0xFF, count: 0x81)
    bitmap[0x7F] = 0x80
    try guest.write([0x68, 0], at: 0x7066)
    try guest.write(bitmap, at: 0x7068)
    guest.core.rdx = port
    #expect(guest.run() == (isAllowed ? nil : .protection))
    #expect(guest.accesses.isEmpty != isAllowed)
  }
}
