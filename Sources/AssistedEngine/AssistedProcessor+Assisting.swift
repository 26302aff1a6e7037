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
    var failure = failure
    while true {
      if let exit = try assist(failure) { return exit }
      let exit = try hardware.run()
      guard case .emulationFailure(let next) = exit else { return exit }
      failure = next
    }
  }

  /// Runs the guest on KVM, with the helper at hand.
  func runOnHardware() throws(EngineError) -> VMExit {
    let exit = try hardware.run()
    if case .emulationFailure(let failure) = exit { return try goOn(after: failure) }
    return exit
  }

  /// Moves to the helper for the instruction that KVM cannot carry out.
  ///
  /// - Returns: an exit of the helper, or the failure itself where the helper cannot do it either; nil
  ///   once the vCPU is on KVM again.
  private func assist(_ failure: EmulationFailure) throws(EngineError) -> VMExit? {
    // Other sub-codes are no failures of an instruction.
    guard failure.code == 1 else { return .emulationFailure(failure) }
    try moveToSoftware()
    self.failure = failure
    guard let software, isInSoftware else { return .emulationFailure(failure) }
    // KVM queues #UD beside its report (handle_emulation_failure).
    software.dropInvalidOpcode()
    if let mnemonic = software.currentMnemonic { count.byMnemonic[mnemonic, default: 0] &+= 1 }
    // KVM runs user mode best. And to other vCPUs, which go on meanwhile, what the helper does to memory is
    // not atomic, so that it must not do more than it has to.
    let isShort = departure.privilegeLevel == 3 || machine.processorCount > 1
    patience.begin(at: HostClock.monotonicNanoseconds, isShort: isShort)
    return try runInSoftware()
  }

  /// Runs the guest where the vCPU is not simply on KVM.
  @usableFromInline @inline(never)
  func runAway() throws(EngineError) -> VMExit {
    if machine.mode == .kernelMode { return try runKernelMode() }
    guard isInSoftware else { return try runAtRandom() }
    if let exit = try runInSoftware() { return exit }
    return try runOnHardware()
  }

  /// Runs the guest in the helper. Nil: it was handed back to KVM.
  func runInSoftware() throws(EngineError) -> VMExit? {
    guard let software else {
      throw EngineError("vCPU \(index) is in the software engine, which was not made")
    }
    let rules = SoftwareProcessor.AssistRules(
      leavesSystemToHardware: true, stopsInUserMode: randomMoves == nil && departure.privilegeLevel != 3)
    switch software.assist(atMost: patience.left(software), rules) {
    case .exit(let exit):
      if isKernels(exit), software.takeBackAccess() { return try handBack() }
      return exit
    case .handedOver: return try handBack()
    case .userMode, .done:
      try moveToHardware()
      return nil
    }
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

  /// The vCPU goes to the helper.
  func moveToSoftware() throws(EngineError) {
    departure = try hardware.saveStateForMove()
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
    isInSoftware = false
    patience.end(at: HostClock.monotonicNanoseconds)
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

extension ExtendedState {
  /// The x87 and SSE registers of `other`, and these of the rest.
  func replacingLegacy(by other: ExtendedState) -> ExtendedState {
    var result = self
    result.bytes.replaceSubrange(0..<Self.legacySize, with: other.bytes[0..<Self.legacySize])
    result.presentComponents = presentComponents.union([.x87, .sse])
    return result
  }
}
