import Testing
import X86

@testable import SoftwareEngine

/// Decimal adjustment; most values are the examples of the manual (SDM Vol. 2, "DAA", "DAS").
struct DecimalTests {
  private func run(_ code: [UInt8], ax: UInt64, flags: UInt64 = 0, _ count: Int = 1, bl: UInt64 = 0) throws
    -> (ax: UInt64, flags: UInt64)
  {
    let guest = try TestGuest.protected(code)
    (guest.core.rax, guest.core.rbx) = (ax, bl)
    guest.core.setStatusFlags(flags)
    #expect(guest.run(count) == nil)
    return (guest.core.rax, guest.core.statusFlags)
  }

  @Test func packed() throws {
    // add al, bl; daa: 79h + 35h
    let sum = try run([0x00, 0xD8, 0x27], ax: 0x79, 2, bl: 0x35)
    #expect(sum.ax == 0x14)
    #expect(sum.flags & 0x15 == 0x15)
    // sub al, bl; das: 35h − 47h
    let difference = try run([0x28, 0xD8, 0x2F], ax: 0x35, 2, bl: 0x47)
    #expect(difference.ax == 0x88)
    #expect(difference.flags & 0x95 == 0x95)
    // daa where only the high digit is too large
    #expect(try run([0x27], ax: 0xA0) == (0x00, 0x45))
    // das with AF and AL below 6 borrows
    #expect(try run([0x2F], ax: 0x03, flags: 0x10) == (0xFD, 0x91))
  }

  @Test func unpacked() throws {
    // aaa, aas
    #expect(try run([0x37], ax: 0x000B).ax == 0x0101)
    #expect(try run([0x37], ax: 0x0109) == (0x0109, 0x04))
    #expect(try run([0x37], ax: 0xFFFB).ax == 0x0101)
    #expect(try run([0x3F], ax: 0x020B).ax == 0x0105)
    // aam, aad
    #expect(try run([0xD4, 10], ax: 63) == (0x0603, 0x04))
    #expect(try run([0xD5, 10], ax: 0x0603) == (0x003F, 0x04))
    #expect(try run([0xD5, 16], ax: 0xFF10) == (0x0000, 0x44))
    // salc
    #expect(try run([0xD6], ax: 0x1200, flags: 1).ax == 0x12FF)
  }
}
