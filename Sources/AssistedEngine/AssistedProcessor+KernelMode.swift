internal import Engine
internal import KVMEngine
internal import SoftwareEngine
internal import X86

/// What is kept between two runs of user mode on KVM.
struct UserModeRun {
  /// The vCPU in KVM was set up for it.
  var isPrepared = false
  /// The x87 and SSE registers that it has.
  var image = ExtendedState()
  /// How many instructions are left to the software engine before user mode goes to KVM.
  var credit = longestCredit

  /// A trip to KVM costs about as much as this many instructions in software: user mode that calls its
  /// kernel more often than that does not leave for KVM, and the other loses little.
  static let longestCredit: Int64 = 10_000
}

/// The software engine has the vCPU, and KVM runs its user mode.
extension AssistedProcessor {
  /// The vCPU begins in software, and stays there but for user mode.
  func startInSoftware() throws(EngineError) {
    _ = try helperMade()
    isInSoftware = true
  }

  /// Runs the guest until something happens that the run loop must answer.
  func runKernelMode() throws(EngineError) -> VMExit {
    let software = try helperMade()
    while true {
      let start = software.instructionCount
      let hasCredit = userMode.credit > 0
      let pause = software.assist(
        atMost: hasCredit ? userMode.credit : .max,
        SoftwareProcessor.AssistRules(leavesSystemToHardware: false, stopsInUserMode: !hasCredit))
      if hasCredit { userMode.credit -= Int64(clamping: software.instructionCount &- start) }
      switch pause {
      case .exit(let exit): return exit
      case .done, .handedOver: userMode.credit = 0
      case .userMode: if let exit = try runUserMode(software) { return exit }
      }
    }
  }

  /// Runs user mode on KVM. Nil: it goes on in software.
  private func runUserMode(_ software: SoftwareProcessor) throws(EngineError) -> VMExit? {
    userMode.credit = randomMoves?.stay() ?? UserModeRun.longestCredit
    // A guest that lets user mode execute the page of the trap stays in software.
    guard !software.isExecutableInUserMode(HardwareProcessor.systemCallTrap) else { return nil }
    var state = software.userModeState()
    if !userMode.isPrepared {
      try hardware.prepareUserMode(
        state, identification: software.identification, timeStamp: software.timeStamp)
      userMode.isPrepared = true
    }
    // What KVM remembers of page tables is a translation cache, and is flushed when the guest flushes one.
    if software.takeTranslationFlush() { try machine.hardware.forgetTranslations() }
    count.moves &+= 1
    let exit = try hardware.runUserMode(
      &state, image: &userMode.image, forAtMost: randomMoves?.userModeTime())
    software.takeUserModeState(state)
    switch exit {
    case .event: return nil
    case .timeIsUp:
      count.takeovers &+= 1
      return nil
    case .singleStep:
      software.deliverSingleStep()
      return nil
    case .interrupted: return .interrupted
    case .failure(let exit): return exit
    }
  }
}
