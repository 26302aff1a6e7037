internal import X86

/// What follows from the control registers, the flags and CS: the mode the vCPU is in.
extension Interpreter {
  /// Works out the mode anew. To be called after CS, SS, CR0, CR3, CR4, EFER, or RFLAGS.VM or AC
  /// changed. It does not flush the translation cache.
  func modeDidChange() {
    let isProtected = core.cr0.contains(.protectionEnable)
    let isVirtual8086 = isProtected && core.systemFlags.contains(.virtual8086)
    let isLongActive = core.efer.contains(.longModeActive)
    let code = accessRights(.cs)
    let stack = accessRights(.ss)

    let isLong = isLongActive && code & Self.isLongBit != 0
    let isDefault32 = code & Self.isDefault32Bit != 0
    let is32 = isDefault32 && isProtected && !isVirtual8086
    let privilege: UInt8 = !isProtected ? 0 : isVirtual8086 ? 3 : UInt8(truncatingIfNeeded: stack >> 5 & 3)
    core.store(
      UInt8(isLong ? 8 : is32 || (isDefault32 && !isVirtual8086) ? 4 : 2), at: CoreLayout.codeSize)
    core.store(privilege, at: CoreLayout.privilege)
    core.store(UInt8(isLong ? 8 : stack & Self.isDefault32Bit != 0 ? 4 : 2), at: CoreLayout.stackSize)
    core.store(JumpCache.salt(codeSize: core.codeSize, privilege: privilege), at: CoreLayout.modeSalt)

    pagingDidChange()
  }

  /// Bits of a segment's access rights: see `SegmentAttributes.accessRights`.
  private static var isLongBit: UInt32 { 1 << 13 }
  private static var isDefault32Bit: UInt32 { 1 << 14 }

  /// Works out the page walk and which translations apply.
  func pagingDidChange() {
    let (cr0, cr3, cr4, efer) = (core.cr0, core.cr3, core.cr4, core.efer)
    let mode: PagingMode
    if !cr0.contains([.paging, .protectionEnable]) {
      mode = .none
    } else if efer.contains(.longModeActive) {
      mode = .fourLevel
    } else {
      mode = cr4.contains(.physicalAddressExtension) ? .pae : .bits32
    }
    walker.mode = mode
    walker.root =
      switch mode {
      case .none: 0
      case .bits32: cr3.tableAddress32
      case .pae: cr3.tableAddressPAE
      case .fourLevel, .fiveLevel: cr3.tableAddress
      }
    walker.writeProtect = cr0.contains(.writeProtect)
    walker.noExecuteEnable = efer.contains(.noExecuteEnable) && mode != .bits32
    walker.pageSizeExtensions = cr4.contains(.pageSizeExtensions)
    walker.supervisorModeExecutionPrevention = cr4.contains(.supervisorModeExecutionPrevention)
    walker.supervisorModeAccessPrevention = cr4.contains(.supervisorModeAccessPrevention)
    walker.alignmentCheck = core.systemFlags.contains(.alignmentCheck)
    walker.physicalAddressBits = model.physicalAddressBits
    walker.hasGigabytePages = model.hasGigabytePages
    shortWalkDidChange()

    let table: TranslationTables.Kind =
      checksEveryAccess ? .none : core.privilege == 3 ? .user : supervisorTable
    // Sound: the tables live as long as the interpreter, and with it the block.
    unsafe core.store(translations.table(table), at: CoreLayout.translations)
  }

  /// Whether an unaligned access by the instruction under way is #AC.
  var checksAlignment: Bool {
    core.privilege == 3 && core.cr0.contains(.alignmentMask) && core.systemFlags.contains(.alignmentCheck)
  }

  /// Whether each access must be looked at, so that the translation cache is not to be used.
  var checksEveryAccess: Bool { watchesData || checksAlignment }
}
