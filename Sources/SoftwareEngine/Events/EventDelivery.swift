internal import X86

/// Exceptions and interrupts at an instruction boundary: what the loop of the engine calls.
extension Interpreter {
  /// How many exceptions may follow one another in their delivery before the loop gets a chance to stop:
  /// benign ones (an unaligned stack under alignment checks) can do so for ever.
  private static let nestingLimit = 32

  /// Delivers the exception that the instruction at `core.rip` raised, or that was taken as a trap there.
  ///
  /// Afterwards RIP is at a handler, of this exception or of one that its delivery raised, or
  /// `pendingExit` says why not: a triple fault, or a stack in a device, in which case
  /// `deliverPendingEvents` goes on.
  func deliver(_ exception: GuestException) {
    deviceAccesses.forget()
    recordPayload(exception.vector, exception.payload)
    deliver(DeliverableEvent(exception, rip: core.rip, next: core.rip))
  }

  /// Whether an external interrupt would be taken now: RFLAGS.IF is set, no instruction shadows it, and
  /// no other event comes first.
  var canTakeInterrupt: Bool {
    core.systemFlags.contains(.interruptEnable) && canTakeEvent
  }

  /// Whether an NMI would be taken now.
  var canTakeNMI: Bool { !events.isNMIMasked && canTakeEvent }

  private var canTakeEvent: Bool {
    !events.isShadowedBySTI && !events.isShadowedByMOVSS && !hasPendingEvents
      && !deviceAccesses.isUnderWay && (activity == .running || activity == .halted)
  }

  /// Whether `deliverPendingEvents` has something to do before the next instruction, but for an NMI that
  /// is masked.
  var hasPendingEvents: Bool {
    events.exception != nil || events.injectedInterrupt != nil || events.isNMIInjected
  }

  /// Takes an external interrupt; only while `canTakeInterrupt`. It ends HLT.
  func takeInterrupt(vector: UInt8) {
    activity = .running
    deliver(DeliverableEvent(vector: vector, source: .interrupt, returnAddress: core.rip))
  }

  /// Takes an NMI; only while `canTakeNMI`. It ends HLT, and further ones wait until IRET.
  func takeNMI() {
    activity = .running
    events.isNMIPending = false
    events.isNMIMasked = true
    deliver(DeliverableEvent(vector: 2, source: .interrupt, returnAddress: core.rip))
  }

  /// Delivers what `events` holds: what came with a loaded state, what a device interrupted, and an NMI
  /// that waits.
  func deliverPendingEvents() {
    if let exception = events.exception {
      deviceAccesses.rewind()
      let vector = ExceptionVector(rawValue: exception.vector)
      if !exception.isInjected, let vector, let payload = exception.payload { recordPayload(vector, payload) }
      let isSoftware = exception.isInjected && (vector == .breakpoint || vector == .overflow)
      let event = DeliverableEvent(
        vector: exception.vector, errorCode: exception.errorCode,
        source: isSoftware ? .software : .exception,
        returnAddress: isSoftware ? addressAfterInterruptInstruction() : core.rip,
        setsResumeFlag: vector?.kind == .fault)
      deliver(event)
    } else if let vector = events.injectedInterrupt {
      deviceAccesses.rewind()
      let isSoftware = events.isSoftwareInterrupt
      deliver(
        DeliverableEvent(
          vector: vector, source: isSoftware ? .software : .interrupt,
          returnAddress: isSoftware ? addressAfterInterruptInstruction() : core.rip))
    } else if events.isNMIInjected {
      deviceAccesses.rewind()
      deliver(DeliverableEvent(vector: 2, source: .interrupt, returnAddress: core.rip))
    } else if events.isNMIPending, canTakeNMI {
      takeNMI()
    }
  }

  /// Where an INT, INT3 or INTO at RIP ends: another engine began its delivery and left RIP on it.
  private func addressAfterInterruptInstruction() -> UInt64 {
    guard let instruction = try? fetchInstruction() else { return core.rip }
    switch instruction.operation {
    case .int, .int3, .into: return core.rip &+ UInt64(instruction.length)
    default: return core.rip
    }
  }

