internal import GuestMemory
internal import X86

/// The arena as the memory of a guest: the same pages at the same linear addresses with the same
/// permissions, in four-level page tables.
struct GuestArena {
  let memory: GuestMemory
  /// Where the host has the data pages, the code pages, and all of the arena.
  let dataAddress: UInt64
  let codeAddress: UInt64
  let arenaAddress: UInt64

  /// The physical address that the arena begins at; the tables lie below.
  static let physicalBase: UInt64 = 0x10_0000
  private static let tables: UInt64 = 0x1000

  /// - Parameter isSelfRunning: maps what a guest needs that runs the test cases itself, on KVM.
  init(isSelfRunning: Bool = false) throws(OracleError) {
    let byteCount = isSelfRunning ? VirtualLayout.byteCount : ArenaLayout.byteCount
    do {
      let region = try MemoryRegion(
        base: GuestAddress(0), byteCount: Self.physicalBase + byteCount)
      memory = try GuestMemory(regions: [region])
    } catch {
      throw .environment("Cannot make the guest's memory: \(error)")
    }
    guard
      let host = unsafe memory.hostAddress(
        of: GuestAddress(Self.physicalBase), byteCount: byteCount)
    else { throw .environment("The guest's memory has no arena.") }
    arenaAddress = UInt64(UInt(bitPattern: host))
    codeAddress = arenaAddress + (ArenaLayout.code - ArenaLayout.base)
    dataAddress = arenaAddress + (ArenaLayout.data - ArenaLayout.base)

    for offset in 0..<ArenaLayout.codeByteCount { HostMemory.store(UInt8(0xCC), at: codeAddress + offset) }
    MemoryBackground.fill(readOnlyPage: arenaAddress + (ArenaLayout.readOnly - ArenaLayout.base))
    try buildTables(isSelfRunning: isSelfRunning)
  }

  private func buildTables(isSelfRunning: Bool) throws(OracleError) {
    // Present, writable, user, accessed.
    let table: UInt64 = 0x27
    let pml4 = Self.tables
    let pdpt = pml4 + 0x1000
    let directory = pdpt + 0x1000
    let pages = directory + 0x1000
    try write(pdpt | table, at: pml4)
    try write(directory | table, at: pdpt)
    try write(pages | table, at: directory + (ArenaLayout.base >> 21 & 511) * 8)
    let noExecute: UInt64 = 1 << 63
    // Accessed and dirty, as on a host that has used them.
    try map(ArenaLayout.code, ArenaLayout.codeByteCount, 0x65, pages)
    try map(ArenaLayout.data, ArenaLayout.dataByteCount, 0x67 | noExecute, pages)
    try map(ArenaLayout.readOnly, ArenaLayout.readOnlyByteCount, 0x65 | noExecute, pages)
    // A task without an I/O permission map: its offset is beyond the limit.
    let task = Self.physicalBase + (ArenaLayout.task - ArenaLayout.base)
    try write(0xFFFF << 48, at: task + 96)
    try map(ArenaLayout.task, ArenaLayout.pageSize, 0x63 | noExecute, pages)
    guard isSelfRunning else { return }
    try map(ArenaLayout.state, ArenaLayout.stateByteCount, 0x67 | noExecute, pages)
    try map(ArenaLayout.stubs, ArenaLayout.stubsByteCount, 0x65, pages)
    try map(VirtualLayout.codeAlias, ArenaLayout.codeByteCount, 0x67 | noExecute, pages, to: ArenaLayout.code)
    try map(VirtualLayout.overrun, ArenaLayout.pageSize, 0x67 | noExecute, pages)
    try map(VirtualLayout.template, ArenaLayout.dataByteCount, 0x65 | noExecute, pages)
    try map(VirtualLayout.monitor, ArenaLayout.pageSize * 2, 0x63, pages)
    try map(VirtualLayout.driver, ArenaLayout.pageSize, 0x65, pages)
    try map(VirtualLayout.stack, ArenaLayout.pageSize, 0x67 | noExecute, pages)
    try map(
      VirtualLayout.slots, VirtualLayout.slotByteCount * VirtualLayout.slotCount, 0x67 | noExecute, pages)
  }

  private func map(
    _ linear: UInt64, _ byteCount: UInt64, _ bits: UInt64, _ table: UInt64, to target: UInt64? = nil
  ) throws(OracleError) {
    for address in stride(from: linear, to: linear + byteCount, by: Int(ArenaLayout.pageSize)) {
      let physical = Self.physicalBase + (address - linear + (target ?? linear) - ArenaLayout.base)
      try write(physical | bits, at: table + (address >> 12 & 511) * 8)
    }
  }

  private func write(_ entry: UInt64, at address: UInt64) throws(OracleError) {
    do { try memory.write(entry, at: GuestAddress(address)) } catch {
      throw .environment("Cannot write the guest's page tables: \(error)")
    }
  }

  /// A processor in ring 3 that sees the arena as a process on Linux does.
  static func userState(_ codeSize: CodeSize, in place: Reach.Place) -> CPUState {
    var state = CPUState()
    state.cr0 = [
      .protectionEnable, .monitorCoprocessor, .extensionType, .numericError, .writeProtect, .alignmentMask,
      .paging,
    ]
    state.cr3 = CR3(rawValue: tables)
    state.cr4 = [.physicalAddressExtension, .pageGlobalEnable, .osFXSR, .osXMMExceptions, .fsgsbase]
    state.efer = [.systemCallExtensions, .longModeEnable, .longModeActive, .noExecuteEnable]
    state.rflags = [.reserved1, .interruptEnable]
    state.cs =
      switch codeSize {
      case .bits64: .flatCode64(ArenaLayout.code64Selector, privilegeLevel: 3)
      default: .flatCode32(ArenaLayout.code32Selector, privilegeLevel: 3)
      }
    let data = Segment.flatData(ArenaLayout.dataSelector, privilegeLevel: 3)
    (state.ds, state.es, state.ss) = (data, data, data)
    var null = Segment()
    null.attributes.isUnusable = true
    (state.fs, state.gs) = (null, null)
    state.gs.base = ArenaLayout.gsBase
    if place == .guest {
      state.fs.base = ArenaLayout.fsBase
      state.cr4.insert(.timeStampDisable)
    }
    state.tr = .initialTaskState(limit: 0x67)
    state.tr.base = ArenaLayout.task
    state.rip = ArenaLayout.code
    return state
  }
}
