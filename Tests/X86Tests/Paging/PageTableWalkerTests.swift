import Testing
import X86

/// Translations that succeed, in every paging mode.
@Suite struct PageTableWalkerTests {
  @Test func withoutPagingAddressesAreThirtyTwoBitsWide() throws {
    let walker = PageTableWalker(CPUState.resetVector())
    let translation = try walker.translate(
      0x1_FFFF_FFF0, for: MemoryAccess(.execute, .user), in: FakeMemory())
    #expect(translation.physicalAddress == 0xFFFF_FFF0)
    #expect(translation.path.isEmpty)
    #expect(walker.mode == .none)
  }

  @Test func modesFollowTheControlRegisters() {
    var state = longState(root: 0)
    #expect(PagingMode(state) == .fourLevel)
    state.cr4.insert(.linearAddress57)
    #expect(PagingMode(state) == .fiveLevel)
    #expect(PagingMode(protectedState(root: 0)) == .bits32)
    #expect(PagingMode(protectedState(root: 0, .physicalAddressExtension)) == .pae)
    state.cr0.remove(.paging)
    #expect(PagingMode(state) == .none)
  }

  /// Figure 4-2 of the SDM, volume 3A, done by hand: directory index 0x300, table index 0x45.
  @Test func thirtyTwoBitPaging() throws {
    var memory = FakeMemory()
    memory.store32(0x1000 + 0x300 * 4, 0x2007)
    memory.store32(0x2000 + 0x45 * 4, 0xABCD_E067)
    let walker = PageTableWalker(protectedState(root: 0x1000))
    let translation = try walker.translate(0xC004_5123, for: MemoryAccess(.write, .user), in: memory)
    #expect(translation.physicalAddress == 0xABCD_E123)
    #expect(translation.pageByteCount == 4096)
    #expect(translation.permissions == [.writable, .executable, .user])
    #expect(
      Array(translation.path) == [
        PageTableVisit(level: 2, address: 0x1C00, value: 0x2007),
        PageTableVisit(level: 1, address: 0x2114, value: 0xABCD_E067),
      ])
    #expect(try walker.translate(0x1_C004_5123, in: memory).physicalAddress == 0xABCD_E123)
  }

  /// A 4 MiB page whose bits 13…20 are address bits 32…39 (PSE-36).
  @Test func fourMegabytePages() throws {
    var memory = FakeMemory()
    memory.store32(0x1000 + 4, 0x1240_0083 | 0xA5 << 13)
    let walker = PageTableWalker(protectedState(root: 0x1000, .pageSizeExtensions))
    let translation = try walker.translate(0x7F_EDCB, in: memory)
    #expect(translation.physicalAddress == 0xA5_127F_EDCB)
    #expect(translation.pageByteCount == 4 << 20)
    // Without CR4.PSE the PS bit means nothing, and the entry refers to a table.
    let plain = PageTableWalker(protectedState(root: 0x1000))
    memory.store32(0x1240_0000 | 0xA5 << 13 & 0xFFFF_F000 | 0x3FE * 4, 0x9003)
    #expect(try plain.translate(0x7F_EDCB, in: memory).physicalAddress == 0x9DCB)
  }

  /// Figures 4-5 and 4-6 by hand; the top table begins at a multiple of 32 and its entries have no
  /// permission bits.
  @Test func physicalAddressExtension() throws {
    var memory = FakeMemory()
    memory.store64(0x1FE0 + 3 * 8, 0x3001)
    memory.store64(0x3000 + 0x1FF * 8, 0x4007)
    memory.store64(0x4000 + 0x1FE * 8, 0x8000_000F_1234_5007)
    memory.store64(0x3000 + 0x1FE * 8, 0xF_1220_0087)
    var state = protectedState(root: 0x1FE0, .physicalAddressExtension)
    state.efer.insert(.noExecuteEnable)
    let walker = PageTableWalker(state)
    let small = try walker.translate(0xFFFF_E678, for: MemoryAccess(.write, .user), in: memory)
    #expect(small.physicalAddress == 0xF_1234_5678)
    #expect(small.permissions == [.writable, .user])
    #expect(small.path.map(\.level) == [3, 2, 1])
    let large = try walker.translate(0xFFC5_4321, in: memory)
    #expect(large.physicalAddress == 0xF_1225_4321)
    #expect(large.pageByteCount == 2 << 20)
  }

  /// The top table may refer to itself, as kernels do to reach their page tables: a walk still ends
  /// after four entries.
  @Test func selfReferenceEnds() throws {
    var memory = FakeMemory()
    memory.store64(0x1FF8, 0x1003)
    let walker = PageTableWalker(longState(root: 0x1000))
    let translation = try walker.translate(0xFFFF_FFFF_FFFF_FFF8, in: memory)
    #expect(translation.physicalAddress == 0x1FF8)
    #expect(translation.path.count == 4)
    #expect(translation.path.allSatisfy { $0.address == 0x1FF8 && $0.value == 0x1003 })
  }

  @Test func fiveLevels() throws {
    var builder = try PageTableBuilder(tables: 0x1000..<0x10_0000, levels: .five)
    let virtual: UInt64 = 0xFF12_3456_789A_B000
    try builder.map(virtual: virtual, physical: 0x7000, byteCount: 0x1000, permissions: [.user])
    var memory = FakeMemory()
    memory.store(builder)
    var state = longState(root: 0x1000)
    state.cr4.insert(.linearAddress57)
    state.efer.insert(.noExecuteEnable)
    let translation = try PageTableWalker(state).translate(virtual | 0xCDE, in: memory)
    #expect(translation.physicalAddress == 0x7CDE)
    #expect(translation.permissions == [.user])
    #expect(translation.path.map(\.name) == ["PML5E", "PML4E", "PDPTE", "PDE", "PTE"])
  }

  /// Random mappings with random permissions: what was mapped is found, and the pages before and
  /// after each mapping are found only where another mapping covers them.
  @Test(arguments: [PageTableBuilder.Levels.four, .five], [false, true])
  func findsWhatTheBuilderMapped(_ levels: PageTableBuilder.Levels, _ gigabytes: Bool) throws {
    struct Mapping {
      var virtual: UInt64
      var physical: UInt64
      var byteCount: UInt64
      var permissions: PagePermissions
    }
    var generator = SeededGenerator(seed: gigabytes ? 7 : 8)
    var builder = try PageTableBuilder(
      tables: 0x10_0000..<0x4000_0000, levels: levels, allowsGigabytePages: gigabytes)
    var mappings: [Mapping] = []
    let bits = UInt64(12 + 9 * levels.rawValue)
    for _ in 0..<200 {
      let alignment = [12, 21, 30].randomElement(using: &generator)! as UInt64
      let half = generator.next() & 1 == 0 ? 0 : UInt64.max << (bits - 1)
      let low = generator.next() & ((1 << (bits - 1)) - 1)
      let mapping = Mapping(
        virtual: half | (low >> alignment) << alignment,
        physical: ((generator.next() & 0xFF_FFFF_FFFF) >> alignment) << alignment,
        byteCount: .random(in: 1...600, using: &generator) * 4096 + (1 << alignment),
        permissions: PagePermissions(rawValue: UInt8(generator.next() & 7)))
      do {
        try builder.map(
          virtual: mapping.virtual, physical: mapping.physical, byteCount: mapping.byteCount,
          permissions: mapping.permissions)
        mappings.append(mapping)
      } catch PageTableBuilderError.alreadyMapped {
        continue
      } catch PageTableBuilderError.badVirtualRange {
        continue
      }
    }
    #expect(mappings.count > 150)

    var memory = FakeMemory()
    memory.store(builder)
    var state = longState(root: builder.root)
    if levels == .five { state.cr4.insert(.linearAddress57) }
    state.efer.insert(.noExecuteEnable)
    let walker = PageTableWalker(state, hasGigabytePages: gigabytes)
    var sizes: Set<UInt64> = []
    for mapping in mappings {
      let last = mapping.byteCount - 1
      for offset in [
        0, last, .random(in: 0...last, using: &generator), .random(in: 0...last, using: &generator),
      ] {
        let translation = try walker.translate(mapping.virtual + offset, in: memory)
        #expect(translation.physicalAddress == mapping.physical + offset)
        #expect(translation.permissions == mapping.permissions)
        sizes.insert(translation.pageByteCount)
      }
      for outside in [mapping.virtual &- 1, mapping.virtual &+ mapping.byteCount] {
        let owner = mappings.first { outside &- $0.virtual < $0.byteCount }
        let found = try? walker.translate(outside, in: memory)
        #expect(found?.physicalAddress == owner.map { $0.physical &+ (outside &- $0.virtual) })
      }
    }
    #expect(sizes == (gigabytes ? [4096, 2 << 20, 1 << 30] : [4096, 2 << 20]))
  }

  /// Whatever the tables hold, a walk ends with an answer after no more entries than there are levels.
  @Test func anyTablesGiveAnAnswer() {
    var generator = SeededGenerator(seed: 3)
    for round in 0..<20_000 {
      var state = round % 2 == 0 ? longState(root: generator.next()) : protectedState(root: generator.next())
      state.cr0 = CR0(rawValue: generator.next())
      state.cr4 = CR4(rawValue: generator.next())
      state.efer = EFER(rawValue: generator.next())
      state.rflags = RFLAGS(rawValue: generator.next())
      let walker = PageTableWalker(
        state, physicalAddressBits: Int(truncatingIfNeeded: generator.next()),
        hasGigabytePages: round % 3 == 0,
        protectionKeyRights: UInt32(truncatingIfNeeded: generator.next()))
      let bits = walker.physicalAddressBits
      var reads = 0
      // Entries with few reserved bits, so that walks go deep.
      func entry() -> UInt64 {
        reads += 1
        return generator.next() & (generator.next() % 8 == 0 ? .max : (1 << UInt64(bits)) - 1) | 1
      }
      let access = MemoryAccess(
        [.read, .write, .execute].randomElement(using: &generator)!,
        [.user, .supervisor, .implicitSupervisor, .debugger].randomElement(using: &generator)!)
      let address = generator.next() % 2 == 0 ? generator.next() : generator.next() & 0x7FFF_FFFF_FFFF
      do throws(TranslationFailure) {
        let translation = try walker.translate(
          address, for: access, read32: { _ in UInt32(truncatingIfNeeded: entry()) }, read64: { _ in entry() }
        )
        #expect(translation.physicalAddress >> UInt64(max(bits, 40)) == 0 || walker.mode == .none)
        #expect(translation.path.count == reads)
      } catch {
        #expect(error.path.count == reads)
        #expect((error.errorCode == nil) == (error.reason == .notCanonical))
      }
      #expect(reads <= walker.mode.levels)
    }
  }

  @Test func describesThePath() throws {
    var memory = FakeMemory()
    memory.store32(0x1C00, 0x2007)
    memory.store32(0x2114, 0xABCD_E063)
    let path = try PageTableWalker(protectedState(root: 0x1000)).translate(0xC004_5123, in: memory).path
    #expect(
      path.description == """
        PDE   at 0x000000001c00 = 0x0000000000002007  P W U
        PTE   at 0x000000002114 = 0x00000000abcde063  P W A D
        """)
  }
}
