/// What the decisions depend on beside what is offered.
public struct PolicyCircumstances: Sendable, Equatable {
  /// Who executes the guest.
  public enum Engine: Sendable, Equatable {
    case kvm, software
  }

  /// Who executes the guest.
  public var engine: Engine
  /// The local APICs are the engine's own: those of KVM, in the kernel. False where they are devices of
  /// this program, as they always are with the software engine.
  public var hasOwnLocalAPICs: Bool
  /// The local APICs have x2APIC mode.
  public var hasX2APIC: Bool
  /// Their timers can wait for a value of the time-stamp counter.
  public var hasDeadlineTimer: Bool
  /// The frequency of the time-stamp counter in Hz; 0 where it is not known.
  public var timeStampFrequency: UInt64
  /// How many vCPUs there are.
  public var processorCount: Int

  /// Circumstances of the given parts.
  public init(
    engine: Engine, hasOwnLocalAPICs: Bool, hasX2APIC: Bool, hasDeadlineTimer: Bool,
    timeStampFrequency: UInt64, processorCount: Int
  ) {
    self.engine = engine
    self.hasOwnLocalAPICs = hasOwnLocalAPICs
    self.hasX2APIC = hasX2APIC
    self.hasDeadlineTimer = hasDeadlineTimer
    self.timeStampFrequency = timeStampFrequency
    self.processorCount = processorCount
  }

  /// The frequency of the local APICs' timers in Hz, of KVM's and of ours.
  public static let localAPICFrequency: UInt32 = 1_000_000_000

  /// Whether KVM does what its interface promises only for local APICs of its own, and they are not.
  var losesKernelAPIC: Bool { engine == .kvm && !hasOwnLocalAPICs }
}
