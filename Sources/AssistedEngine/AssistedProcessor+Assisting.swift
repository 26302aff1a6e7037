public import Engine
internal import Host
internal import KVMEngine
internal import SoftwareEngine
internal import X86

/// What happens when KVM cannot carry out an instruction: the vCPU moves to the helper, which executes it
/// and goes on while that pays, and moves back.
extension AssistedProcessor {
  /// KVM met an instruction that it cannot carry out: the helper does it, and KVM goes on, until something
  /// happens that the run loop must answer.
  @usableFromInline @inline(never)
  func goOn(after failure: EmulationFailure) throws(EngineError) -> VMExit {
    if let exit = try assist(failure) { return exit }
    return try runOnHardware()
  }

  /// Runs the guest on KVM, with the helper at hand.
  func runOnHardware() throws(EngineError) -> VMExit {
    while true {
      let end: HardwareProcessor.TurnEnd
      if let turn = patience.turn {
        end = try hardware.run(forAtMost: turn)
      } else {
        end = .exit(try hardware.run())
      }
      switch end {
      case .exit(.emulationFailure(let failure)):
        if let exit = try assist(failure) { return exit }
      case .exit(let exit): return exit
      case .timeIsUp:
        if let exit = try reconsider() { return exit }
      }
    }
  }

  /// Moves to the helper for the instruction that KVM cannot carry out.
  ///
  /// - Returns: an exit of the helper, or the failure itself where the helper cannot do it either; nil
  ///   once the vCPU is on KVM again.
  private func assist(_ failure: EmulationFailure) throws(EngineError) -> VMExit? {
    // Other sub-codes are no failures of an instruction.
    guard failure.code == 1 else { return .emulationFailure(failure) }
    let turn = turnSoFar
    try moveToSoftware(.failure)
    self.failure = failure
    guard let software, isInSoftware else { return .emulationFailure(failure) }
    // KVM queues #UD beside its report (handle_emulation_failure).
    software.dropInvalidOpcode()
    if let mnemonic = software.currentMnemonic { count.byMnemonic[mnemonic, default: 0] &+= 1 }
    // KVM runs user mode best. And to other vCPUs, which go on meanwhile, what the helper does to memory is
    // not atomic, so that it must not do more than it has to.
    let isShort = departure.privilegeLevel == 3 || machine.processorCount > 1
    patience.begin(after: turn, isShort: isShort)
    return try runInSoftware()
  }

  /// Runs the guest where the vCPU is not simply on KVM.
  @usableFromInline @inline(never)
  func runAway() throws(EngineError) -> VMExit {
    if machine.mode == .kernelMode { return try runKernelMode() }
    if isInSoftware {
      if let exit = try runInSoftware() { return exit }
      return try runOnHardware()
    }
    if randomMoves != nil { return try runAtRandom() }
    // Between two exits KVM's turn goes on, unless it has shown enough.
    if Patience.verdict(on: turnSoFar) == .slow {
      if let exit = try finishExit() { return exit }
      if let exit = try reconsider() { return exit }
      // The kick that ended the entry may have been somebody's.
      return .interrupted
    }
    return try runOnHardware()
  }

  /// Has KVM take up the data of the exit before, so that it has the vCPU between two instructions. Nil: it
  /// does. What a kick says may have been taken up with it: the helper knows it still, else the run loop has
  /// to look.
  func finishExit() throws(EngineError) -> VMExit? {
    _ = try helperMade()
    hardware.dontEnter()
    let exit = try hardware.run()
    guard case .interrupted = exit else { return exit }
    return nil
  }

  /// KVM's turn is over without a failure: where it was slow, and the guest is not in user mode, the vCPU
  /// moves to the helper.
  ///
  /// - Returns: an exit of the helper; nil where the vCPU is on KVM.
  private func reconsider() throws(EngineError) -> VMExit? {
    let turn = turnSoFar
    let verdict = Patience.verdict(on: turn)
    if verdict == .slow {
      try moveToSoftware(.slowness)
      if isInSoftware {
        count.takeovers &+= 1
        patience.begin(after: turn, isShort: false)
        return try runInSoftware()
      }
    }
    patience.goOn(after: verdict, isUserMode: verdict == .slow && departure.privilegeLevel == 3)
    // Too little to tell adds up.
    if verdict != .unknown { beginTurn() }
    return nil
  }

  /// What KVM did since it got the vCPU.
  private var turnSoFar: Patience.Turn {
    // First the time: the first question for the count takes some of it.
    let nanoseconds = HostClock.threadNanoseconds &- turnStart.nanoseconds
    let emulated = hardware.emulationCount
    return Patience.Turn(
      nanoseconds: nanoseconds, emulated: emulated.map { $0 &- (turnStart.emulated ?? 0) })
  }

  private func beginTurn() {
    let emulated = hardware.emulationCount
    turnStart = Patience.Turn(nanoseconds: HostClock.threadNanoseconds, emulated: emulated)
  }

