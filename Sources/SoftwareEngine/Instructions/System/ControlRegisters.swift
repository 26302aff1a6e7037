internal import X86

/// CR0, CR3 and CR4: what may be written, and what follows from it (SDM Vol. 3A, 2.5, 4.1.2, 4.10.4 and
/// 9.8.5).
extension Interpreter {
  /// The bits of CR0 that exist; the others read as zero.
  private static let definedCR0: CR0 = [
    .protectionEnable, .monitorCoprocessor, .emulation, .taskSwitched, .extensionType, .numericError,
    .writeProtect, .alignmentMask, .notWriteThrough, .cacheDisable, .paging,
  ]

  func writeCR0(_ value: UInt64) throws(Interruption) {
    guard value >> 32 == 0 else { throw .generalProtection() }
    let old = core.cr0
    let new = CR0(rawValue: value).intersection(Self.definedCR0).union(.extensionType)
    if new.contains(.notWriteThrough), !new.contains(.cacheDisable) { throw .generalProtection() }
    if new.contains(.paging), !new.contains(.protectionEnable) { throw .generalProtection() }
    if new.contains(.paging), !old.contains(.paging) {
      try startPaging()
    } else if !new.contains(.paging), old.contains(.paging) {
      // 64-bit mode cannot do without; compatibility mode leaves long mode with it.
      if core.isLong { throw .generalProtection() }
      core.efer = core.efer.subtracting(.longModeActive)
    }
    setCR0(new)
  }

  /// PG is about to be set: in long mode if EFER.LME says so.
  private func startPaging() throws(Interruption) {
    if core.efer.contains(.longModeEnable) {
      guard core.cr4.contains(.physicalAddressExtension), !segment(.cs).isLong else {
        throw .generalProtection()
      }
      core.efer = core.efer.union(.longModeActive)
    } else if core.cr4.contains(.physicalAddressExtension) {
      try checkDirectoryPointers(core.cr3)
    }
  }

  /// Sets CR0 to a value that is known to be allowed.
  func setCR0(_ new: CR0) {
    let changed = core.cr0.symmetricDifference(new)
    core.cr0 = new
    if !changed.isDisjoint(with: [.paging, .writeProtect, .protectionEnable]) { translations.flush() }
    modeDidChange()
  }

  func writeCR3(_ value: UInt64) throws(Interruption) {
    let new: CR3
    if isLongModeActive {
      // This CPU has no process-context identifiers, so that bit 63 is reserved like the rest.
      guard value >> UInt64(model.physicalAddressBits) == 0 else { throw refusedControl() }
      new = CR3(rawValue: value)
    } else {
      new = CR3(rawValue: value & 0xFFFF_FFFF)
      if core.cr0.contains(.paging), core.cr4.contains(.physicalAddressExtension) {
        try checkDirectoryPointers(new)
      }
    }
    core.cr3 = new
    if core.cr4.contains(.pageGlobalEnable) { translations.flushLocal() } else { translations.flush() }
    pagingDidChange()
  }

  func writeCR4(_ value: UInt64) throws(Interruption) {
    let old = core.cr4
    let new = CR4(rawValue: value)
    guard new.isSubset(of: model.supportedCR4) else { throw refusedControl() }
    if isLongModeActive, !new.contains(.physicalAddressExtension) { throw .generalProtection() }
    let changed = old.symmetricDifference(new)
    let paging: CR4 = [.pageSizeExtensions, .physicalAddressExtension, .pageGlobalEnable]
    if core.cr0.contains(.paging), !isLongModeActive, new.contains(.physicalAddressExtension),
      !changed.isDisjoint(with: paging)
    {
      try checkDirectoryPointers(core.cr3)
    }
    core.cr4 = new
    if !changed.isDisjoint(
      with: paging.union([.supervisorModeExecutionPrevention, .supervisorModeAccessPrevention]))
    {
      translations.flush()
    }
    if changed.contains(.debuggingExtensions) { breakpointsDidChange() }
    modeDidChange()
  }

  /// PAE paging: the four top entries are read when CR3 is loaded, and reserved bits in one that is
  /// present are #GP(0) then (SDM Vol. 3A, 4.4.1).
  private func checkDirectoryPointers(_ cr3: CR3) throws(Interruption) {
    let reserved: UInt64 = .max << UInt64(model.physicalAddressBits) | 0x1E6
    for index in UInt64(0)..<4 {
      guard let entry = memory.load(UInt64.self, at: cr3.tableAddressPAE &+ index * 8) else { continue }
      if entry & 1 != 0, entry & reserved != 0 { throw .generalProtection() }
    }
  }

  // MARK: Invalidation

  func invalidatePage(_ instruction: borrowing Instruction) throws(Interruption) {
    try checkPrivileged()
    let offset = offset(instruction)
    let name = instruction.memory.segment
    // The segment is not checked: INVLPG does nothing for an address that cannot be.
    let base = core.isLong ? (name == .fs || name == .gs ? segmentBase(name) : 0) : segmentBase(name)
    translations.flush(page: truncateLinear(base &+ offset))
  }

  /// INVPCID, where it is offered: without identifiers there is context 0 alone, and more may be forgotten
  /// than is asked for.
  func invalidateContext(_ instruction: borrowing Instruction) throws(Interruption) {
    try checkPrivileged()
    let type = try read(instruction, 0)
    let linear = try linearOperand(instruction, byteCount: 16, isWrite: false)
    let identifier = try readLinear(linear, width: 8)
    let address = try readLinear(truncateLinear(linear &+ 8), width: 8)
    switch type {
    case 0:
      guard identifier == 0, isCanonical(address, bits: 48) else { throw .generalProtection() }
      translations.flush(page: address)
    case 1:
      guard identifier == 0 else { throw .generalProtection() }
      translations.flushLocal()
    case 2: translations.flush()
    case 3: translations.flushLocal()
    default: throw .generalProtection()
    }
  }
}
