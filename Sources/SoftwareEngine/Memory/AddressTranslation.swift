internal import X86

/// Linear to physical addresses: the page walk, accessed and dirty bits, and the translation cache.
extension Interpreter {
  /// Translates `linear` for `access`, sets the accessed and dirty bits, and enters the page into the
  /// translation cache where later accesses need no look.
  ///
  /// - Throws: #PF, or #GP where the address is not canonical (who checks the segment has found that
  ///   out before).
  func translate(_ linear: UInt64, for access: MemoryAccess) throws(Interruption) -> UInt64 {
    let linear = truncate(linear, access.privilege)
    if walker.mode == .none {
      remember(
        linear, physical: linear, access, permissions: [.writable, .executable, .user], isDirty: true,
        isGlobal: false)
      return linear
    }
    if hasShortWalk, isCanonical(linear, bits: 48), let found = walkFourLevels(linear, for: access) {
      remember(
        linear, physical: found.physical, access, permissions: found.permissions,
        isDirty: found.leaf.contains(.dirty),
        isGlobal: found.leaf.contains(.global) && core.cr4.contains(.pageGlobalEnable))
      return found.physical
    }
    let translation: Translation
    do throws(TranslationFailure) {
      translation = try walker.translate(
        linear, for: access,
        read32: { memory.load(UInt32.self, at: $0) }, read64: { memory.load(UInt64.self, at: $0) })
    } catch {
      guard let code = error.errorCode else { throw .generalProtection() }
      throw .pageFault(linear, code)
    }
    let leaf = markUsed(translation.path, isWrite: access.kind == .write)
    remember(
      linear, physical: translation.physicalAddress, access, permissions: translation.permissions,
      isDirty: leaf.contains(.dirty), isGlobal: leaf.contains(.global) && core.cr4.contains(.pageGlobalEnable)
    )
    return translation.physicalAddress
  }

  /// Sets the accessed bits of the entries on the way, and the dirty bit of the last (SDM Vol. 3A,
  /// 4.8). Returns the last entry as it is now.
  private func markUsed(_ path: PageTablePath, isWrite: Bool) -> PageTableEntry {
    var leaf = PageTableEntry(rawValue: 0)
    let isNarrow = walker.mode == .bits32
    for index in 0..<path.count {
      let visit = path[index]
      let isLeaf = index == path.count - 1
      var entry = PageTableEntry(rawValue: visit.value)
      // The top entries of PAE paging have no accessed bit.
      let hasAccessed = !(walker.mode == .pae && visit.level == 3)
      if hasAccessed { entry.insert(.accessed) }
      if isLeaf, isWrite { entry.insert(.dirty) }
      if entry.rawValue != visit.value {
        // An entry lies in RAM, or it could not have been read; a table in ROM stays as it is.
        try? writePhysical(visit.address, width: isNarrow ? 4 : 8, entry.rawValue)
      }
      if isLeaf { leaf = entry }
    }
    return leaf
  }

  private func remember(
    _ linear: UInt64, physical: UInt64, _ access: MemoryAccess, permissions: PagePermissions,
    isDirty: Bool, isGlobal: Bool
  ) {
    if access.kind == .execute { return }
    guard let page = unsafe memory.host(ofPage: physical & ~0xFFF) else { return }
    let isUser = access.privilege == .user
    let isReadOnly = unsafe page.isReadOnly
    let mayWrite =
      (permissions.contains(.writable) || (!isUser && !walker.writeProtect)) && isDirty
      && !isReadOnly && !codeCache.holdsCode(physical & ~0xFFF)
    let kind: TranslationTables.Kind =
      isUser ? .user : access.privilege == .implicitSupervisor ? .supervisor : supervisorTable
    if checksEveryAccess { return }
    // Sound: guest memory stays mapped for as long as the machine exists.
    unsafe translations.enter(
      linear, in: kind, physical: physical, host: page.address, isWritable: mayWrite, isGlobal: isGlobal)
  }

  /// The table for the supervisor's accesses as RFLAGS.AC stands.
  var supervisorTable: TranslationTables.Kind {
    walker.supervisorModeAccessPrevention && walker.alignmentCheck ? .supervisorLifted : .supervisor
  }
}
