import Boot
import GuestMemory
import Testing
import X86

/// Walks the page tables of a plan as the processor does (SDM Vol. 3A, 4.5), from the plan's bytes
/// in memory.
private struct Walk {
  let memory: GuestMemory
  let root: UInt64

  /// The physical address that `linear` stands for, or nil where it is not mapped.
  func translate(_ linear: UInt64) throws -> UInt64? {
    var table = root
    for shift in [39, 30, 21, 12] as [UInt64] {
      let entry = try memory.read(UInt64.self, at: GuestAddress(table + (linear >> shift & 511) * 8))
      guard entry & 1 != 0 else { return nil }
      let address = entry & 0x000F_FFFF_FFFF_F000
      let isPage = shift == 12 || shift < 39 && entry & 0x80 != 0
      if isPage {
        let offset = (1 << shift) - 1 as UInt64
        return address & ~offset | linear & offset
      }
      table = address
    }
    return nil
  }
}

struct PageTableTests {
  @Test(arguments: [false, true])
  func theFirst4GiBAreMappedToThemselves(hasGigabytePages: Bool) throws {
    var wanted = request([0xF4], mode: .long)
    wanted.capabilities.hasGigabytePages = hasGigabytePages
    let plan = try BootPlan(wanted)
    let walk = Walk(memory: try place(plan), root: plan.entry.cr3.tableAddress)
    for address in [0, 0xFFF, 0x10_0000, 0xFFF_FFFF, 0x3FFF_FFFF, 0x4000_0000, 0xFEE0_0000, 0xFFFF_FFFF]
      as [UInt64]
    {
      #expect(try walk.translate(address) == address)
    }
    #expect(try walk.translate(0x1_0000_0000) == nil)
    #expect(try plan.segment(.pageTables).memoryByteCount == (hasGigabytePages ? 2 : 6) * 4096)
  }

  /// RAM that is mostly never touched, so that the host need not have it.
  @Test(arguments: [(8, false), (8, true), (200, false), (600, true)] as [(UInt64, Bool)])
  func allRAMIsMappedToItself(gibibytes: UInt64, hasGigabytePages: Bool) throws {
    let layout = PCMemoryLayout(byteCount: gibibytes << 30)
    var wanted = request([0xF4], mode: .long, in: layout)
    wanted.capabilities.hasGigabytePages = hasGigabytePages
    let plan = try BootPlan(wanted)
    let low = try GuestMemory(regions: [try MemoryRegion(base: GuestAddress(0), byteCount: 3 << 30)])
    try plan.place(into: low, memoryIsZero: true)
    let walk = Walk(memory: low, root: plan.entry.cr3.tableAddress)
    let end = (gibibytes + 1) << 30
    for address in [0, 0x1_0000_0000, end / 2 + 12345, end - 1] {
      #expect(try walk.translate(address) == address)
    }
    #expect(try walk.translate(end) == nil)
  }

  @Test func aTailOfRAMIsMappedToo() throws {
    var wanted = request([0xF4], mode: .long, in: PCMemoryLayout(byteCount: (4 << 30) + (12 << 12)))
    wanted.capabilities.hasGigabytePages = true
    let plan = try BootPlan(wanted)
    let low = try GuestMemory(regions: [try MemoryRegion(base: GuestAddress(0), byteCount: 16 << 20)])
    try plan.place(into: low)
    let last: UInt64 = (5 << 30) + (12 << 12) - 1
    #expect(try Walk(memory: low, root: plan.entry.cr3.tableAddress).translate(last) == last)
  }
}
