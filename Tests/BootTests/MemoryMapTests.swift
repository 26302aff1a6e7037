import Boot
import GuestMemory
import Testing

struct MemoryMapTests {
  private func entries(byteCount: UInt64) -> [String] {
    MemoryMap(PCMemoryLayout(byteCount: byteCount)).entries.map {
      String($0.address, radix: 16) + "-" + String($0.end, radix: 16) + " \($0.kind)"
    }
  }

  @Test func aPCHasALegacyHoleAndAPlatformRange() {
    #expect(
      entries(byteCount: 64 << 20) == [
        "0-9fc00 usable", "9fc00-100000 reserved", "100000-4000000 usable", "fec00000-100000000 reserved",
      ])
  }

  @Test func ramBeyond3GiBContinuesAt4GiB() {
    #expect(
      entries(byteCount: 4 << 30) == [
        "0-9fc00 usable", "9fc00-100000 reserved", "100000-c0000000 usable", "fec00000-100000000 reserved",
        "100000000-140000000 usable",
      ])
  }

  @Test func littleRAMHasNoRangeThatDoesNotExist() {
    #expect(entries(byteCount: 64 << 10) == ["0-10000 usable", "fec00000-100000000 reserved"])
    #expect(
      entries(byteCount: 0xA0000) == [
        "0-9fc00 usable", "9fc00-a0000 reserved", "fec00000-100000000 reserved",
      ])
    #expect(entries(byteCount: 1 << 20).count == 3)
  }

  @Test(
    arguments: [
      (0, 0x9FC00, true), (0, 0x9FC01, false), (0x9FBFF, 1, true), (0x9FC00, 0, false), (0x9FC00, 1, false),
      (0xFFFFF, 2, false), (0x100000, 0xF00000, true), (0x100000, 0xF00001, false),
      (0xFFFFFF, 1, true), (0x1000000, 1, false), (UInt64.max, 1, false), (0x100000, UInt64.max, false),
      (0xFEC00000, 1, false),
    ] as [(UInt64, UInt64, Bool)])
  func aRangeIsUsableAsAWholeOrNotAtAll(address: UInt64, count: UInt64, isUsable: Bool) {
    let map = MemoryMap(memory(mebibytes: 16))
    #expect(map.isUsable(address, byteCount: count) == isUsable)
  }

  @Test func theEndsOfRAM() {
    let small = MemoryMap(memory(mebibytes: 16))
    #expect(small.endBelow4GiB == 16 << 20)
    #expect(small.end == 16 << 20)
    let large = MemoryMap(PCMemoryLayout(byteCount: 8 << 30))
    #expect(large.endBelow4GiB == 3 << 30)
    #expect(large.end == 9 << 30)
  }
}
