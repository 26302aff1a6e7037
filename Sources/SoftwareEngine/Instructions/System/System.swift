internal import CLinux
internal import Engine
internal import X86

/// What a kernel uses to control the CPU.
extension Interpreter {
  func executeSystem(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .clts:
      try checkPrivileged()
      setCR0(core.cr0.subtracting(.taskSwitched))
    case .lmsw: try loadMachineStatus(instruction)
    case .smsw: try storeMachineStatus(instruction)
    case .cpuid: identify()
    case .hlt: try halt()
    case .invd, .wbinvd, .wbnoinvd: try checkPrivileged()
    case .invlpg: try invalidatePage(instruction)
    case .invpcid: try invalidateContext(instruction)
    case .rdmsr: try readModelSpecific()
    case .wrmsr: try writeModelSpecific()
    case .rdpmc: try readPerformanceCounter()
    case .rdpid: try write(instruction, 0, modelSpecific.timeStampAuxiliary)
    case .rdtsc: try readTimeStamp()
    case .rdtscp:
      try readTimeStamp()
      core.rcx = modelSpecific.timeStampAuxiliary
    case .xgetbv: try readExtendedControl()
    case .xsetbv: try writeExtendedControl()
    case .rdrand, .rdseed: try readRandom(instruction)
    case .vmcall, .vmmcall:
      // Offered only where the model says so; the run loop answers.
      pendingExit = .hypercall(number: core.rax)
    // The end of a turn: a vCPU that waits for another one lets it run.
    case .pause: yieldTurn()
    default: throw .invalidOpcode
    }
  }

  /// #GP(0) above privilege level 0, and so in virtual-8086 mode.
  func checkPrivileged() throws(Interruption) {
    guard core.privilege == 0 else { throw .generalProtection() }
  }

  /// HLT is done when the vCPU sleeps: RIP is past it.
  private func halt() throws(Interruption) {
    try checkPrivileged()
    activity = .halted
    pendingExit = .halt
  }

  // MARK: Time

  /// The time-stamp counter of this vCPU.
  var timeStamp: UInt64 { swiftvm_time_stamp() &+ modelSpecific.timeStampOffset }

  private func readTimeStamp() throws(Interruption) {
    if core.cr4.contains(.timeStampDisable), core.privilege != 0 { throw .generalProtection() }
    setRegisterPair(timeStamp)
  }

  /// RDPMC: this CPU has no counters, so that every number is #GP.
  private func readPerformanceCounter() throws(Interruption) {
    throw .generalProtection()
  }

  /// EDX:EAX, upper halves cleared.
  func setRegisterPair(_ value: UInt64) {
    core.rax = value & 0xFFFF_FFFF
    core.rdx = value >> 32
  }

  /// EDX:EAX.
  var registerPair: UInt64 { core.rax & 0xFFFF_FFFF | core.rdx << 32 }

  // MARK: Identification and random numbers

  private func identify() {
    let result = model.identification(
      leaf: UInt32(truncatingIfNeeded: core.rax), subleaf: UInt32(truncatingIfNeeded: core.rcx),
      hasOSXSAVE: core.cr4.contains(.osXSAVE),
      isAPICEnabled: modelSpecific.apicBase & LocalAPICBase.enable != 0)
    core.rax = UInt64(result.eax)
    core.rbx = UInt64(result.ebx)
    core.rcx = UInt64(result.ecx)
    core.rdx = UInt64(result.edx)
  }

  /// RDRAND and RDSEED: CF says whether a number was ready; the other status flags are cleared.
  private func readRandom(_ instruction: borrowing Instruction) throws(Interruption) {
    var number: UInt64 = 0
    // Sound: the number lives as long as the call. The model offers them only where the host has them.
    let isReady =
      instruction.operation == .rdrand
      ? unsafe swiftvm_random(&number) : unsafe swiftvm_random_seed(&number)
    try write(instruction, 0, isReady != 0 ? number : 0)
    core.setStatusFlags(isReady != 0 ? RFLAGS.carry.rawValue : 0)
  }

  // MARK: XCR0

  private func readExtendedControl() throws(Interruption) {
    guard core.cr4.contains(.osXSAVE) else { throw .invalidOpcode }
    guard UInt32(truncatingIfNeeded: core.rcx) == 0 else { throw .generalProtection() }
    setRegisterPair(core.xcr0.rawValue)
  }

  private func writeExtendedControl() throws(Interruption) {
    guard core.cr4.contains(.osXSAVE) else { throw .invalidOpcode }
    try checkPrivileged()
    let value = XCR0(rawValue: registerPair)
    guard UInt32(truncatingIfNeeded: core.rcx) == 0, value.contains(.x87),
      value.isSubset(of: model.supportedXCR0)
    else { throw .generalProtection() }
    core.xcr0 = value
  }
}
