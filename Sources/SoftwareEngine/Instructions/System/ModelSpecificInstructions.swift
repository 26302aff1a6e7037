internal import X86

/// RDMSR and WRMSR (SDM Vol. 2).
extension Interpreter {
  func readModelSpecific() throws(Interruption) {
    try checkPrivileged()
    let register = MSR(rawValue: UInt32(truncatingIfNeeded: core.rcx))
    if register.belongsToLocalAPIC { return setRegisterPair(try readOutsideRegister(register)) }
    guard let value = readRegister(register) else {
      denied.count(register, isWrite: false) { core.rip }
      throw .generalProtection()
    }
    setRegisterPair(value)
  }

  func writeModelSpecific() throws(Interruption) {
    try checkPrivileged()
    let register = MSR(rawValue: UInt32(truncatingIfNeeded: core.rcx))
    let value = registerPair
    if register.belongsToLocalAPIC {
      try writeOutsideRegister(register, value)
      // CPUID shows whether there is a local APIC.
      if register == .apicBase { modelSpecific.apicBase = value }
      return
    }
    guard writeRegister(register, value) else {
      denied.count(register, isWrite: true) { core.rip }
      throw .generalProtection()
    }
  }

  /// The registers that the other parts of this CPU hold, then those that are stored.
  private func readRegister(_ register: MSR) -> UInt64? {
    switch register {
    case .efer: core.efer.rawValue
    case .fsBase: segmentBase(.fs)
    case .gsBase: segmentBase(.gs)
    case .timeStampCounter: timeStamp
    default: belongsToClock(register) ? readClockRegister(register) : modelSpecific.read(register, model)
    }
  }

  /// - Returns: false for #GP.
  private func writeRegister(_ register: MSR, _ value: UInt64) -> Bool {
    switch register {
    case .efer: return writeEFER(EFER(rawValue: value))
    case .fsBase, .gsBase:
      guard isCanonical(value, bits: 48) else { return false }
      setSegmentBase(register == .fsBase ? .fs : .gs, value)
      return true
    case .timeStampCounter:
      let change = value &- timeStamp
      modelSpecific.timeStampOffset &+= change
      modelSpecific.timeStampAdjust &+= change
      tellTime()
      return true
    case .timeStampAdjust:
      guard modelSpecific.write(register, value, model) else { return false }
      tellTime()
      return true
    default:
      guard belongsToClock(register) else { return modelSpecific.write(register, value, model) }
      writeClockRegister(register, value)
      return true
    }
  }

  private func writeEFER(_ value: EFER) -> Bool {
    let old = core.efer
    // LMA follows LME and CR0.PG; what is written to it does not count.
    let new = value.subtracting(.longModeActive).union(old.intersection(.longModeActive))
    guard new.isSubset(of: model.supportedEFER.union(.longModeActive)) else { return false }
    let changed = old.symmetricDifference(new)
    if changed.contains(.longModeEnable), core.cr0.contains(.paging) { return false }
    core.efer = new
    if changed.contains(.noExecuteEnable) {
      translations.flush()
      pagingDidChange()
    }
    return true
  }
}

extension MSR {
  /// Whether a local APIC answers for it: IA32_APIC_BASE, IA32_TSC_DEADLINE, the x2APIC registers.
  var belongsToLocalAPIC: Bool {
    self == .apicBase || self == .timeStampDeadline || rawValue >= 0x800 && rawValue <= 0x8FF
  }
}
