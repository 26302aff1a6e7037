public import X86

/// A vCPU's own interrupt controller, where it is not in the engine: a local APIC in software, as the
/// run loop sees it.
///
/// Whenever it has something new for its vCPU it wakes that vCPU (ends its HLT, or kicks it out of the
/// guest), so that the run loop looks here only then, and pays nothing on other exits. `hasInterrupt` and
/// `hasSignals` may be asked from any thread and cost one atomic load; all else is called on the thread
/// that runs the vCPU.
public protocol LocalInterruptController: AnyObject, Sendable {
  /// Whether an interrupt waits that the task priority and the interrupts in service let through, or
  /// the PIC pair asks for attention. Whether the guest can take it now, its processor knows.
  var hasInterrupt: Bool { get }

  /// The processor takes an interrupt: the vector, which is in service from now on (SDM Vol. 3A,
  /// 11.8.4); for one of the PIC pair what that answers to an interrupt acknowledge cycle. Nil where
  /// none waits any more.
  func acknowledge() -> UInt8?

  /// Whether an NMI, an INIT or a start-up IPI came that was not taken yet.
  var hasSignals: Bool { get }

  /// Takes what came beside the interrupts.
  func takeSignals() -> ProcessorSignals

  /// The task-priority class as CR8 shows it, 0…15: bits 7:4 of the task-priority register. Setting it
  /// to another value clears bits 3:0 of that register (SDM Vol. 3A, 11.8.6.1).
  var taskPriority: UInt8 { get set }

  /// What RDMSR of one of the controller's registers gives (IA32_APIC_BASE, IA32_TSC_DEADLINE, the x2APIC
  /// registers 0x800…0x8ff); nil where it raises #GP, as it does for a register of anybody else.
  func read(_ register: MSR) -> UInt64?

  /// Carries out WRMSR to one of those registers. False where it raises #GP, and nothing changed.
  func write(_ register: MSR, _ value: UInt64) -> Bool
}

/// What a local APIC tells its processor beside interrupts.
public struct ProcessorSignals: Sendable, Equatable {
  /// A non-maskable interrupt.
  public var nmi = false
  /// INIT. It comes before `startupVector` where both are set.
  public var initialize = false
  /// The vector of a start-up IPI: the processor begins in real mode at vector × 4096, if it waits for
  /// one (SDM Vol. 3A, 9.4.3).
  public var startupVector: UInt8?

  /// No signal.
  public init() {}
}

/// The time-stamp counter of one vCPU, for a local APIC's TSC-deadline timer (SDM Vol. 3A, 11.5.4.1).
public protocol GuestClock: AnyObject, Sendable {
  /// How many nanoseconds of host time from now the counter reaches `timeStamp`: 0 where it has, nil
  /// where its frequency is not known. On the vCPU's thread only.
  func nanoseconds(untilTimeStamp timeStamp: UInt64) -> UInt64?
}

/// Where a machine's interrupt controllers and its interval timer are.
public enum InterruptControllerPlace: Sendable, Equatable {
  /// In the engine, as KVM has them in the kernel.
  case engine
  /// In the VMM: the chips of the `Devices` module.
  case software
}
