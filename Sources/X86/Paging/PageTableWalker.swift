/// Translates linear to physical addresses as the CPU does, in every paging mode
/// (SDM Vol. 3A, chapter 4).
///
/// The walker reads tables through closures and writes nothing: setting the accessed and dirty bits
/// is left to the engine, which finds the entries in `Translation.path`. It reads at most one entry
/// for each level, so tables that refer to themselves cannot keep it busy.
///
/// PAE paging: a CPU checks and keeps the four entries of the top table when CR3 is loaded. The
/// walker reads them from memory instead, and reports their reserved bits like those of any entry.
/// Shadow stacks (CET) and linear-address masking (LAM) are not modelled.
public struct PageTableWalker: Sendable, Hashable {
  /// The paging mode.
  public var mode: PagingMode
  /// The physical address of the top table.
  public var root: UInt64
  /// CR0.WP: supervisor writes obey read-only pages.
  public var writeProtect: Bool
  /// EFER.NXE: bit 63 of an entry is no-execute, not reserved.
  public var noExecuteEnable: Bool
  /// CR4.PSE: 32-bit paging has 4 MiB pages.
  public var pageSizeExtensions: Bool
  /// CR4.SMEP: the supervisor does not run user pages.
  public var supervisorModeExecutionPrevention: Bool
  /// CR4.SMAP: the supervisor does not touch user pages.
  public var supervisorModeAccessPrevention: Bool
  /// RFLAGS.AC: SMAP is lifted for accesses by instructions.
  public var alignmentCheck: Bool
  /// PKRU where CR4.PKE is set: two bits for each key of user pages, access and write disable.
  public var userKeyRights: UInt32?
  /// IA32_PKRS where CR4.PKS is set: the same for supervisor pages.
  public var supervisorKeyRights: UInt32?
  /// The width of a physical address, 32…52 (CPUID leaf 0x8000_0008, EAX bits 0…7).
  public var physicalAddressBits: Int
  /// Whether the CPU has 1 GiB pages (CPUID leaf 0x8000_0001, EDX bit 26).
  public var hasGigabytePages: Bool

  /// The walker for the address space that `state` is in.
  ///
  /// - Parameters:
  ///   - state: the registers.
  ///   - physicalAddressBits: the width of a physical address; 32…52 is what counts.
  ///   - hasGigabytePages: the CPU has 1 GiB pages.
  ///   - protectionKeyRights: PKRU, which counts where CR4.PKE is set.
  public init(
    _ state: CPUState, physicalAddressBits: Int = 52, hasGigabytePages: Bool = true,
    protectionKeyRights: UInt32 = 0
  ) {
    mode = PagingMode(state)
    root =
      switch mode {
      case .none: 0
      case .bits32: state.cr3.tableAddress32
      case .pae: state.cr3.tableAddressPAE
      case .fourLevel, .fiveLevel: state.cr3.tableAddress
      }
    writeProtect = state.cr0.contains(.writeProtect)
    noExecuteEnable = state.efer.contains(.noExecuteEnable) && mode != .bits32
    pageSizeExtensions = state.cr4.contains(.pageSizeExtensions)
    supervisorModeExecutionPrevention = state.cr4.contains(.supervisorModeExecutionPrevention)
    supervisorModeAccessPrevention = state.cr4.contains(.supervisorModeAccessPrevention)
    alignmentCheck = state.rflags.contains(.alignmentCheck)
    // Protection keys exist in 4- and 5-level paging only (SDM Vol. 3A, 4.6.2).
    let hasKeys = mode == .fourLevel || mode == .fiveLevel
    userKeyRights = hasKeys && state.cr4.contains(.protectionKeys) ? protectionKeyRights : nil
    supervisorKeyRights =
      hasKeys && state.cr4.contains(.supervisorProtectionKeys)
      ? UInt32(truncatingIfNeeded: state.modelSpecific[.supervisorKeyRights] ?? 0) : nil
    self.physicalAddressBits = min(max(physicalAddressBits, 32), 52)
    self.hasGigabytePages = hasGigabytePages
  }

  /// Translates `linear` for `access`.
  ///
  /// An access that crosses a page needs one translation for each page.
  ///
  /// - Parameters:
  ///   - linear: the address; its upper half does not count outside of 4- and 5-level paging.
  ///   - access: the access; with `MemoryAccess.inspection` no permission is checked.
  ///   - read32: the little-endian 4 bytes at a physical address, nil where there is no memory. Called
  ///     in 32-bit paging only.
  ///   - read64: the same for 8 bytes. Called in the other modes.
  /// - Throws: why the address cannot be accessed, with the page-fault error code.
  @inlinable public func translate(
    _ linear: UInt64, for access: MemoryAccess,
    read32: (_ physical: UInt64) -> UInt32?, read64: (_ physical: UInt64) -> UInt64?
  ) throws(TranslationFailure) -> Translation {
    var path = PageTablePath()
    var address = linear
    switch mode {
    case .none:
      return Translation(
        physicalAddress: linear & 0xFFFF_FFFF, pageByteCount: 4096,
        permissions: [.writable, .executable, .user],
        path: path)
    case .bits32, .pae:
      address &= 0xFFFF_FFFF
    case .fourLevel, .fiveLevel:
      guard isCanonical(linear, bits: mode.linearAddressBits) else {
        throw TranslationFailure(
          linearAddress: linear, access: access, reason: .notCanonical, errorCode: nil, path: path)
      }
    }

    let indexBits: UInt64 = mode == .bits32 ? 10 : 9
    var permissions: PagePermissions = [.writable, .executable, .user]
    var table = root
    var level = mode.levels
    while true {
      let shift = 12 + indexBits * UInt64(level - 1)
      let index = address >> shift & (1 << indexBits - 1)
      let entryAddress = table &+ index &* (mode == .bits32 ? 4 : 8)
      guard let value = mode == .bits32 ? read32(entryAddress).map(UInt64.init) : read64(entryAddress) else {
        throw failure(linear, access, .tableOutsideMemory(level: level, address: entryAddress), [], path)
      }
      path.append(PageTableVisit(level: level, address: entryAddress, value: value))
      let entry = PageTableEntry(rawValue: value)
      guard entry.contains(.present) else {
        throw failure(linear, access, .notPresent(level: level), [], path)
      }

      let isPage = level == 1 || entry.contains(.pageSize) && allowsPages(level: level)
      let reserved = value & reservedBits(level: level, isPage: isPage)
      guard reserved == 0 else {
        throw failure(
          linear, access, .reservedBits(level: level, bits: reserved), [.protectionViolation, .reservedBit],
          path)
      }

      // The top entries of PAE paging carry no permissions.
      if !(mode == .pae && level == 3) {
        if !entry.contains(.writable) { permissions.remove(.writable) }
        if !entry.contains(.user) { permissions.remove(.user) }
        if noExecuteEnable, entry.contains(.noExecute) { permissions.remove(.executable) }
      }

      if isPage {
        let pageByteCount: UInt64 = 1 << shift
        try check(linear, access, permissions, entry, path)
        return Translation(
          physicalAddress: pageAddress(value, level: level) & ~(pageByteCount - 1) | address
            & (pageByteCount - 1),
          pageByteCount: pageByteCount, permissions: permissions, path: path)
      }
      table = value & (mode == .bits32 ? 0xFFFF_F000 : PageTableEntry.addressMask4K)
      level -= 1
    }
  }
}
