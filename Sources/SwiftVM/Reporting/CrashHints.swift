internal import Engine
internal import X86

/// The usual reasons for the usual deaths, for people who write their first kernel.
enum CrashHints {
  /// What a look at the culprit's state suggests.
  static func hints(reason: StopReason, vcpu: CrashReport.VCPU) -> [String] {
    guard let state = vcpu.state else { return [] }
    if vcpu.isAfterReset {
      return [
        "this CPU resets a vCPU on a triple fault, so the registers above are not those at the fault; the last "
          + "exits still tell how far the guest came"
      ]
    }
    switch reason {
    case .tripleFault: return tripleFault(state, vcpu)
    case .timeout:
      if isLostInZeros(state, vcpu) {
        return [
          "it executes zeros in the lowest 64 KiB: an INT of real mode leads there by a vector that nobody "
            + "set, and there is no BIOS that would have"
        ]
      }
      return state.rflags.contains(.interruptEnable) ? [] : ["interrupts are off (IF = 0)"]
    default: return []
    }
  }

  /// Where an empty vector of real mode leads: 0000:0000, and from there through memory that nobody used.
  private static func isLostInZeros(_ state: CPUState, _ vcpu: CrashReport.VCPU) -> Bool {
    state.mode == .real && state.cs.base == 0 && !vcpu.code.isEmpty && vcpu.code.allSatisfy { $0 == 0 }
  }

  private static func tripleFault(_ state: CPUState, _ vcpu: CrashReport.VCPU) -> [String] {
    var hints: [String] = []
    if state.idt.limit == 0, state.idt.base >> 16 == 0xF {
      return [
        "the BIOS ended it, with an empty interrupt table: the guest has no handler for an exception, and the "
          + "last line on the serial port says for which and where"
      ]
    }
    if state.mode != .real && state.idt.limit < 8 {
      hints.append("the interrupt descriptor table is empty, so any exception is fatal: load one with LIDT")
    } else if state.mode == .long && state.idt.limit < 16 * 32 - 1 {
      hints.append(
        "the interrupt descriptor table has fewer than the 32 gates of 16 bytes that exceptions need")
    }
    for walk in vcpu.walks {
      switch walk.result {
      case .failure(let failure):
        hints.append("\(walk.name) leads nowhere: \(failure.description)")
      case .success(let translation) where walk.isOutsideMemory && walk.name != "CR2":
        hints.append(
          "\(walk.name) leads to guest-physical \(hex(translation.physicalAddress)), where there is no RAM")
      default: break
      }
    }
    return hints
  }
}
