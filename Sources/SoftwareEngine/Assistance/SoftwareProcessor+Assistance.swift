public import Engine
internal import Synchronization
internal import X86

/// The software CPU as the helper of another engine that runs the same vCPU over the same memory.
extension SoftwareProcessor {
  /// Why `assist` came back.
  public enum AssistPause {
    /// The run loop has something to answer.
    case exit(VMExit)
    /// The next instruction is for the other engine; nothing of it was done.
    case handedOver
    /// The privilege level is 3, and nothing is on its way to the vCPU.
    case userMode
    /// As many instructions as were asked for are done.
    case done
  }

  /// What is left to the other engine.
  public struct AssistRules: Sendable {
    /// Instructions that the other engine alone can answer for, or that this CPU does not have.
    public var leavesSystemToHardware: Bool
    /// Everything at privilege level 3.
    public var stopsInUserMode: Bool

    /// Rules of the given parts.
    public init(leavesSystemToHardware: Bool, stopsInUserMode: Bool) {
      self.leavesSystemToHardware = leavesSystemToHardware
      self.stopsInUserMode = stopsInUserMode
    }
  }

  /// Runs the guest for at most `count` instructions, under rules.
  ///
  /// An instruction that waits for a device is finished first. Where an exit is returned, the next call of
  /// this, or of `run`, takes its answer up.
  public func assist(atMost count: Int64, _ rules: AssistRules) -> AssistPause {
    interpreter.assistance.leavesSystemToHardware = rules.leavesSystemToHardware
    interpreter.assistance.stopsInUserMode = rules.stopsInUserMode
    defer {
      interpreter.assistance.leavesSystemToHardware = false
      interpreter.assistance.stopsInUserMode = false
    }
    var left = count
    if interpreter.activity == .halted { interpreter.activity = .running }
    if interpreter.deviceAccesses.isUnderWay, !interpreter.hasPendingEvents {
      if let pause = advance(&left, by: 1, rules) { return pause }
    }
    while true {
      takeEvents()
      if let exit = takeExit() { return .exit(exit) }
      if isKicked.exchange(false, ordering: .acquiring) { return .exit(.interrupted) }
      if interpreter.wantsInterruptWindow, canAcceptInterrupt { return .exit(.interruptWindow) }
      if rules.stopsInUserMode, isInPlainUserMode { return .userMode }
      if left <= 0 { return .done }
      noteForeignWrites()
      if let pause = advance(&left, by: min(left, Self.quantum), rules) { return pause }
      interpreter.looksUpSoon = false
    }
  }

  private func advance(_ left: inout Int64, by count: Int64, _ rules: AssistRules) -> AssistPause? {
    // A guest in user mode that is not plain (single-stepped, say) goes on here.
    interpreter.assistance.stopsInUserMode = rules.stopsInUserMode && interpreter.core.privilege != 3
    let exit = advance(by: count, isExact: true)
    left -= count &- interpreter.core.budget
    if interpreter.assistance.handsOver {
      interpreter.assistance.handsOver = false
      return .handedOver
    }
    return exit.map { .exit($0) }
  }

  /// Takes an access to a device back, and with it the instruction that asked for it, which has done
  /// nothing yet. False where it has: then the access must be answered.
  public func takeBackAccess() -> Bool {
    guard !interpreter.deviceAccesses.hasAnswers, !interpreter.hasPendingEvents else { return false }
    interpreter.deviceAccesses.forget()
    return true
  }

  /// Drops a #UD that waits: KVM queues one beside the report of an instruction that it cannot emulate.
  public func dropInvalidOpcode() {
    if interpreter.events.exception?.vector == ExceptionVector.invalidOpcode.rawValue {
      interpreter.events.exception = nil
    }
  }

  /// Memory may have been written to by somebody else.
  public func memoryMayHaveChanged() { interpreter.codeCache.memoryMayHaveChanged() }

  /// Whether the guest had address translations forgotten (a load of CR3, INVLPG and the like) since the
  /// last call of this, or since its state was loaded: what other engines remember of its page tables
  /// does not hold any more.
  public func takeTranslationFlush() -> Bool {
    interpreter.assistance.takeFlush(interpreter.translations.flushCount)
  }

  /// How many instructions were completed.
  public var instructionCount: UInt64 {
    UInt64(bitPattern: interpreter.core.load(Int64.self, at: CoreLayout.retired))
  }

  /// Whether the instruction at RIP changes memory atomically: with LOCK, or as XCHG always does.
  public var isAtomicInstructionNext: Bool {
    guard let instruction = try? interpreter.fetchInstruction() else { return false }
    return instruction.prefixes.contains(.lock) || instruction.operation == .xchg
  }

  /// The instruction at RIP, in Intel's syntax without its operands; nil where there is none.
  public var currentMnemonic: String? {
    guard let instruction = try? interpreter.fetchInstruction() else { return nil }
    return instruction.operation.mnemonic
  }
}
