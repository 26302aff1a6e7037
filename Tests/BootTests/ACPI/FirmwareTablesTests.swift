import Boot
import GuestMemory
import Testing

/// ACPI and multiprocessor tables in guest memory.
struct FirmwareTablesTests {
  /// A guest in a format, and where its boot protocol names the RSDP; nil where it does not.
  private static let guests: [(format: ImageFormat, bytes: [UInt8], mode: BootRequest.Mode?)] = {
    var pvh = ELFFile.simple()
    pvh.add(ELFFile.entryNote(0x10_0001), type: 4, at: 0)
    return [
      (.flat16, [0xF4], nil), (.flat32, [0xF4], .protected), (.flat64, [0xF4], .long),
      (.elf64, ELFFile.simple().bytes, nil), (.pvh, pvh.bytes, nil),
      (.linux64, LinuxImage.modern.bytes, nil), (.linux32, LinuxImage.modern.bytes, .protected),
      (.linux16, LinuxImage.modern.bytes, .real16),
    ]
  }()

  private func plan(
    _ bytes: [UInt8] = [0xF4], mode: BootRequest.Mode? = nil,
    platform: PlatformDescription = ReferenceTable.platform
  ) throws -> BootPlan {
    var wanted = request(bytes, mode: mode)
    wanted.platform = platform
    return try BootPlan(wanted)
  }

  private func tables(_ platform: PlatformDescription = ReferenceTable.platform) throws -> TablesInMemory {
    try TablesInMemory(place(plan(platform: platform)))
  }

  @Test func everyGuestHasTheTablesAndIsToldOfThem() throws {
    for guest in Self.guests {
      let plan = try plan(guest.bytes, mode: guest.mode)
      #expect(plan.format == guest.format)
      let tables = try TablesInMemory(place(plan))
      #expect(try tables.listed().keys.sorted() == ["APIC", "FACP"])
      switch guest.format {
      case .pvh, .flat32, .flat64, .elf64:
        #expect(try tables.u64(plan.entry.general.rbx + 32) == tables.rootPointer)
      case .linux64, .linux32:
        #expect(try tables.u64(plan.entry.general.rsi + 0x70) == tables.rootPointer)
      default: break
      }
      // What firmware leaves is not for the guest to allocate.
      for segment in plan.segments where segment.kind == .firmwareTables {
        #expect(!plan.memoryMap.isUsable(segment.address.rawValue, byteCount: 1))
      }
    }
  }

  @Test func withoutAPlatformThereAreNone() throws {
    let plan = try BootPlan(request(LinuxImage.modern.bytes))
    #expect(!plan.segments.contains { $0.kind == .firmwareTables })
    let memory = try place(plan)
    #expect(try memory.read(UInt64.self, at: GuestAddress(0x1070)) == 0)
    #expect(try TablesInMemory.find(Array("RSD PTR ".utf8), from: 0xE_0000, in: memory) == nil)
    // RAM that ends before their place has none either.
    for count in [0x4_0000, 0xE_0000, 0xF_F000] as [UInt64] {
      var wanted = request([0xF4], in: PCMemoryLayout(byteCount: count))
      wanted.platform = ReferenceTable.platform
      #expect(try !BootPlan(wanted).segments.contains { $0.kind == .firmwareTables })
    }
    var least = request([0xF4], in: PCMemoryLayout(byteCount: 0x10_0000))
    least.platform = ReferenceTable.platform
    #expect(try BootPlan(least).segments.contains { $0.kind == .firmwareTables })
  }

