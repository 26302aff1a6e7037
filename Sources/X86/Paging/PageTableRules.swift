/// The rules of the single entry and of access rights, which `PageTableWalker` applies on its way.
extension PageTableWalker {
  /// Whether an entry of this level with PS set maps a page.
  @usableFromInline func allowsPages(level: Int) -> Bool {
    switch (mode, level) {
    case (.bits32, 2): pageSizeExtensions
    case (.pae, 2), (.fourLevel, 2), (.fiveLevel, 2): true
    case (.fourLevel, 3), (.fiveLevel, 3): hasGigabytePages
    default: false
    }
  }

  /// The bits that must be zero in a present entry (SDM Vol. 3A, 4.3, 4.4.1, 4.4.2, 4.5).
  @usableFromInline func reservedBits(level: Int, isPage: Bool) -> UInt64 {
    let width = UInt64(physicalAddressBits)
    let noExecute: UInt64 = noExecuteEnable ? 0 : 1 << 63
    // The bits from the CPU's physical address width up to 51, where address fields end.
    let address: UInt64 = (1 << 52) - (1 << width)
    switch mode {
    case .none:
      return 0
    case .bits32:
      // PSE-36: bits 13…20 of a 4 MiB entry hold address bits 32…39, as far as the CPU has them.
      let used = min(width, 40) - 19
      return isPage && level == 2 ? (1 << 22) - (1 << used) : 0
    case .pae:
      let high: UInt64 = 0x7FF0_0000_0000_0000
      if level == 3 { return address | high | 1 << 63 | 0x1E6 }
      return address | high | noExecute | (isPage && level == 2 ? 0x1F_E000 : 0)
    case .fourLevel, .fiveLevel:
      let size: UInt64 =
        switch level {
        case 4, 5: 1 << 7
        case 3: isPage ? 0x3FFF_E000 : hasGigabytePages ? 0 : 1 << 7
        case 2: isPage ? 0x1F_E000 : 0
        default: 0
        }
      return address | noExecute | size
    }
  }

  /// The address field of an entry that maps a page; bits below the page's size are to be dropped.
  @usableFromInline func pageAddress(_ value: UInt64, level: Int) -> UInt64 {
    guard mode == .bits32 else { return value & PageTableEntry.addressMask4K }
    return level == 2 ? value & 0xFFC0_0000 | (value >> 13 & 0xFF) << 32 : value & 0xFFFF_F000
  }

  /// Checks an access against what the entries allow together (SDM Vol. 3A, 4.6).
  @usableFromInline func check(
    _ linear: UInt64, _ access: MemoryAccess, _ permissions: PagePermissions, _ page: PageTableEntry,
    _ path: PageTablePath
  ) throws(TranslationFailure) {
    if access.privilege == .debugger { return }
    let isKeyForbidden = keyForbids(access, permissions, page)
    guard
      let reason = violation(access, permissions)
        ?? (isKeyForbidden ? .protectionKey(page.protectionKey) : nil)
    else { return }
    // PK says that the key forbids it, whatever else does.
    let code: PageFaultErrorCode =
      isKeyForbidden ? [.protectionViolation, .protectionKey] : .protectionViolation
    throw failure(linear, access, reason, code, path)
  }

  /// Which of the rights other than keys forbids the access.
  private func violation(_ access: MemoryAccess, _ permissions: PagePermissions) -> TranslationFailure.Reason?
  {
    let isUserPage = permissions.contains(.user)
    let isUser = access.privilege == .user
    if isUser, !isUserPage { return .supervisorOnly }
    switch access.kind {
    case .execute:
      if !isUser, isUserPage, supervisorModeExecutionPrevention { return .supervisorExecution }
      return permissions.contains(.executable) ? nil : .noExecute
    case .read, .write:
      let isLifted = alignmentCheck && access.privilege == .supervisor
      if !isUser, isUserPage, supervisorModeAccessPrevention, !isLifted { return .supervisorAccess }
      let isForbiddenWrite =
        access.kind == .write && !permissions.contains(.writable) && (isUser || writeProtect)
      return isForbiddenWrite ? .notWritable : nil
    }
  }

  /// Whether the page's protection key forbids the access; keys do not concern fetches.
  private func keyForbids(_ access: MemoryAccess, _ permissions: PagePermissions, _ page: PageTableEntry)
    -> Bool
  {
    let register = permissions.contains(.user) ? userKeyRights : supervisorKeyRights
    guard let register, access.kind != .execute else { return false }
    let rights = register >> (2 * UInt32(page.protectionKey))
    if rights & 1 != 0 { return true }
    return rights & 2 != 0 && access.kind == .write && (access.privilege == .user || writeProtect)
  }

  /// A failure with the error code that the CPU would push: `cause` and what the access was.
  @usableFromInline func failure(
    _ linear: UInt64, _ access: MemoryAccess, _ reason: TranslationFailure.Reason,
    _ cause: PageFaultErrorCode,
    _ path: PageTablePath
  ) -> TranslationFailure {
    var code = cause
    if access.privilege == .user { code.insert(.user) }
    if access.kind == .write { code.insert(.write) }
    if access.kind == .execute, noExecuteEnable || supervisorModeExecutionPrevention {
      code.insert(.instructionFetch)
    }
    return TranslationFailure(
      linearAddress: linear, access: access, reason: reason, errorCode: code, path: path)
  }
}
