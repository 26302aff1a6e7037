internal import X86

/// The instructions that set, clear, save and restore flags.
extension Interpreter {
  func executeFlag(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .clc: core.setCarryFlag(false)
    case .stc: core.setCarryFlag(true)
    case .cmc: core.setCarryFlag(!core.carryFlag)
    case .cld: core.systemFlags.remove(.direction)
    case .std: core.systemFlags.insert(.direction)
    case .lahf: core.setHighByte(0, core.statusFlags & 0xD5 | 2)
    case .sahf:
      let overflow = core.overflowFlag ? RFLAGS.overflow.rawValue : 0
      core.setStatusFlags(core.highByte(0) & 0xD5 | overflow)
    case .cli:
      try checkInterruptPrivilege()
      core.systemFlags.remove(.interruptEnable)
    case .sti: try setInterruptFlag()
    case .clac: try setAlignmentCheck(false)
    case .stac: try setAlignmentCheck(true)
    case .pushf: try pushFlags(width: instruction.operandSize)
    case .popf: try popFlags(width: instruction.operandSize)
    default: throw .invalidOpcode
    }
  }

  /// CLI and STI need CPL ≤ IOPL: without the virtual-interrupt extensions, which this CPU does not have,
  /// there is nothing else (SDM Vol. 2, CLI).
  private func checkInterruptPrivilege() throws(Interruption) {
    guard core.privilege <= core.systemFlags.ioPrivilegeLevel else { throw .generalProtection() }
  }

  /// STI: where IF was clear, interrupts wait for one more instruction.
  private func setInterruptFlag() throws(Interruption) {
    try checkInterruptPrivilege()
    if core.systemFlags.contains(.interruptEnable) { return }
    core.systemFlags.insert(.interruptEnable)
    events.isShadowedBySTI = true
    lookUpSoon()
  }

  /// CLAC and STAC.
  private func setAlignmentCheck(_ isSet: Bool) throws(Interruption) {
    guard core.privilege == 0 else { throw .invalidOpcode }
    changeFlags(to: isSet ? .max : 0, mask: RFLAGS.alignmentCheck.rawValue)
  }

  private func pushFlags(width: UInt8) throws(Interruption) {
    if isVirtual8086, core.systemFlags.ioPrivilegeLevel < 3 { throw .generalProtection() }
    let flags = core.rflags.subtracting([.virtual8086, .resume])
    try push(flags.rawValue & mask(width), width: width)
  }

  /// POPF: IOPL changes at CPL 0 only, and IF only where CPL ≤ IOPL; otherwise they stay, without a fault.
  private func popFlags(width: UInt8) throws(Interruption) {
    if isVirtual8086, core.systemFlags.ioPrivilegeLevel < 3 { throw .generalProtection() }
    let flags = try peek(width: width)
    dropStack(UInt64(width))
    // TF, DF and NT, and in the upper half AC and ID; RF is cleared.
    var changeable = Core.statusFlagMask | 0x4500
    if width != 2 { changeable |= 0x25_0000 }
    if core.privilege <= core.systemFlags.ioPrivilegeLevel { changeable |= RFLAGS.interruptEnable.rawValue }
    if core.privilege == 0 { changeable |= Self.ioPrivilegeMask }
    changeFlags(to: flags & ~RFLAGS.resume.rawValue, mask: changeable)
  }

  /// Takes the flags in `mask` from `flags`, and follows up what depends on them.
  func changeFlags(to flags: UInt64, mask: UInt64) {
    let old = core.rflags.rawValue
    let new = old & ~mask | flags & mask
    core.rflags = RFLAGS(rawValue: new)
    if (old ^ new) & RFLAGS.alignmentCheck.rawValue != 0 { pagingDidChange() }
  }
}
