internal import X86

/// SYSCALL, SYSRET, SYSENTER and SYSEXIT (SDM Vol. 2; AMD APM Vol. 2, 6.1, and Vol. 3). The segments have
/// fixed attributes; no descriptor is read.
extension Interpreter {
  /// SYSCALL in 64-bit mode; elsewhere the decoder refuses it, as Intel's CPUs do.
  func systemCall() throws(Interruption) {
    guard core.efer.contains(.systemCallExtensions) else { throw .invalidOpcode }
    let flags = core.rflags.subtracting(.resume)
    let target = modelSpecific.lstar
    core.rcx = nextRIP
    core[11] = flags.rawValue
    core.rflags = RFLAGS(rawValue: flags.rawValue & ~modelSpecific.fmask)
    let selector = UInt16(truncatingIfNeeded: modelSpecific.star >> 32)
    setSegment(.ss, .flatData((selector & 0xFFFC) &+ 8))
    // The single step follows TF as the mask leaves it.
    skipsSingleStep = !core.systemFlags.contains(.trap)
    enterCode(.flatCode64(selector & 0xFFFC), target)
  }

  func systemReturn(operandSize: UInt8) throws(Interruption) {
    guard core.efer.contains(.systemCallExtensions), core.isLong || model.isAMD else { throw .invalidOpcode }
    guard core.cr0.contains(.protectionEnable), core.privilege == 0, !isVirtual8086 else {
      throw .generalProtection()
    }
    let selectors = UInt16(truncatingIfNeeded: modelSpecific.star >> 48)
    let target: UInt64
    let code: Segment
    if operandSize == 8, core.isLong {
      target = core.rcx
      // Intel's CPUs fault here, still at privilege level 0; AMD's at the first instruction of the
      // program.
      guard model.isAMD || isCanonical(target, bits: 48) else { throw .generalProtection() }
      code = .flatCode64((selectors &+ 16) | 3, privilegeLevel: 3)
    } else {
      target = core.rcx & 0xFFFF_FFFF
      code = .flatCode32(selectors | 3, privilegeLevel: 3)
    }
    if core.isLong {
      core.rflags = RFLAGS(rawValue: core[11] & 0x3C_7FD7)
    } else {
      core.systemFlags.insert(.interruptEnable)
    }
    setSegment(.ss, .flatData((selectors &+ 8) | 3, privilegeLevel: 3))
    enterCode(code, target)
  }

  func systemEnter() throws(Interruption) {
    if model.isAMD, isLongModeActive { throw .invalidOpcode }
    guard core.cr0.contains(.protectionEnable) else { throw .generalProtection() }
    let selector = UInt16(truncatingIfNeeded: modelSpecific.sysenterCS)
    if selector.isNullSelector { throw .generalProtection() }
    let isLong = isLongModeActive
    core.systemFlags.subtract([.virtual8086, .interruptEnable, .resume])
    setSegment(.ss, .flatData((selector & 0xFFFC) &+ 8))
    core.rsp = isLong ? modelSpecific.sysenterESP : modelSpecific.sysenterESP & 0xFFFF_FFFF
    let code: Segment = isLong ? .flatCode64(selector & 0xFFFC) : .flatCode32(selector & 0xFFFC)
    enterCode(code, isLong ? modelSpecific.sysenterEIP : modelSpecific.sysenterEIP & 0xFFFF_FFFF)
  }

  func systemExit(operandSize: UInt8) throws(Interruption) {
    if model.isAMD, isLongModeActive { throw .invalidOpcode }
    let selector = UInt16(truncatingIfNeeded: modelSpecific.sysenterCS)
    guard core.cr0.contains(.protectionEnable), !isVirtual8086, core.privilege == 0, !selector.isNullSelector
    else { throw .generalProtection() }
    let base = selector & 0xFFFC
    if operandSize == 8 {
      guard isCanonical(core.rdx, bits: 48), isCanonical(core.rcx, bits: 48) else {
        throw .generalProtection()
      }
      setSegment(.ss, .flatData((base &+ 40) | 3, privilegeLevel: 3))
      core.rsp = core.rcx
      enterCode(.flatCode64((base &+ 32) | 3, privilegeLevel: 3), core.rdx)
    } else {
      setSegment(.ss, .flatData((base &+ 24) | 3, privilegeLevel: 3))
      core.rsp = core.rcx & 0xFFFF_FFFF
      enterCode(.flatCode32((base &+ 16) | 3, privilegeLevel: 3), core.rdx & 0xFFFF_FFFF)
    }
  }
}