  @Test func theRootPointerLeadsToBothLists() throws {
    let tables = try tables()
    let root = tables.rootPointer
    #expect(try tables.bytes(root, 20).reduce(0, &+) == 0)
    #expect(try tables.bytes(root, 36).reduce(0, &+) == 0)
    #expect(try tables.u8(root + 15) == 2)
    #expect(try tables.u32(root + 20) == 36)
    // The old list and the new one have the same entries.
    let rsdt = try tables.table(at: UInt64(tables.u32(root + 16)))
    let xsdt = try tables.table(at: tables.u64(root + 24))
    #expect(rsdt.prefix(4).elementsEqual("RSDT".utf8) && xsdt.prefix(4).elementsEqual("XSDT".utf8))
    #expect(rsdt.count == 36 + 2 * 4 && xsdt.count == 36 + 2 * 8)
    for index in 0..<2 as Range<UInt64> {
      #expect(
        try UInt64(tables.u32(UInt64(tables.u32(root + 16)) + 36 + index * 4))
          == tables.u64(tables.u64(root + 24) + 36 + index * 8))
    }
  }

  /// ACPI 5.2.9, table 5.9.
  @Test func theFADTSaysWhereTheRegistersAre() throws {
    let tables = try tables()
    let fadt = try #require(try tables.listed()["FACP"])
    let length = try tables.table(at: fadt).count
    #expect(length == 276)
    #expect(try tables.u8(fadt + 8) == 6)
    #expect(try tables.u16(fadt + 46) == 9)
    #expect(try tables.u32(fadt + 48) == 0)
    for (offset, address, byteCount, extended) in [
      (56, 0x600, 4, 148), (64, 0x604, 2, 172), (76, 0x608, 4, 208),
    ] as [(UInt64, UInt32, UInt8, UInt64)] {
      #expect(try tables.u32(fadt + offset) == address)
      // The generic address: I/O space, so many bits, the same address.
      #expect(try tables.u8(fadt + extended) == 1)
      #expect(try tables.u8(fadt + extended + 1) == byteCount * 8)
      #expect(try tables.u64(fadt + extended + 4) == UInt64(address))
    }
    #expect(try tables.bytes(fadt + 88, 4) == [4, 2, 0, 4])
    #expect(try tables.u8(fadt + 108) == 0x32)
    // Legacy devices, keyboard controller; a 32-bit timer, a reset register, not hardware-reduced.
    #expect(try tables.u16(fadt + 109) & 0b11 == 0b11)
    let flags = try tables.u32(fadt + 112)
    #expect(flags & (1 << 8) != 0 && flags & (1 << 10) != 0 && flags & (1 << 20) == 0)
    #expect(try tables.bytes(fadt + 116, 4) == [1, 8, 0, 1])
    #expect(try tables.u64(fadt + 120) == 0xCF9)
    #expect(try tables.u8(fadt + 128) == 6)

    let facs = UInt64(try tables.u32(fadt + 36))
    #expect(facs % 64 == 0)
    #expect(try tables.bytes(facs, 4) == Array("FACS".utf8))
    #expect(try tables.u32(facs + 4) == 64)
    #expect(try tables.bytes(facs + 8, 24) == [UInt8](repeating: 0, count: 24))
    #expect(try UInt64(tables.u32(fadt + 40)) == tables.u64(fadt + 140))
  }

  @Test(arguments: [1, 2, 16, 255] as [UInt8])
  func theMADTHasEveryProcessor(count: UInt8) throws {
    var platform = ReferenceTable.platform
    platform.processorCount = count
    let tables = try tables(platform)
    let address = try #require(try tables.listed()["APIC"])
    let madt = try tables.table(at: address)
    #expect(try tables.u32(address + 36) == 0xFEE0_0000)
    #expect(try tables.u32(address + 40) == 1)
    var entries: [[UInt8]] = []
    var offset = 44
    while offset < madt.count {
      entries.append(Array(madt[offset..<offset + Int(madt[offset + 1])]))
      offset += Int(madt[offset + 1])
    }
    #expect(offset == madt.count)
    let processors = entries.filter { $0[0] == 0 }
    #expect(processors.map { $0[2] } == Array(0..<count))
    #expect(processors.allSatisfy { $0[2] == $0[3] && $0[4...] == [1, 0, 0, 0] && $0.count == 8 })
    #expect(entries.filter { $0[0] == 1 } == [[1, 12, 0, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0]])
    // The timer is at input 2; the SCI is level-triggered and active high.
    #expect(
      entries.filter { $0[0] == 2 } == [
        [2, 10, 0, 0, 2, 0, 0, 0, 0, 0], [2, 10, 0, 9, 9, 0, 0, 0, 0x0D, 0],
      ])
    #expect(entries.filter { $0[0] == 4 } == [[4, 6, 0xFF, 0, 0, 1]])
  }

  /// MultiProcessor Specification 1.4, chapter 4.
  @Test(arguments: [1, 2, 16, 255] as [UInt8])
  func theMultiprocessorTableSaysTheSame(count: UInt8) throws {
    var platform = ReferenceTable.platform
    platform.processorCount = count
    let tables = try tables(platform)
    // It must be in this range: ACPI's may be earlier.
    let pointer = try #require(try TablesInMemory.find(Array("_MP_".utf8), from: 0xF_0000, in: tables.memory))
    #expect(try tables.bytes(pointer, 16).reduce(0, &+) == 0)
    #expect(try tables.bytes(pointer + 8, 2) == [1, 4])
    #expect(try tables.bytes(pointer + 11, 2) == [0, 0])
    let table = UInt64(try tables.u32(pointer + 4))
    let bytes = try tables.bytes(table, Int(tables.u16(table + 4)))
    #expect(bytes.reduce(0, &+) == 0)
    #expect(bytes.prefix(4).elementsEqual("PCMP".utf8))
    #expect(try tables.u32(table + 36) == 0xFEE0_0000)

    var entries: [[UInt8]] = []
    var offset = 44
    while offset < bytes.count {
      let length = bytes[offset] == 0 ? 20 : 8
      entries.append(Array(bytes[offset..<offset + length]))
      offset += length
    }
    #expect(offset == bytes.count)
    #expect(try Int(tables.u16(table + 34)) == entries.count)
    let processors = entries.filter { $0[0] == 0 }
    #expect(processors.map { $0[1] } == Array(0..<count))
    // One is the bootstrap processor.
    #expect(processors.map { $0[3] } == [3] + [UInt8](repeating: 1, count: Int(count) - 1))
    #expect(entries.filter { $0[0] == 1 } == [[1, 0] + Array("ISA   ".utf8)])
    #expect(entries.filter { $0[0] == 2 } == [[2, 0, 0x11, 1, 0, 0, 0xC0, 0xFE]])
    let sources = entries.filter { $0[0] == 3 }
    #expect(sources.map { $0[5] } == [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    #expect(sources.map { $0[7] } == [2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    #expect(sources.filter { $0[2] != 0 }.map { $0[5] } == [9])
    #expect(entries.filter { $0[0] == 4 } == [[4, 3, 0, 0, 0, 0, 0xFF, 0], [4, 1, 0, 0, 0, 0, 0xFF, 1]])
  }
}
