public import Engine
internal import KVM

/// The counters by which KVM tells that a vCPU sleeps, and how much of its work is emulation, read without
/// stopping it (KVM_GET_STATS_FD, from Linux 5.14 on).
struct ProcessorStatistics: ~Copyable, Sendable {
  private let statistics: KVMStatistics
  private let blocking: KVMStatistics.Descriptor
  private let haltExits: KVMStatistics.Descriptor
  private let emulations: KVMStatistics.Descriptor?

  /// Nil where the kernel has no such counters.
  init?(_ processor: borrowing KVMProcessor) {
    guard let statistics = try? processor.statistics(),
      let blocking = statistics.descriptor(named: "blocking"),
      let haltExits = statistics.descriptor(named: "halt_exits")
    else { return nil }
    emulations = statistics.descriptor(named: "insn_emulation")
    self.blocking = blocking
    self.haltExits = haltExits
    self.statistics = statistics
  }

  /// The vCPU is blocked in the kernel.
  var isBlocking: Bool { ((try? statistics.value(of: blocking)) ?? 1) != 0 }

  /// How often the vCPU executed HLT.
  var haltCount: UInt64? { try? statistics.value(of: haltExits) }

  /// How many of the guest's instructions KVM carried out itself.
  var emulationCount: UInt64? {
    guard let emulations else { return nil }
    return try? statistics.value(of: emulations)
  }
}

extension HardwareProcessor {
  /// Opens the statistics, once. It is done when the vCPU is interrupted for the first time: that
  /// is off the path to the guest's first instruction, and another thread could not do it, since
  /// KVM lets no other thread near a vCPU that runs.
  func openStatistics() {
    statistics.withLock { opened in
      if opened == nil { opened = ProcessorStatistics(processor) }
    }
  }

  /// How often the vCPU executed HLT; nil where KVM does not tell.
  public var activityStamp: UInt64? {
    statistics.withLock { $0?.haltCount }
  }

  /// Whether the vCPU is blocked in KVM; true where KVM does not tell.
  public var seemsAsleep: Bool {
    statistics.withLock { $0?.isBlocking ?? true }
  }

  /// How many of the guest's instructions KVM emulated on this vCPU so far; nil where KVM does not tell. For
  /// the vCPU's thread.
  public var emulationCount: UInt64? {
    openStatistics()
    return statistics.withLock { $0?.emulationCount }
  }

  /// Whether the vCPU is in HLT with RFLAGS.IF clear and no NMI pending, or was never started.
  ///
  /// - Throws: where the state cannot be read.
  public func isHaltedForGood() throws(EngineError) -> Bool {
    try asEngineError { () throws(KVMError) in
      switch try processor.mpState() {
      case .uninitialized: return true
      case .halted:
        let interruptFlag: UInt64 = 1 << 9
        guard try processor.registers().rflags & interruptFlag == 0 else { return false }
        let events = try processor.events()
        return events.nmi.pending == 0 && events.nmi.injected == 0
      default: return false
      }
    }
  }
}