  /// What CR2, DR6 and DR7 become with an exception.
  func recordPayload(_ vector: ExceptionVector, _ payload: UInt64) {
    if vector == .pageFault { core.cr2 = payload }
    guard vector == .debug else { return }
    // Only B0…B3 are cleared by the CPU; the other bits stay until software clears them.
    debug.dr6 = debug.dr6 & ~0xF | payload
    if debug.dr7 & DebugControl.generalDetect != 0 {
      debug.dr7 &= ~DebugControl.generalDetect
    }
  }

  /// Enters the handler of `event`, or of what follows from faults on the way (SDM Vol. 3A, 6.15,
  /// "Interrupt 8").
  private func deliver(_ first: DeliverableEvent) {
    var event = first
    var count = 0
    metBreakpoints = 0
    while true {
      do throws(Interruption) {
        try enterHandler(of: event)
        core.rip = nextRIP
        deviceAccesses.forget()
        forgetEvents()
        return
      } catch {
        guard case .exception(let second) = error else { return remember(event) }
        deviceAccesses.forget()
        recordPayload(second.vector, second.payload)
        switch outcome(of: second.vector, during: event) {
        case .deliverSecond:
          event = DeliverableEvent(second, rip: core.rip, next: core.rip)
        case .doubleFault:
          event = DeliverableEvent(
            vector: ExceptionVector.doubleFault.rawValue, errorCode: 0, source: .exception,
            returnAddress: core.rip)
        case .shutdown:
          forgetEvents()
          pendingExit = .shutdown
          return
        }
        count += 1
        if count > Self.nestingLimit {
          lookUpSoon()
          return remember(event)
        }
      }
    }
  }

  private func outcome(of second: ExceptionVector, during event: DeliverableEvent)
    -> ExceptionVector.NestedOutcome
  {
    guard event.source == .exception, let first = ExceptionVector(rawValue: event.vector) else {
      return .deliverSecond
    }
    return first.nested(second)
  }

  /// Keeps an event whose delivery was broken off, so that it is begun again, here or by another engine.
  private func remember(_ event: DeliverableEvent) {
    forgetEvents()
    switch event.source {
    case .exception:
      events.exception = PendingEvents.PendingException(
        vector: event.vector, errorCode: event.errorCode, isInjected: true)
    case .interrupt where event.vector == 2: events.isNMIInjected = true
    case .interrupt, .software:
      events.injectedInterrupt = event.vector
      events.isSoftwareInterrupt = event.source == .software
    }
  }

  /// Nothing is under way any more, and no instruction shadows interrupts.
  private func forgetEvents() {
    events.exception = nil
    events.injectedInterrupt = nil
    events.isSoftwareInterrupt = false
    events.isNMIInjected = false
    events.isShadowedBySTI = false
    events.isShadowedByMOVSS = false
  }

  /// Makes the engine's loop look for interrupts and exits before the next instruction.
  func lookUpSoon() { looksUpSoon = true }

  /// The same, and ends the vCPU's turn where it shares its thread with others.
  func yieldTurn() {
    yieldsTurn = true
    looksUpSoon = true
  }

  // MARK: Into the handler

  /// Enters the handler of `event` and sets `nextRIP`. Nothing has changed but memory if it throws.
  ///
  /// INT and its relatives call it from within the instruction: their faults are ordinary faults of that
  /// instruction.
  func enterHandler(of event: DeliverableEvent) throws(Interruption) {
    if !core.cr0.contains(.protectionEnable) {
      try enterRealModeHandler(of: event)
    } else if isLongModeActive {
      try enterLongModeHandler(of: event)
    } else {
      try enterProtectedModeHandler(of: event)
    }
  }

  /// RFLAGS as an event pushes it.
  func flagsForFrame(of event: DeliverableEvent) -> UInt64 {
    let flags = core.rflags
    return event.setsResumeFlag ? flags.union(.resume).rawValue : flags.rawValue
  }

  /// RFLAGS as a handler starts (SDM Vol. 3A, 6.12.1.3).
  ///
  /// - Parameter masksInterrupts: it is entered by an interrupt gate, not a trap gate.
  func clearFlagsForHandler(masksInterrupts: Bool) {
    var flags = core.systemFlags
    flags.subtract([.trap, .nestedTask, .resume, .virtual8086])
    if masksInterrupts { flags.remove(.interruptEnable) }
    core.systemFlags = flags
  }
}
