internal import X86

/// MOV to and from control and debug registers, and the old forms LMSW and SMSW (SDM Vol. 2).
extension Interpreter {
  /// MOV with a control register as operand 0 or 1.
  func moveControl(_ instruction: borrowing Instruction) throws(Interruption) {
    try checkPrivileged()
    if case .control(let number) = instruction.operands[0] {
      try writeControl(number, try read(instruction, 1))
    } else if case .control(let number) = instruction.operands[1] {
      try write(instruction, 0, try readControl(number))
    } else {
      throw .invalidOpcode
    }
  }

  private func readControl(_ number: UInt8) throws(Interruption) -> UInt64 {
    switch number {
    case 0: core.cr0.rawValue
    case 2: core.cr2
    case 3: core.cr3.rawValue
    case 4: core.cr4.rawValue
    case 8: taskPriority
    default: throw .invalidOpcode
    }
  }

  private func writeControl(_ number: UInt8, _ value: UInt64) throws(Interruption) {
    switch number {
    case 0: try writeCR0(value)
    case 2: core.cr2 = value
    case 3: try writeCR3(value)
    case 4: try writeCR4(value)
    case 8:
      guard value <= 15 else { throw .generalProtection() }
      let isLowered = value < taskPriority
      taskPriority = value
      // Interrupts that waited may pass now.
      if isLowered { lookUpSoon() }
    default: throw .invalidOpcode
    }
  }

  /// LMSW changes the low four bits of CR0; it cannot leave protected mode.
  func loadMachineStatus(_ instruction: borrowing Instruction) throws(Interruption) {
    try checkPrivileged()
    let value = try read(instruction, 0) & 0xF
    let kept = core.cr0.rawValue & (~0xF | CR0.protectionEnable.rawValue)
    setCR0(CR0(rawValue: kept | value))
  }

  func storeMachineStatus(_ instruction: borrowing Instruction) throws(Interruption) {
    try checkUserModeInstruction()
    try write(instruction, 0, core.cr0.rawValue)
  }

  // MARK: Debug registers

  /// MOV with a debug register as operand 0 or 1. DR4 and DR5 are DR6 and DR7, or nothing with CR4.DE.
  func moveDebug(_ instruction: borrowing Instruction) throws(Interruption) {
    if case .debug(let number) = instruction.operands[0] {
      try checkDebugAccess(number)
      try writeDebug(number, try read(instruction, 1))
    } else if case .debug(let number) = instruction.operands[1] {
      try checkDebugAccess(number)
      try write(instruction, 0, readDebug(number))
    } else {
      throw .invalidOpcode
    }
  }

  private func checkDebugAccess(_ number: UInt8) throws(Interruption) {
    if number == 4 || number == 5, core.cr4.contains(.debuggingExtensions) { throw .invalidOpcode }
    try checkPrivileged()
    if debug.dr7 & DebugControl.generalDetect != 0 {
      throw .exception(GuestException(vector: .debug, payload: DebugStatus.registerAccess))
    }
  }

  private func readDebug(_ number: UInt8) -> UInt64 {
    switch number {
    case 0: debug.dr0
    case 1: debug.dr1
    case 2: debug.dr2
    case 3: debug.dr3
    case 4, 6: debug.dr6
    default: debug.dr7
    }
  }

  private func writeDebug(_ number: UInt8, _ value: UInt64) throws(Interruption) {
    switch number {
    case 0: debug.dr0 = value
    case 1: debug.dr1 = value
    case 2: debug.dr2 = value
    case 3: debug.dr3 = value
    case 4, 6:
      guard value >> 32 == 0 else { throw .generalProtection() }
      debug.dr6 = value & DebugStatus.writable | DebugStatus.fixedOnes
    default:
      guard value >> 32 == 0 else { throw .generalProtection() }
      debug.dr7 = value & DebugControl.writable | DebugControl.fixedOnes
      breakpointsDidChange()
    }
  }

  /// DR7 or CR4.DE changed.
  func breakpointsDidChange() {
    let watched = watchesData
    debugRegistersDidChange()
    // With watchpoints the translation cache is not used, so that each access is looked at.
    if watched != watchesData { modeDidChange() }
    lookUpSoon()
  }
}
