public import Engine
internal import KVM

/// The two counters by which KVM tells that a vCPU sleeps, read without stopping it
/// (KVM_GET_STATS_FD, from Linux 5.14 on).
struct SleepStatistics: ~Copyable, Sendable {
  private let statistics: KVMStatistics
  private let blocking: KVMStatistics.Descriptor
  private let haltExits: KVMStatistics.Descriptor

  /// Nil where the kernel has no such counters.
  init?(_ processor: borrowing KVMProcessor) {
    guard let statistics = try? processor.statistics(),
      let blocking = statistics.descriptor(named: "blocking"),
      let haltExits = statistics.descriptor(named: "halt_exits")
    else { return nil }
    self.statistics = statistics
    self.blocking = blocking
    self.haltExits = haltExits
  }

  /// The vCPU is blocked in the kernel.
  var isBlocking: Bool { ((try? statistics.value(of: blocking)) ?? 1) != 0 }

  /// How often the vCPU executed HLT.
  var haltCount: UInt64? { try? statistics.value(of: haltExits) }
}

extension HardwareProcessor {
  /// Opens the statistics, once. It is done when the vCPU is interrupted for the first time: that
  /// is off the path to the guest's first instruction, and another thread could not do it, since
  /// KVM lets no other thread near a vCPU that runs.
  func openSleepStatistics() {
    sleepStatistics.withLock { statistics in
      if statistics == nil { statistics = SleepStatistics(processor) }
    }
  }

  /// How often the vCPU executed HLT; nil where KVM does not tell.
  public var activityStamp: UInt64? {
    sleepStatistics.withLock { $0?.haltCount }
  }

  /// Whether the vCPU is blocked in KVM; true where KVM does not tell.
  public var seemsAsleep: Bool {
    sleepStatistics.withLock { $0?.isBlocking ?? true }
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
