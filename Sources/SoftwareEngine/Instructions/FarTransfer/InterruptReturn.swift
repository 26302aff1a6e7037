internal import X86

/// IRET in every mode (SDM Vol. 2, IRET; Vol. 3B, 20.3 for virtual-8086 mode).
extension Interpreter {
  func returnFromInterrupt(operandSize width: UInt8) throws(Interruption) {
    if isRealAddressing {
      try returnInRealMode(width: width)
    } else {
      try returnInProtectedMode(width: width)
    }
    // NMIs were held back until an IRET, whichever.
    events.isNMIMasked = false
  }

  private func returnInRealMode(width: UInt8) throws(Interruption) {
    if isVirtual8086, core.systemFlags.ioPrivilegeLevel < 3 { throw .generalProtection() }
    let step = UInt64(width)
    let target = try peek(width: width)
    let selector = UInt16(truncatingIfNeeded: try peek(width: width, at: step))
    let flags = try peek(width: width, at: 2 * step)
    let code = realSegment(.cs, selector)
    try checkTarget(target, in: code)
    dropStack(3 * step)
    // In virtual-8086 mode IOPL stays; VM, VIF and VIP do in both.
    var changeable = Self.returnedFlags(width) | RFLAGS.interruptEnable.rawValue
    if !isVirtual8086 { changeable |= Self.ioPrivilegeMask }
    changeFlags(to: flags, mask: changeable)
    enterCode(code, target)
  }

  private func returnInProtectedMode(width: UInt8) throws(Interruption) {
    if core.systemFlags.contains(.nestedTask) {
      // A return to the task that called this one; long mode has no such thing.
      if isLongModeActive { throw .generalProtection() }
      throw taskSwitchUnsupported()
    }
    let step = UInt64(width)
    let target = try peek(width: width)
    let selector = UInt16(truncatingIfNeeded: try peek(width: width, at: step))
    let flags = try peek(width: width, at: 2 * step)
    if !isLongModeActive, width == 4, core.privilege == 0, flags & RFLAGS.virtual8086.rawValue != 0 {
      return try returnToVirtual8086(target, selector, flags)
    }
    let code = try returnCode(selector)
    let changeable = returnableFlags(width)
    // 64-bit mode always takes the stack from the frame.
    if core.isLong || selector.requestedPrivilege > core.privilege {
      let stack = try outerStack(code, at: 3 * step, width: width)
      try checkTarget(target, in: code)
      changeFlags(to: flags, mask: changeable)
      enterOuter(code, target, stack)
    } else {
      try checkTarget(target, in: code)
      dropStack(3 * step)
      changeFlags(to: flags, mask: changeable)
      enterCode(code, target)
    }
  }

  /// To a program of virtual-8086 mode: the frame has all segment registers.
  private func returnToVirtual8086(_ target: UInt64, _ selector: UInt16, _ flags: UInt64) throws(Interruption)
  {
    let pointer = try peek(width: 4, at: 12)
    let ss = UInt16(truncatingIfNeeded: try peek(width: 4, at: 16))
    let es = UInt16(truncatingIfNeeded: try peek(width: 4, at: 20))
    let ds = UInt16(truncatingIfNeeded: try peek(width: 4, at: 24))
    let fs = UInt16(truncatingIfNeeded: try peek(width: 4, at: 28))
    let gs = UInt16(truncatingIfNeeded: try peek(width: 4, at: 32))
    guard target <= 0xFFFF else { throw .generalProtection() }
    core.rflags = RFLAGS(rawValue: flags & Self.definedFlags)
    setSegment(.ss, .virtual8086(ss))
    setSegment(.es, .virtual8086(es))
    setSegment(.ds, .virtual8086(ds))
    setSegment(.fs, .virtual8086(fs))
    setSegment(.gs, .virtual8086(gs))
    core.rsp = pointer
    enterCode(.virtual8086(selector), target)
  }

  // MARK: Flags

  /// Every flag that exists.
  static let definedFlags: UInt64 = 0x3F_7FD7
  static let ioPrivilegeMask: UInt64 = 0x3000

  /// The flags that IRET takes from the stack whatever the privilege level: with 16-bit operands only
  /// the low half.
  static func returnedFlags(_ width: UInt8) -> UInt64 {
    let low: UInt64 = Core.statusFlagMask | 0x4500
    // RF, AC and ID.
    return width == 2 ? low : low | 0x25_0000
  }

  /// The flags that IRET changes at this privilege level in protected mode.
  private func returnableFlags(_ width: UInt8) -> UInt64 {
    var changeable = Self.returnedFlags(width)
    if core.privilege <= core.systemFlags.ioPrivilegeLevel { changeable |= RFLAGS.interruptEnable.rawValue }
    if core.privilege == 0 {
      changeable |= Self.ioPrivilegeMask
      if width != 2 {
        changeable |= RFLAGS.virtualInterrupt.rawValue | RFLAGS.virtualInterruptPending.rawValue
      }
    }
    return changeable
  }
}
