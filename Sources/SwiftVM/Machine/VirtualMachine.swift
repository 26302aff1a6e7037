public import Boot
internal import Devices
internal import Engine
internal import Host
internal import KVMEngine
internal import Synchronization

/// A virtual machine: made of a `Configuration`, started once, and waited for.
///
/// ```swift
/// var configuration = VirtualMachine.Configuration(image: .file(path: "guest.bin"))
/// configuration.memoryByteCount = 64 << 20
/// let machine = try VirtualMachine(configuration)
/// let outcome = try await machine.run()
/// print(outcome.sentence)
/// ```
///
/// All methods may be called from any thread or task.
public final class VirtualMachine: Sendable {
  /// The mode a flat image starts in.
  public typealias Mode = BootRequest.Mode

  /// What the machine was made of.
  public let configuration: Configuration

  let parts: HostParts
  let life: Monitor<Life>
  /// How long the vCPUs are waited for at the end.
  let endPatience: EndPatience
  /// Makes an engine that is none of the configuration's: for tests of what engines do wrong.
  let makeEngine: (@Sendable () -> any MachineEngine)?

  /// Where the machine is in its life.
  struct Life {
    var phase = Phase.new
    var current: PoweredMachine?
    /// What KVM supports: it does not change, so a reset need not ask again.
    var cpuid: SupportedCPUID?
    /// Which engine has the vCPUs; nil before the start.
    var engine: Outcome.EngineName?
    /// Why KVM was not used although it was tried first.
    var engineNote: String?
    var timeline: SetupTimeline?
    var plan: BootPlan?
    /// The clock of the present or the last life: its memory outlives a reset.
    var realTimeClock: RealTimeClock?
    /// Where the power button of the present life is.
    var powerManagement: PowerManagement?
    var outcome: Outcome?
    var waiters: [@Sendable (Outcome) -> Void] = []
    var reboots = 0
    /// Why the host wants the machine to end. Kept here because there may be no powered machine to
    /// tell: before the start, and between a reset's two lives.
    var requestedStop: StopReason?
    /// How many calls of `pause` were not taken back; a machine that is reset stays paused.
    var pauses = 0
    /// Exits and unclaimed accesses of the lives before a reset.
    var earlierExits: UInt64 = 0
    var earlierUnclaimed: UInt64 = 0
    /// What the software CPU did for KVM.
    var assistance = AssistanceCount()
    /// What the guest was denied.
    var denied = DeniedAccesses()
    var haltTimer: RepeatingTimer?
    var limitTimer: EventLoop.Timer?
    /// Closes the console's channel where a vCPU is held up in it.
    var patienceTimer: EventLoop.Timer?
    /// The wait for the vCPUs of a machine that is to stop.
    var endWait: EndWait?
    /// When the host's side asked for the end first, in nanoseconds of the monotonic clock.
    var firstRequest: UInt64?

    /// Takes account of a machine that is over.
    mutating func add(_ remains: [VCPURemains], unclaimedAccesses: UInt64) {
      earlierUnclaimed &+= unclaimedAccesses
      for vcpu in remains {
        earlierExits &+= vcpu.exitCount
        assistance.add(vcpu.assistance)
        denied.add(vcpu.denied)
      }
    }
  }

  enum Phase: Equatable {
    case new, running, ended
  }

  /// A machine of this description; nothing is created on the host yet but what the console needs.
  ///
  /// - Throws: `StartError.configuration` with every mistake.
  public convenience init(_ configuration: Configuration) throws(StartError) {
    try self.init(configuration, endPatience: EndPatience(), makeEngine: nil)
  }

  init(
    _ configuration: Configuration, endPatience: EndPatience,
    makeEngine: (@Sendable () -> any MachineEngine)?
  ) throws(StartError) {
    let mistakes = configuration.mistakes
    guard mistakes.isEmpty else { throw .configuration(mistakes) }
    self.configuration = configuration
    self.endPatience = endPatience
    self.makeEngine = makeEngine
    parts = HostParts()
    life = Monitor(Life())
  }

  // MARK: The life of a machine

