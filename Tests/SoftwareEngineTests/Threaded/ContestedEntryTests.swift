import Testing
import X86

@testable import SoftwareEngine

/// Two pages that have the same entry in the translation cache, used by one instruction.
@Suite struct ContestedEntryTests {
  /// Where physical memory from 0 on is mapped once more: as many pages away as the cache has entries.
  private static let alias = UInt64(TranslationTables.entryCount) << 12

  /// Maps the first 2 MiB at `alias`, too, by an entry of the page directory.
  private func mapAlias(_ guest: TestGuest) throws {
    var table = guest.core.cr3.rawValue & ~0xFFF
    for _ in 0..<2 { table = try guest.word(at: table) & 0xF_FFFF_F000 }
    try guest.write(UInt64(0x87), at: table + (Self.alias >> 21) * 8)
  }

  @Test(
    arguments: [
      // push [alias + 8000h], which is on the page of the stack; then the same by a call.
      [0xFF, 0x34, 0x25, 0x00, 0x80, 0x40, 0x00], [0xFF, 0x14, 0x25, 0x00, 0x80, 0x40, 0x00],
    ] as [[UInt8]])
  func anOperandAndTheStackDoNotPutEachOtherOutForEver(instruction: [UInt8]) throws {
    let target = TestGuest.codeAddress + 0x100
    // HLT behind the instruction, and where the call leads.
    let guest = try TestGuest.long(instruction + [0xF4])
    try guest.write([0xF4], at: target)
    try mapAlias(guest)
    try guest.write(target, at: 0x8000)
    #expect(guest.interpreter.execute(atMost: 100) == .exit)
    let isCall = instruction[1] == 0x14
    #expect(guest.core.rsp == TestGuest.stack - 8)
    #expect(try guest.word(at: TestGuest.stack - 8) == (isCall ? TestGuest.codeAddress + 7 : target))
    #expect(guest.core.rip == (isCall ? target : TestGuest.codeAddress + 7) + 1)
  }
}
