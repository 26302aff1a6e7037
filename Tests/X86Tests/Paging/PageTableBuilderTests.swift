import Testing
import X86

@Suite struct PageTableBuilderTests {
  /// The identity map of the first 4 GiB with 2 MiB pages that long-mode boot code makes by hand:
  /// one PML4, one PDPT, four page directories.
  @Test func identityMapIsTheOneOfTheTextbooks() throws {
    var builder = try PageTableBuilder(tables: 0x9000..<0x2_0000)
    try builder.mapIdentity(byteCount: 1 << 32, permissions: [.writable, .executable])
    var memory = FakeMemory()
    memory.store(builder)
    #expect(builder.root == 0x9000)
    #expect(builder.usedRange == 0x9000..<0xF000)
    #expect(!builder.usesNoExecute)
    #expect(memory.read64(0x9000) == 0xA023)
    #expect(memory.read64(0xA000) == 0xB023)
    #expect(memory.read64(0xA018) == 0xE023)
    #expect(memory.read64(0xB000) == 0xE3)
    #expect(memory.read64(0xB008) == 0x20_00E3)
    #expect(memory.read64(0xEFF8) == 0xFFE0_00E3)
    #expect(memory.read64(0xA020) == 0)
    #expect("\(builder)" == "4-level page tables at 0x9000, 6 of 23 tables used")
  }

  @Test func gigabytePagesAreUsedOnlyWhereAllowed() throws {
    for allowed in [false, true] {
      var builder = try PageTableBuilder(tables: 0x9000..<0x2_0000, allowsGigabytePages: allowed)
      try builder.mapIdentity(byteCount: 2 << 30)
      #expect(builder.usedRange.count == (allowed ? 2 : 4) * 4096)
      var memory = FakeMemory()
      memory.store(builder)
      let translation = try PageTableWalker(longState(root: 0x9000)).translate(0x4012_3456, in: memory)
      #expect(translation.physicalAddress == 0x4012_3456)
      #expect(translation.pageByteCount == (allowed ? 1 << 30 : 2 << 20))
    }
  }

