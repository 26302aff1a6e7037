import GuestMemory
import X86

extension Planner {
  /// Makes page tables that map physical memory to itself, from 0 to 4 GiB or the end of RAM,
  /// whichever is higher; takes a place for them, and returns the address of the top table.
  ///
  /// Pages are 2 MiB, or 1 GiB where the processor knows them. The tables go to low memory where
  /// they fit (up to 125 GiB of 2 MiB pages), else to the end of RAM below 4 GiB.
  mutating func claimPageTables() throws(BootError) -> UInt64 {
    let large: UInt64 = 2 << 20
    let mapped = (max(PCMemoryLayout.holeEnd, map.end) + large - 1) / large * large
    let gigabytes = (mapped + (1 << 30) - 1) >> 30
    // One top table; one table for each 512 GiB; one for each GiB that 1 GiB pages do not cover.
    let tables =
      1 + (gigabytes + 511) / 512
      + (request.capabilities.hasGigabytePages ? (mapped % (1 << 30) == 0 ? 0 : 1) : gigabytes)
    let byteCount = tables * 4096
    var base = BootLayout.pageTables
    if byteCount > BootLayout.pageTablesEnd - base {
      guard let place = highestFree(byteCount: byteCount) else {
        throw .noRoom(what: "the page tables", byteCount: byteCount, advice: Self.moreMemory)
      }
      base = place
    }

    let bytes: [UInt8]
    do throws(PageTableBuilderError) {
      var builder = try PageTableBuilder(
        tables: base..<base + byteCount, allowsGigabytePages: request.capabilities.hasGigabytePages)
      try builder.mapIdentity(byteCount: mapped)
      bytes = builder.bytes
    } catch {
      // Only RAM of more than 256 TiB gets here: it has no 4-level mapping to itself.
      throw .outsideMemory(
        what: "Memory mapped one to one", address: GuestAddress(0), byteCount: mapped,
        advice: "The page tables could not be made: \(error) Use a smaller --mem.")
    }
    try claim(.bytes(bytes, kind: .pageTables, name: "the page tables", at: base))
    return base
  }
}