  /// Runs the guest in the helper. Nil: it was handed back to KVM.
  func runInSoftware() throws(EngineError) -> VMExit? {
    guard let software else {
      throw EngineError("vCPU \(index) is in the software engine, which was not made")
    }
    let rules = SoftwareProcessor.AssistRules(
      leavesSystemToHardware: true, stopsInUserMode: randomMoves == nil && departure.privilegeLevel != 3)
    while true {
      switch software.assist(atMost: nextPiece(software), rules) {
      case .exit(let exit):
        if isKernels(exit), software.takeBackAccess() { return try handBack() }
        return exit
      case .handedOver: return try handBack()
      case .done where mayStay(software): continue
      case .userMode, .done:
        try moveToHardware()
        return nil
      }
    }
  }

  /// How many instructions the helper executes before it is asked whether it may go on. Interrupt controllers
  /// in the kernel cannot reach a vCPU that is here, so that it has to go there from time to time.
  private func nextPiece(_ software: SoftwareProcessor) -> Int64 {
    let left = patience.left(at: software.instructionCount)
    return machine.place == .engine ? min(left, Patience.longestStay) : left
  }

  /// Where the guest takes no interrupts, they have nothing for it.
  private func mayStay(_ software: SoftwareProcessor) -> Bool {
    patience.left(at: software.instructionCount) > 0
      && (machine.place != .engine || !software.interruptsEnabled)
  }

  /// The next instruction is for KVM. Where that is the one that KVM failed at, nobody can do it.
  private func handBack() throws(EngineError) -> VMExit? {
    let isStuck = software?.instructionCount == instructionsBefore
    let failure = failure
    try moveToHardware()
    if isStuck, let failure { return .emulationFailure(failure) }
    return nil
  }

  /// Whether an access is to a device in the kernel: the interrupt controllers and the interval timer.
  private func isKernels(_ exit: VMExit) -> Bool {
    guard machine.place == .engine else { return false }
    switch exit {
    case .portIO(let access):
      switch access.port {
      case 0x20, 0x21, 0xA0, 0xA1, 0x4D0, 0x4D1, 0x40...0x43, 0x61: return true
      default: return false
      }
    case .mmio(let access):
      return access.address & ~0xFFF == 0xFEC0_0000 || access.address & ~0xFFF == departure.apicBase & ~0xFFF
    // A task priority in the kernel's local APIC, or one of its registers.
    case .readRegister, .writeRegister, .taskPriorityLowered: return true
    default: return false
    }
  }

  // MARK: Moves

  /// Why the vCPU goes to the helper.
  enum MoveReason {
    /// KVM failed.
    case failure
    /// KVM is slow.
    case slowness
    /// A test wants it.
    case chance
  }

  /// The vCPU goes to the helper, unless that does not know the modes that it is in, or the reason can wait.
  func moveToSoftware(_ reason: MoveReason) throws(EngineError) {
    departure = try hardware.saveStateForMove()
    switch reason {
    case .failure: break
    case .slowness: if departure.privilegeLevel == 3 || departure.events.isInstructions { return }
    case .chance:
      if departure.events.isInstructions { return }
      // In ring 0 KVM has not gone past the instruction: it is executed again.
      if departure.privilegeLevel == 3, try hardware.mayHideException() { return }
    }
    // A vCPU that sleeps stays where it is woken. And there are modes that the software CPU does not have:
    // five levels of page tables, control-flow enforcement.
    guard departure.activity == .running, departure.cr4.isDisjoint(with: Self.unknownModes) else { return }
    let software = try helperMade()
    try software.loadState(departure)
    software.memoryMayHaveChanged()
    software.requestInterruptWindow(wantsInterruptWindow)
    instructionsBefore = software.instructionCount
    count.moves &+= 1
    failure = nil
    isInSoftware = true
  }

  private static var unknownModes: CR4 { [.linearAddress57, .controlFlowEnforcement] }

  /// The vCPU goes back to KVM.
  func moveToHardware() throws(EngineError) {
    guard let software else { return }
    let arrival = try completeState()
    try hardware.loadState(arrival, replacing: departure)
    // The helper's writes to page tables are none that KVM sees.
    let hasFlushed = software.takeTranslationFlush()
    let hasRun = software.instructionCount &- instructionsBefore > 1
    if hasFlushed || (hasRun && ShadowPaging.isInUse) { try machine.hardware.forgetTranslations() }
    patience.end(executed: software.instructionCount &- instructionsBefore)
    isInSoftware = false
    beginTurn()
  }

  /// The helper's state, with what it does not know as KVM had it.
  func completeState() throws(EngineError) -> CPUState {
    guard let software else { return departure }
    var state = try software.saveState()
    if state.extended != departure.extended {
      state.extended = departure.extended.replacingLegacy(by: state.extended)
    }
    return state
  }
}

extension PendingEvents {
  /// Whether what is on its way comes from an instruction that asked for it: INT n, INT3, INTO. Whether RIP
  /// is past that already differs from host to host, and KVM alone knows it.
  fileprivate var isInstructions: Bool {
    if injectedInterrupt != nil, isSoftwareInterrupt { return true }
    guard let exception else { return false }
    return exception.vector == ExceptionVector.breakpoint.rawValue
      || exception.vector == ExceptionVector.overflow.rawValue
  }
}

extension ExtendedState {
  /// The x87 and SSE registers of `other`, and these of the rest.
  func replacingLegacy(by other: ExtendedState) -> ExtendedState {
    var result = self
    result.bytes.replaceSubrange(0..<Self.legacySize, with: other.bytes[0..<Self.legacySize])
    result.presentComponents = presentComponents.union([.x87, .sse])
    return result
  }
}
