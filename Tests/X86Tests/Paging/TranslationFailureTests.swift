import Testing
import X86

/// Every reason for which a translation fails, and the error code the CPU would push. The codes are
/// worked out from the SDM, volume 3A, 4.7.
@Suite struct TranslationFailureTests {
  static let read = MemoryAccess(.read, .supervisor)
  static let write = MemoryAccess(.write, .supervisor)
  static let execute = MemoryAccess(.execute, .supervisor)
  static let userRead = MemoryAccess(.read, .user)
  static let userWrite = MemoryAccess(.write, .user)
  static let userExecute = MemoryAccess(.execute, .user)

  /// Tables whose last entry, for address 0x5000, is `entry`; those above allow everything.
  func memory(entry: UInt64) -> FakeMemory {
    var memory = FakeMemory()
    memory.store64(0x1000, 0x2007)
    memory.store64(0x2000, 0x3007)
    memory.store64(0x3000, 0x4007)
    memory.store64(0x4028, entry)
    return memory
  }

  /// A long-mode state with no-execute on, plus these extensions.
  func state(_ extensions: CR4 = []) -> CPUState {
    var state = longState(root: 0x1000)
    state.efer.insert(.noExecuteEnable)
    state.cr4.insert(extensions)
    return state
  }

  func check(
    _ state: CPUState, _ entry: UInt64, _ access: MemoryAccess, _ reason: TranslationFailure.Reason?,
    _ code: UInt64?, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let failure = PageTableWalker(state).failure(0x5000, for: access, in: memory(entry: entry))
    #expect(failure?.reason == reason, sourceLocation: sourceLocation)
    #expect(failure?.errorCode?.rawValue == code, sourceLocation: sourceLocation)
  }

  @Test func notPresent() {
    check(state(), 0x6006, Self.read, .notPresent(level: 1), 0x0)
    check(state(), 0x6006, Self.write, .notPresent(level: 1), 0x2)
    check(state(), 0x6006, Self.userRead, .notPresent(level: 1), 0x4)
    check(state(), 0x6006, Self.userWrite, .notPresent(level: 1), 0x6)
    check(state(), 0x6006, Self.userExecute, .notPresent(level: 1), 0x14)
  }

  /// Without no-execute and SMEP the CPU does not tell fetches from reads.
  @Test func fetchIsReportedOnlyWithNoExecuteOrSMEP() {
    var plain = state()
    plain.efer.remove(.noExecuteEnable)
    check(plain, 0x6006, Self.userExecute, .notPresent(level: 1), 0x4)
    plain.cr4.insert(.supervisorModeExecutionPrevention)
    check(plain, 0x6006, Self.userExecute, .notPresent(level: 1), 0x14)
  }

  @Test func everyLevelCanBeMissing() {
    let addresses: [UInt64] = [0x4028, 0x3000, 0x2000, 0x1000]
    for (level, address) in zip(1..., addresses) {
      var memory = memory(entry: 0x6007)
      memory.store64(address, 0)
      let failure = PageTableWalker(state()).failure(0x5000, for: Self.read, in: memory)
      #expect(failure?.reason == .notPresent(level: level))
      #expect(failure?.path.count == 5 - level)
    }
  }

  @Test func readOnlyPages() {
    check(state(), 0x6005, Self.userWrite, .notWritable, 0x7)
    check(state(), 0x6005, Self.write, .notWritable, 0x3)
    check(state(), 0x6005, Self.userRead, nil, nil)
    var unprotected = state()
    unprotected.cr0.remove(.writeProtect)
    check(unprotected, 0x6005, Self.write, nil, nil)
    check(unprotected, 0x6005, Self.userWrite, .notWritable, 0x7)
  }

  /// The strictest of the levels counts.
  @Test func rightsOfUpperLevelsCount() {
    for address in [0x1000, 0x2000, 0x3000] as [UInt64] {
      var memory = memory(entry: 0x6007)
      let table = memory.read64(address)!
      memory.store64(address, table & ~2)
      let walker = PageTableWalker(state())
      #expect(walker.failure(0x5000, for: Self.userWrite, in: memory)?.reason == .notWritable)
      memory.store64(address, table & ~4)
      #expect(walker.failure(0x5000, for: Self.userRead, in: memory)?.reason == .supervisorOnly)
      memory.store64(address, table | 1 << 63)
      #expect(walker.failure(0x5000, for: Self.userExecute, in: memory)?.reason == .noExecute)
    }
  }

  @Test func supervisorPages() {
    check(state(), 0x6003, Self.userRead, .supervisorOnly, 0x5)
    check(state(), 0x6003, Self.userWrite, .supervisorOnly, 0x7)
    check(state(), 0x6003, Self.userExecute, .supervisorOnly, 0x15)
    check(state(), 0x6003, Self.write, nil, nil)
  }

