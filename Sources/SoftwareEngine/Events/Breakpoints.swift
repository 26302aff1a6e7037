internal import X86

/// The bits of DR6 and DR7 (SDM Vol. 3B, 17.2).
enum DebugStatus {
  /// BD: DR7.GD forbade an access to a debug register.
  static let registerAccess: UInt64 = 1 << 13
  /// BS: single step.
  static let singleStep: UInt64 = 1 << 14
  /// The bits that are one and cannot be cleared. Bit 12 is the one that is always zero.
  static let fixedOnes: UInt64 = 0xFFFF_0FF0
  /// The bits that can be written.
  static let writable: UInt64 = 0xE00F
}

enum DebugControl {
  /// GD: the next access to a debug register is #DB.
  static let generalDetect: UInt64 = 1 << 13
  /// Bit 10 reads as one.
  static let fixedOnes: UInt64 = 0x400
  /// The bits that can be written.
  static let writable: UInt64 = 0xFFFF_23FF
}

/// DR0…DR3: breakpoints on instructions, data and ports.
extension Interpreter {
  /// What a breakpoint waits for: DR7.R/W.
  private enum Condition: UInt64 {
    case execute, write, port, access
  }

  /// To be called after DR7, CR4.DE or all of the state changed; before `modeDidChange`.
  func debugRegistersDidChange() {
    hasInstructionBreakpoints = false
    watchesData = false
    watchesPorts = false
    // The usual case: no breakpoint is enabled.
    guard debug.dr7 & 0xFF != 0 else { return }
    for number in 0..<4 where isEnabled(number) {
      switch condition(number) {
      case .execute: hasInstructionBreakpoints = true
      case .write, .access: watchesData = true
      case .port: watchesPorts = core.cr4.contains(.debuggingExtensions)
      }
    }
  }

  private func isEnabled(_ number: Int) -> Bool { debug.dr7 >> UInt64(2 * number) & 3 != 0 }

  private func condition(_ number: Int) -> Condition {
    Condition(rawValue: debug.dr7 >> UInt64(16 + 4 * number) & 3) ?? .execute
  }

  /// The bytes that a breakpoint covers: DR7.LEN, where 2 is eight bytes.
  private func byteCount(_ number: Int) -> UInt64 {
    switch debug.dr7 >> UInt64(18 + 4 * number) & 3 {
    case 0: 1
    case 1: 2
    case 2: 8
    default: 4
    }
  }

  private func address(_ number: Int) -> UInt64 {
    switch number {
    case 0: debug.dr0
    case 1: debug.dr1
    case 2: debug.dr2
    default: debug.dr3
    }
  }

  /// Whether breakpoint `number` covers one of `byteCount` bytes at `start`. Its address is rounded down
  /// to a multiple of its length.
  private func covers(_ number: Int, _ start: UInt64, byteCount: UInt64) -> Bool {
    let length = self.byteCount(number)
    let first = address(number) & ~(length - 1)
    // Distances, so that nothing can wrap.
    return start &- first < length || first &- start < byteCount
  }

  /// Remembers the watchpoints that an access of the instruction under way meets.
  func noteAccess(_ linear: UInt64, byteCount: UInt64, isWrite: Bool, _ privilege: MemoryAccess.Privilege) {
    guard privilege == .user || privilege == .supervisor else { return }
    for number in 0..<4 where isEnabled(number) {
      let condition = condition(number)
      guard condition == .access || condition == .write && isWrite else { continue }
      if covers(number, linear, byteCount: byteCount) { metBreakpoints |= 1 << UInt64(number) }
    }
  }

  /// Remembers the I/O breakpoints that a port access meets (CR4.DE).
  func notePortAccess(_ port: UInt16, width: UInt8) {
    for number in 0..<4 where isEnabled(number) && condition(number) == .port {
      if covers(number, UInt64(port), byteCount: UInt64(width)) { metBreakpoints |= 1 << UInt64(number) }
    }
  }

  /// The #DB that an instruction breakpoint at RIP raises, before the instruction: none while RF is set,
  /// or right after a load of SS.
  func instructionBreakpoint() -> GuestException? {
    guard hasInstructionBreakpoints, !core.systemFlags.contains(.resume), !events.isShadowedByMOVSS else {
      return nil
    }
    let linear = core.isLong ? core.rip : (segmentBase(.cs) &+ core.rip) & 0xFFFF_FFFF
    var met: UInt64 = 0
    for number in 0..<4 where isEnabled(number) && condition(number) == .execute && address(number) == linear
    {
      met |= 1 << UInt64(number)
    }
    return met == 0 ? nil : GuestException(vector: .debug, payload: met)
  }
}
