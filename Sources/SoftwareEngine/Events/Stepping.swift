internal import X86

/// One instruction with all that can happen around it: breakpoints, the single-step trap, the interrupt
/// shadow, exceptions.
extension Interpreter {
  /// Whether the next instruction must be executed by `step`, because something happens around it that
  /// handlers of single instructions know nothing of.
  var mustStep: Bool {
    hasInstructionBreakpoints || watchesData || watchesPorts || events.isShadowedBySTI
      || events.isShadowedByMOVSS || !core.systemFlags.isDisjoint(with: [.trap, .resume])
  }

  /// Executes the instruction at RIP and delivers what it raises. Where it needs an answer from outside,
  /// `pendingExit` says so, and `step` is called again with the answer there.
  func step() {
    if !deviceAccesses.isUnderWay, let breakpoint = instructionBreakpoint() { return deliver(breakpoint) }
    let flags = core.systemFlags
    let shadows = (events.isShadowedBySTI, events.isShadowedByMOVSS)
    // What this instruction sets itself holds for the next one.
    events.isShadowedBySTI = false
    events.isShadowedByMOVSS = false
    skipsSingleStep = false
    let start = core.rip
    var isReturn = false
    do throws(Interruption) {
      let instruction = try fetchInstruction()
      isReturn = instruction.operation == .iret
      try execute(instruction)
    } catch {
      switch error {
      case .exception(let exception): deliver(exception)
      case .deviceAccess: (events.isShadowedBySTI, events.isShadowedByMOVSS) = shadows
      }
      return
    }
    // IRET may set RF for the instruction that it returns to; any other instruction ends its effect,
    // but for an iteration of a repeated one.
    let isRepeating = core.rip == start && flags.contains(.resume)
    if !isReturn, !isRepeating { core.systemFlags.remove(.resume) }
    deliverTraps(isSingleStepping: flags.contains(.trap), isIteration: core.rip == start)
  }

  /// The traps after an instruction: watchpoints and the single step, as one #DB (SDM Vol. 3A, 6.9). A
  /// load of SS holds them back until after the next instruction; its single step is lost.
  private func deliverTraps(isSingleStepping: Bool, isIteration: Bool) {
    if events.isShadowedByMOVSS { return }
    var payload = metBreakpoints
    if isSingleStepping, !skipsSingleStep { payload |= DebugStatus.singleStep }
    if payload == 0 { return }
    metBreakpoints = 0
    // A repeated instruction that is not done goes on after the handler: its breakpoint must not be met
    // again.
    if isIteration { core.systemFlags.insert(.resume) }
    deliver(GuestException(vector: .debug, payload: payload, isTrap: true))
  }
}
