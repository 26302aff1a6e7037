internal import X86

/// The commonest page walk in few steps: 4-level paging, every entry used before, nothing in the way.
///
/// For all else (a fault, an accessed or dirty bit to set, a protection, another mode) it finds nothing, and
/// `PageTableWalker`, which knows all of it, is asked.
extension Interpreter {
  /// A page that was found.
  struct FoundPage {
    /// The physical address of the byte asked for.
    var physical: UInt64
    /// What the entries together allow.
    var permissions: PagePermissions
    /// The last entry.
    var leaf: PageTableEntry
  }

  /// Where `linear`, a canonical address, leads; nil where more has to be looked at.
  func walkFourLevels(_ linear: UInt64, for access: MemoryAccess) -> FoundPage? {
    var table = walker.root
    // Bits that all entries have, and that any has.
    var all = UInt64.max
    var any: UInt64 = 0
    var shift: UInt64 = 39
    var entry: UInt64 = 0
    while true {
      let place = table &+ (linear >> shift & 511) &* 8
      guard let value = memory.load(UInt64.self, at: place) else { return nil }
      entry = value
      guard entry & Self.inUse == Self.inUse, entry & reservedEntryBits == 0 else { return nil }
      all &= entry
      any |= entry
      if shift == 12 { break }
      if entry & Self.pageSize != 0 {
        // Bit 12 of a large page is part of its memory type; the others below its address are reserved.
        guard shift == 21 || (shift == 30 && walker.hasGigabytePages), (entry & ((1 << shift) - 1)) >> 13 == 0
        else { return nil }
        break
      }
      table = entry & PageTableEntry.addressMask4K
      shift &-= 9
    }

    let isUserPage = all & Self.user != 0
    let isWritable = all & Self.writable != 0
    // Without no-execute the bit is reserved, and was looked at.
    let isExecutable = any >> 63 == 0
    let isUser: Bool
    switch access.privilege {
    case .user: isUser = true
    case .supervisor, .implicitSupervisor: isUser = false
    case .debugger: return nil
    }
    if isUser, !isUserPage { return nil }
    switch access.kind {
    case .execute:
      guard isExecutable, isUser || !(isUserPage && walker.supervisorModeExecutionPrevention) else {
        return nil
      }
    case .read:
      guard isUser || !(isUserPage && walker.supervisorModeAccessPrevention) else { return nil }
    case .write:
      guard isUser || !(isUserPage && walker.supervisorModeAccessPrevention),
        isWritable || !(isUser || walker.writeProtect), entry & Self.dirty != 0
      else { return nil }
    }

    var permissions: PagePermissions = []
    if isWritable { permissions.insert(.writable) }
    if isExecutable { permissions.insert(.executable) }
    if isUserPage { permissions.insert(.user) }
    let inPage: UInt64 = (1 << shift) - 1
    return FoundPage(
      physical: entry & PageTableEntry.addressMask4K & ~inPage | linear & inPage, permissions: permissions,
      leaf: PageTableEntry(rawValue: entry))
  }

  /// Present and accessed.
  private static var inUse: UInt64 { 0x21 }
  private static var writable: UInt64 { 1 << 1 }
  private static var user: UInt64 { 1 << 2 }
  private static var dirty: UInt64 { 1 << 6 }
  private static var pageSize: UInt64 { 1 << 7 }

  /// Works out what `walkFourLevels` needs to know of the mode; part of `pagingDidChange`.
  func shortWalkDidChange() {
    hasShortWalk =
      walker.mode == .fourLevel && walker.userKeyRights == nil && walker.supervisorKeyRights == nil
    let width = UInt64(min(max(walker.physicalAddressBits, 32), 52))
    reservedEntryBits =
      PageTableEntry.addressMask4K & ~((1 << width) - 1) | (walker.noExecuteEnable ? 0 : 1 << 63)
  }
}