  @Test func noExecutePages() {
    check(state(), 0x8000_0000_0000_6007, Self.userExecute, .noExecute, 0x15)
    check(state(), 0x8000_0000_0000_6003, Self.execute, .noExecute, 0x11)
    check(state(), 0x8000_0000_0000_6003, Self.read, nil, nil)
  }

  @Test func noExecuteBitIsReservedWhileOff() {
    var plain = state()
    plain.efer.remove(.noExecuteEnable)
    check(plain, 0x8000_0000_0000_6003, Self.read, .reservedBits(level: 1, bits: 1 << 63), 0x9)
  }

  @Test func supervisorModeExecutionPrevention() {
    check(state(.supervisorModeExecutionPrevention), 0x6007, Self.execute, .supervisorExecution, 0x11)
    check(state(.supervisorModeExecutionPrevention), 0x6007, Self.userExecute, nil, nil)
    check(state(), 0x6007, Self.execute, nil, nil)
  }

  @Test func supervisorModeAccessPrevention() {
    var state = state(.supervisorModeAccessPrevention)
    check(state, 0x6007, Self.read, .supervisorAccess, 0x1)
    check(state, 0x6007, Self.write, .supervisorAccess, 0x3)
    check(state, 0x6007, Self.userRead, nil, nil)
    check(state, 0x6003, Self.read, nil, nil)
    state.rflags.insert(.alignmentCheck)
    check(state, 0x6007, Self.read, nil, nil)
    // AC does not help an access that the CPU makes by itself.
    check(state, 0x6007, MemoryAccess(.read, .implicitSupervisor), .supervisorAccess, 0x1)
  }

  @Test func protectionKeysOfUserPages() {
    let page: UInt64 = 0x6007 | 5 << 59
    func failure(_ rights: UInt32, _ access: MemoryAccess, writeProtect: Bool = true) -> TranslationFailure? {
      var state = state(.protectionKeys)
      if !writeProtect { state.cr0.remove(.writeProtect) }
      return PageTableWalker(state, protectionKeyRights: rights)
        .failure(0x5000, for: access, in: memory(entry: page))
    }
    let accessDisable: UInt32 = 1 << 10
    let writeDisable: UInt32 = 2 << 10
    #expect(failure(accessDisable, Self.userRead)?.reason == .protectionKey(5))
    #expect(failure(accessDisable, Self.userRead)?.errorCode?.rawValue == 0x25)
    #expect(failure(accessDisable, Self.read)?.errorCode?.rawValue == 0x21)
    #expect(failure(accessDisable, Self.userExecute) == nil)
    #expect(failure(~accessDisable & ~writeDisable, Self.userWrite) == nil)
    #expect(failure(writeDisable, Self.userRead) == nil)
    #expect(failure(writeDisable, Self.userWrite)?.errorCode?.rawValue == 0x27)
    #expect(failure(writeDisable, Self.write)?.errorCode?.rawValue == 0x23)
    #expect(failure(writeDisable, Self.write, writeProtect: false) == nil)
    check(state(), page, Self.userWrite, nil, nil)
  }

  @Test func protectionKeysOfSupervisorPages() {
    var state = state(.supervisorProtectionKeys)
    state.modelSpecific[.supervisorKeyRights] = 1 << 10
    check(state, 0x6003 | 5 << 59, Self.read, .protectionKey(5), 0x21)
    check(state, 0x6003 | 4 << 59, Self.read, nil, nil)
    check(state, 0x6007 | 5 << 59, Self.read, nil, nil)
  }

  @Test func reservedBitsOfFourLevelPaging() {
    let walker = PageTableWalker(state(), physicalAddressBits: 40, hasGigabytePages: false)
    // The entry's address, what it holds, and the bits to blame.
    let cases: [(address: UInt64, value: UInt64, level: Int, bits: UInt64)] = [
      (0x1000, 0x2087, 4, 1 << 7), (0x2000, 0x87, 3, 1 << 7), (0x3000, 0x2087, 2, 1 << 13),
      (0x3000, 0x10_0087, 2, 1 << 20), (0x4028, 1 << 40 | 7, 1, 1 << 40), (0x4028, 1 << 51 | 7, 1, 1 << 51),
    ]
    for (address, value, level, bits) in cases {
      var memory = memory(entry: 0x6007)
      memory.store64(address, value)
      let failure = walker.failure(0x5000, for: Self.userWrite, in: memory)
      #expect(failure?.reason == .reservedBits(level: level, bits: bits))
      #expect(failure?.errorCode?.rawValue == 0xF)
    }
    // Bits 52…62 are free for software, and PAT of a 2 MiB page is not reserved.
    var memory = memory(entry: 0x7FF0_0000_0000_6007)
    #expect(walker.failure(0x5000, for: Self.read, in: memory) == nil)
    memory.store64(0x3000, 0x1087)
    #expect(walker.failure(0x5000, for: Self.read, in: memory) == nil)
  }

