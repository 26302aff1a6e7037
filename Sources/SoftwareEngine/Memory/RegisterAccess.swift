internal import Engine
internal import X86

/// Model-specific registers that are not the processor's own but the local APIC's: reached through the
/// run loop, like a device.
extension Interpreter {
  /// RDMSR of such a register.
  ///
  /// - Throws: #GP(0) where there is none.
  func readOutsideRegister(_ register: MSR) throws(Interruption) -> UInt64 {
    if let answer = deviceAccesses.nextAnswer() {
      guard !outsideRegisterWasRefused else { throw .generalProtection() }
      return answer
    }
    _ = deviceAccesses.ask(UInt64(register.rawValue), width: 8, direction: .read, value: 0)
    pendingExit = .readRegister(register)
    throw .deviceAccess
  }

  /// WRMSR to such a register.
  ///
  /// - Throws: #GP(0) where there is none, or it does not take the value.
  func writeOutsideRegister(_ register: MSR, _ value: UInt64) throws(Interruption) {
    if deviceAccesses.nextAnswer() != nil {
      guard !outsideRegisterWasRefused else { throw .generalProtection() }
      return
    }
    _ = deviceAccesses.ask(UInt64(register.rawValue), width: 8, direction: .read, value: 0)
    pendingExit = .writeRegister(register, value: value)
    throw .deviceAccess
  }

  /// The run loop's answer: the value, or nil for #GP.
  func completeRegisterRead(_ value: UInt64?) {
    outsideRegisterWasRefused = value == nil
    deviceAccesses.answer(value ?? 0)
  }
}
