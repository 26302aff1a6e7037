internal import X86

/// How an interpreter shares its vCPU with a hardware engine: what it leaves to that engine, and when it
/// stops so that the other can go on.
///
/// An interpreter on its own has all of this off.
struct Assistance {
  /// Instructions that only the hardware engine can answer for are left to it, and so are those that
  /// this CPU does not have: they may exist there.
  var leavesSystemToHardware = false
  /// It stops as soon as the privilege level is 3.
  var stopsInUserMode = false
  /// The instruction at RIP is one for the hardware engine; nothing of it was done.
  var handsOver = false
  /// What the count of forgotten translations was when the state was loaded.
  private var flushesAtLoad: UInt64 = 0

  /// Whether the loop must look up before the next instruction.
  @inline(__always)
  func wantsToPause(_ privilege: UInt8) -> Bool { handsOver || (stopsInUserMode && privilege == 3) }

  mutating func didLoad(flushes: UInt64) {
    handsOver = false
    flushesAtLoad = flushes
  }

  /// Whether the guest had translations forgotten since the last call of this, or since the state was
  /// loaded.
  mutating func takeFlush(_ flushes: UInt64) -> Bool {
    defer { flushesAtLoad = flushes }
    return flushes != flushesAtLoad
  }
}

extension Interpreter {
  /// Breaks the instruction under way off before it has done anything: it is for the hardware engine.
  func handOver() -> Interruption {
    assistance.handsOver = true
    return .deviceAccess
  }

  /// What an instruction is that this CPU does not have: #UD, or one for the hardware engine, whose CPU
  /// may have it.
  func undefinedInstruction() -> Interruption {
    assistance.leavesSystemToHardware ? handOver() : .invalidOpcode
  }

  /// What a value is that a control register of this CPU cannot have: #GP(0), or an instruction for the
  /// hardware engine.
  func refusedControl() -> Interruption {
    assistance.leavesSystemToHardware ? handOver() : .generalProtection()
  }
}

extension Instruction {
  /// Whether the answer to it is in the hardware engine: model-specific registers, the task priority, and
  /// what makes the vCPU wait or talk to the hypervisor.
  var belongsToHardware: Bool {
    switch operation {
    case .rdmsr, .wrmsr, .rdpmc, .xsetbv, .hlt, .vmcall, .vmmcall, .monitor, .mwait: return true
    case .mov:
      if case .control(8) = operands[0] { return true }
      if case .control(8) = operands[1] { return true }
      return false
    default: return false
    }
  }

  /// Whether it is #UD on every CPU.
  var isAlwaysUndefined: Bool { operation == .ud0 || operation == .ud1 || operation == .ud2 }
}