  @Test func reservedBitsOfGigabytePages() {
    var memory = memory(entry: 0)
    memory.store64(0x2000, 0x2000_0087)
    let failure = PageTableWalker(state()).failure(0x5000, for: Self.read, in: memory)
    #expect(failure?.reason == .reservedBits(level: 3, bits: 0x2000_0000))
  }

  @Test func reservedBitsOfPAEPaging() {
    let walker = PageTableWalker(
      protectedState(root: 0x1000, .physicalAddressExtension), physicalAddressBits: 36)
    let cases: [(top: UInt64, bits: UInt64)] = [
      (0x2003, 2), (0x2005, 4), (0x2021, 1 << 5), (0x2101, 1 << 8), (1 << 36 | 0x2001, 1 << 36),
      (1 << 63 | 0x2001, 1 << 63),
    ]
    for (top, bits) in cases {
      var memory = FakeMemory()
      memory.store64(0x1000, top)
      let failure = walker.failure(0x5000, for: Self.read, in: memory)
      #expect(failure?.reason == .reservedBits(level: 3, bits: bits))
      #expect(failure?.errorCode?.rawValue == 0x9)
    }
    var memory = FakeMemory()
    memory.store64(0x1000, 0x2019)
    memory.store64(0x2000, 1 << 52 | 0x3003)
    #expect(
      walker.failure(0x5000, for: Self.read, in: memory)?.reason == .reservedBits(level: 2, bits: 1 << 52))
  }

  @Test func reservedBitsOfFourMegabytePages() {
    var memory = FakeMemory()
    memory.store32(0x1000, 1 << 17 | 0x83)
    let state = protectedState(root: 0x1000, .pageSizeExtensions)
    let narrow = PageTableWalker(state, physicalAddressBits: 36).failure(0, for: Self.read, in: memory)
    #expect(narrow?.reason == .reservedBits(level: 2, bits: 1 << 17))
    #expect(PageTableWalker(state).failure(0, for: Self.read, in: memory) == nil)
    memory.store32(0x1000, 1 << 21 | 0x83)
    let wide = PageTableWalker(state).failure(0, for: Self.read, in: memory)
    #expect(wide?.reason == .reservedBits(level: 2, bits: 1 << 21))
  }

  @Test func addressesThatAreNotCanonical() {
    let walker = PageTableWalker(state())
    var memory = memory(entry: 0x6007)
    for address in [0x0000_8000_0000_0000, 0xFFFF_7FFF_FFFF_FFFF, 0x0001_0000_0000_5000] as [UInt64] {
      let failure = walker.failure(address, for: Self.read, in: memory)
      #expect(failure?.reason == .notCanonical)
      #expect(failure?.errorCode == nil && failure?.path.isEmpty == true)
    }
    // The last address of the lower half and the first of the upper half are canonical.
    memory.store64(0x1000 + 255 * 8, 0)
    for address in [0x0000_7FFF_FFFF_FFFF, 0xFFFF_8000_0000_0000] as [UInt64] {
      #expect(walker.failure(address, for: Self.read, in: memory)?.reason == .notPresent(level: 4))
    }
  }

  @Test func tablesOutsideOfMemory() {
    var memory = memory(entry: 0x6007)
    memory.end = 0x4000
    let failure = PageTableWalker(state()).failure(0x5000, for: Self.userWrite, in: memory)
    #expect(failure?.reason == .tableOutsideMemory(level: 1, address: 0x4028))
    #expect(failure?.errorCode?.rawValue == 0x6)
    #expect(failure?.path.count == 3)
    var outside = state()
    outside.cr3 = CR3(rawValue: .max)
    #expect(
      PageTableWalker(outside).failure(0x5000, for: Self.read, in: memory)?.reason
        == .tableOutsideMemory(level: 4, address: 0x000F_FFFF_FFFF_F000))
  }

  @Test func inspectionIgnoresPermissions() throws {
    let memory = memory(entry: 0x8000_0000_0000_6003)
    let translation = try PageTableWalker(state(.supervisorModeAccessPrevention)).translate(
      0x5678, in: memory)
    #expect(translation.physicalAddress == 0x6678)
    #expect(translation.permissions == .writable)
  }

  @Test func sentences() {
    let failure = PageTableWalker(state()).failure(0x5000, for: Self.userWrite, in: memory(entry: 0x6005))
    #expect(failure?.description == "The user write at 0x5000 fails: the page is read-only.")
    let missing = PageTableWalker(state()).failure(0x7000, for: Self.execute, in: memory(entry: 0))
    #expect(missing?.description == "The supervisor execute at 0x7000 fails: the PTE is not present.")
  }
}
