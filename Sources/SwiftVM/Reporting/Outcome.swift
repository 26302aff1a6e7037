public import Engine

/// How a machine ended.
public struct Outcome: Sendable {
  /// Why it stopped.
  public var reason: StopReason
  /// What is known about the guest's death; nil for the ends that are no deaths.
  public var crash: CrashReport?
  /// How often the guest had the machine reset and started anew.
  public var reboots = 0
  /// Exits that the run loop answered, over all vCPUs and reboots.
  public var exits: UInt64 = 0
  /// Accesses to ports and memory that no device claims.
  public var unclaimedAccesses: UInt64 = 0
  /// The engine that had the vCPUs; nil where the machine did not come that far.
  public var engine: EngineName?
  /// What the software CPU did for KVM, over all vCPUs and reboots.
  public var assistance = AssistanceCount()
  /// What the guest asked of its CPU in vain, over all vCPUs and reboots.
  public var denied = DeniedAccesses()

  /// An engine, by the word that `--engine` knows it by.
  public enum EngineName: String, Sendable {
    /// The kernel's KVM, with or without the software CPU as its helper.
    case kvm
    /// The software CPU alone.
    case software
  }
}

extension Outcome {
  /// The exit status of `swiftvm run`, as documented in the user guide.
  public var exitStatus: UInt8 {
    switch reason {
    case .poweredOff, .halted, .requested: 0
    // Process statuses have eight bits: a larger one must not come out as success.
    case .guestExit(let status): UInt8(clamping: status)
    case .tripleFault: 100
    case .emulationFailure: 101
    case .failedEntry: 102
    case .guestPanic: 103
    case .reset: 104
    case .timeout: 124
    case .signal(let number): UInt8(clamping: 128 &+ number)
    case .internalFault: 70
    }
  }

  /// A word for the reason, for scripts: the `reason` of the JSON report.
  public var reasonName: String {
    switch reason {
    case .poweredOff: "powered-off"
    case .halted: "halted"
    case .guestExit: "guest-exit"
    case .tripleFault: "triple-fault"
    case .emulationFailure: "emulation-failure"
    case .failedEntry: "failed-entry"
    case .guestPanic: "guest-panic"
    case .reset: "reset"
    case .timeout: "timeout"
    case .signal: "signal"
    case .requested: "requested"
    case .internalFault: "internal-fault"
    }
  }

  /// One sentence that says how the machine ended.
  public var sentence: String {
    switch reason {
    case .poweredOff: "the guest switched the machine off"
    case .halted: "the guest halted for good: every vCPU executed HLT with interrupts off"
    case .guestExit(let status): "the guest wrote \(status) to the exit port"
    case .tripleFault(let vcpu):
      "triple fault on vCPU \(vcpu): an exception happened while the CPU was starting the handler of a "
        + "double fault, so no handler could run"
    case .emulationFailure(let vcpu, let failure):
      "emulation failure on vCPU \(vcpu): \(Self.text(of: failure))"
    case .failedEntry(let vcpu, let reason):
      "the hardware refused to enter the guest on vCPU \(vcpu) (reason 0x\(String(reason, radix: 16))): "
        + "the guest's CPU state is not one the architecture allows"
    case .guestPanic: "the guest reported a panic"
    case .reset(let means): "the guest asked for a reset by \(means), and --no-reboot is given"
    case .timeout: "the time limit passed and the guest was still running"
    case .signal(let number): "stopped by signal \(number)"
    case .requested: "stopped by the host"
    case .internalFault(let text): text
    }
  }

  private static func text(of failure: EmulationFailure) -> String {
    switch failure.code {
    case 1:
      "KVM had to emulate an instruction and does not know how; the instruction is valid, this host's KVM is "
        + "incomplete"
    case 2: "KVM met several exceptions at once (sub-code 2)"
    case 3: "KVM met an exit while it delivered an event to the guest (sub-code 3)"
    case 4: "KVM met a hardware exit that it does not expect (sub-code 4)"
    case EmulationFailure.taskSwitch:
      "the guest asked for a hardware task switch (by a task gate, a far transfer to a task-state segment, or "
        + "IRET with NT set), which the software engine does not carry out; operating systems switch tasks in "
        + "software"
    default: "KVM gave up with sub-code \(failure.code)"
    }
  }
}

extension Outcome {
  /// A line on what the software CPU did for KVM; nil where it did nothing.
  public var assistanceLine: String? {
    guard assistance.moves > 0 else { return nil }
    var line =
      "the software CPU executed \(assistance.instructions) instructions for KVM in \(assistance.moves) moves"
    if assistance.takeovers > 0 { line += ", \(assistance.takeovers) of them because KVM was slow" }
    let names = assistance.byMnemonic.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
    if !names.isEmpty {
      line += "; KVM could not carry out " + names.map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
    }
    return line
  }
}