  /// Creates the machine on its engine, loads the image and starts the vCPUs. From here on the
  /// machine lives until it ends, also where nobody keeps a reference to it.
  ///
  /// - Throws: `StartError`; the machine has then ended, and cannot be started again.
  public func start() throws(StartError) {
    let isFirst = life.update { life in
      guard life.phase == .new else { return false }
      life.phase = .running
      return true
    }
    guard isFirst else { throw .startedBefore }
    do throws(StartError) {
      var timeline = SetupTimeline()
      // Before signals are watched and the terminal is raw: to wait for a pipe's writer can be
      // interrupted as in any program.
      let cpuid = configuration.engine == .software ? nil : SupportedCPUID(path: configuration.kvmPath)
      life.update { $0.cpuid = cpuid }
      let plan = try makePlan(kernelUnpacking: configuration.resolvedKernelUnpacking)
      timeline.mark(
        plan.segments.contains(where: \.isUnpacked)
          ? "read the image, unpack its kernel and plan" : "read the image and plan")
      try parts.open(configuration, machine: self)
      timeline.mark("open the console")
      try powerOn(plan, cpuid: cpuid, timeline: &timeline)
    } catch {
      finish(.internalFault("the machine could not be started: \(error)"), crash: nil)
      throw error
    }
  }

  /// Holds every vCPU at an instruction boundary; returns once all are, or once the pause was taken
  /// back. Device timers go on. Before `start`, the machine will not execute its first instruction
  /// until `resume`.
  public func pause() async {
    let machine = life.update { life in
      life.pauses += 1
      life.current?.shared.gate.requestPause()
      return life.current
    }
    guard let machine else { return }
    machine.kickAll()
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      machine.shared.gate.whenParked { continuation.resume() }
    }
  }

  /// Takes one `pause` back; nothing happens where there is none.
  public func resume() {
    life.update { life in
      guard life.pauses > 0 else { return }
      life.pauses -= 1
      // Before they go on, each on its own thread.
      if life.pauses == 0 { life.current?.noteThatItWasPaused() }
      life.current?.shared.gate.release()
    }
  }

  /// Ends the machine; the outcome has the reason `requested` unless it ended before. A machine
  /// that was not started yet ends as soon as it is.
  public func stop() { stop(.requested) }

  /// Presses the machine's power button. A guest that takes notice of it, as an operating system with ACPI
  /// does, shuts down and switches the machine off; others go on. Nothing happens where the machine does not
  /// run.
  public func pressPowerButton() { life.read(\.powerManagement)?.pressPowerButton() }

  /// Waits until the machine has ended. Where it could not be started, the outcome says so as an
  /// internal fault.
  public func wait() async -> Outcome {
    await withCheckedContinuation { continuation in
      let outcome: Outcome? = life.update { life in
        if life.outcome == nil { life.waiters.append { continuation.resume(returning: $0) } }
        return life.outcome
      }
      if let outcome { continuation.resume(returning: outcome) }
    }
  }

  /// Waits until the machine has ended, without Swift concurrency: for commands and tests.
  public func waitBlocking() -> Outcome { life.wait { $0.outcome } }

  /// Starts the machine and waits until it has ended.
  ///
  /// - Throws: `StartError`.
  public func run() async throws(StartError) -> Outcome {
    try start()
    return await wait()
  }

  // MARK: What can be asked

  /// How long each step of the set-up took; nil before `start`.
  public var timeline: SetupTimeline? { life.read(\.timeline) }

  /// Why the software engine was taken where KVM was tried first; nil where that was not so.
  public var engineNote: String? { life.read(\.engineNote) }

  /// How the image was loaded; nil before `start`.
  public var bootPlan: BootPlan? { life.read(\.plan) }

  /// Where the console can be reached: the pseudo-terminal's name or the socket's path.
  public var consoleName: String? { parts.consoleName }

  /// A line on how the machine is doing: for the monitor key and for people who wonder.
  public var statusLine: String {
    let (current, isPaused, reboots) = life.read { ($0.current, $0.pauses > 0, $0.reboots) }
    guard let machine = current else { return "the machine is not running" }
    // Only the counts: the rest of an exit history belongs to the vCPU's thread while that runs.
    let exits = machine.vcpus.map { "vCPU \($0.processor.index) made \($0.history.total) exits" }
    return "the machine \(isPaused ? "is paused" : "runs"): \(exits.joined(separator: ", ")), "
      + "\(machine.shared.unclaimedAccesses) accesses that no device claims, \(reboots) resets"
  }
}