  @Test func writesEveryEntryOnceInOrder() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x8000)
    try builder.map(virtual: 0x1000, physical: 0x5000, byteCount: 0x1000)
    var addresses: [UInt64] = []
    builder.write { address, _ in addresses.append(address) }
    #expect(addresses == Array(stride(from: 0x1000, to: 0x5000, by: 8)))
  }

  @Test func passesOnTheErrorOfTheStore() throws {
    struct Full: Error {}
    let builder = try PageTableBuilder(tables: 0x1000..<0x8000)
    #expect(throws: Full.self) { try builder.write { _, _ throws(Full) in throw Full() } }
  }

  @Test func refusesMisalignedRequests() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x8000)
    for (virtual, physical, count) in [(1, 0, 4096), (0, 0x800, 4096), (0, 0, 4095)]
      as [(UInt64, UInt64, UInt64)]
    {
      #expect(
        throws: PageTableBuilderError.misaligned(virtual: virtual, physical: physical, byteCount: count)
      ) { try builder.map(virtual: virtual, physical: physical, byteCount: count) }
    }
    try builder.map(virtual: 0, physical: 0, byteCount: 0)
    #expect(builder.usedRange.count == 4096)
  }

  @Test func refusesBadTableRanges() {
    #expect(throws: PageTableBuilderError.badTableRange(0x1001..<0x9000)) {
      try PageTableBuilder(tables: 0x1001..<0x9000)
    }
    #expect(throws: PageTableBuilderError.badTableRange(0..<UInt64.max)) {
      try PageTableBuilder(tables: 0..<UInt64.max)
    }
    #expect(throws: PageTableBuilderError.outOfTableSpace(tables: 0x1000..<0x1FFF)) {
      try PageTableBuilder(tables: 0x1000..<0x1FFF)
    }
  }

  @Test func refusesVirtualRangesAcrossTheHole() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x10_0000)
    let bad: [(virtual: UInt64, count: UInt64)] = [
      (0x0000_8000_0000_0000, 0x1000), (0x0000_7FFF_FFFF_F000, 0x2000), (0xFFFF_7FFF_FFFF_F000, 0x2000),
      (0xFFFF_FFFF_FFFF_F000, 0x2000), (0, 1 << 48), (0x0000_7FFF_FFFF_F000, 0xFFFF_0000_0000_2000),
    ]
    for (virtual, count) in bad {
      #expect(throws: PageTableBuilderError.badVirtualRange(virtual: virtual, byteCount: count)) {
        try builder.map(virtual: virtual, physical: 0, byteCount: count)
      }
    }
    try builder.map(virtual: 0x0000_7FFF_FFFF_F000, physical: 0, byteCount: 0x1000)
    try builder.map(virtual: 0xFFFF_8000_0000_0000, physical: 0, byteCount: 0x1000)
    try builder.map(virtual: 0xFFFF_FFFF_FFFF_F000, physical: 0, byteCount: 0x1000)
  }

  @Test func refusesPhysicalAddressesTheCPUDoesNotHave() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x10_0000, physicalAddressBits: 36)
    try builder.map(virtual: 0, physical: 0xF_FFFF_F000, byteCount: 0x1000)
    #expect(throws: PageTableBuilderError.badPhysicalRange(physical: 0xF_FFFF_F000, byteCount: 0x2000)) {
      try builder.map(virtual: 0x1000, physical: 0xF_FFFF_F000, byteCount: 0x2000)
    }
    let last = UInt64.max - 0xFFF
    #expect(throws: PageTableBuilderError.badPhysicalRange(physical: last, byteCount: 0x2000)) {
      try builder.map(virtual: 0x1000, physical: last, byteCount: 0x2000)
    }
  }

  @Test func refusesToMapTwiceAndThenChangesNothing() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x10_0000)
    try builder.map(virtual: 0x20_0000, physical: 0, byteCount: 2 << 20)
    var before = FakeMemory()
    before.store(builder)
    let used = builder.usedRange
    // The first 2 MiB are free and get mapped before the clash is found.
    #expect(throws: PageTableBuilderError.alreadyMapped(virtual: 0x20_0000)) {
      try builder.map(virtual: 0x1000, physical: 0, byteCount: 4 << 20, permissions: [])
    }
    var after = FakeMemory()
    after.store(builder)
    #expect(after.words == before.words)
    #expect(builder.usedRange == used)
    #expect(!builder.usesNoExecute)
  }

  @Test func runsOutOfTablesAndThenChangesNothing() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x4000)
    try builder.mapIdentity(byteCount: 2 << 20)
    #expect(throws: PageTableBuilderError.outOfTableSpace(tables: 0x1000..<0x4000)) {
      try builder.map(virtual: 0x20_0000, physical: 0x1000, byteCount: 0x20_0000)
    }
    #expect(builder.usedRange == 0x1000..<0x4000)
    try builder.map(virtual: 0x20_0000, physical: 0x20_0000, byteCount: 2 << 20)
  }

  @Test func goesOnWithSmallPagesInASplitRange() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x10_0000)
    try builder.map(virtual: 0x20_0000, physical: 0x80_0000, byteCount: 0x1000)
    #expect(throws: PageTableBuilderError.alreadyMapped(virtual: 0x20_0000)) {
      try builder.map(virtual: 0, physical: 0, byteCount: 4 << 20)
    }
    try builder.map(virtual: 0x20_1000, physical: 0, byteCount: 0x1F_F000)
  }

  @Test func errorsAreSentences() {
    let errors: [PageTableBuilderError] = [
      .badTableRange(1..<2), .outOfTableSpace(tables: 0..<0),
      .misaligned(virtual: 1, physical: 2, byteCount: 3),
      .badVirtualRange(virtual: 1, byteCount: 2), .badPhysicalRange(physical: 1, byteCount: 2),
      .alreadyMapped(virtual: 0x1000),
    ]
    for error in errors { #expect(error.description.hasSuffix(".")) }
    #expect("\(errors[5])" == "The virtual address 0x1000 is mapped already: map each page once.")
  }
}
