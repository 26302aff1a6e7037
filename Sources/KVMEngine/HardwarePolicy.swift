public import Engine
internal import KVM
public import ProcessorPolicy
public import X86

/// What the guests of one machine on KVM see of their CPU, and which registers they may use.
struct HardwarePolicy {
  /// What KVM supports.
  let offer: CPUIDTable
  let circumstances: PolicyCircumstances
  /// What is left of it.
  let table: CPUIDTable

  init(offer: CPUIDTable, _ circumstances: PolicyCircumstances) {
    self.offer = offer
    self.circumstances = circumstances
    table = CPUIDPolicy.table(from: offer, circumstances)
  }

  /// What CPUID tells on a vCPU.
  func identification(ofProcessor index: Int) -> CPUIDTable {
    table.describing(apicID: UInt32(truncatingIfNeeded: index), of: circumstances.processorCount)
  }

  /// KVM_SET_CPUID2 for each vCPU: without it they have no long mode. And hypercalls of features that it does
  /// not show fail (KVM_CAP_ENFORCE_PV_FEATURE_CPUID), where this kernel can see to that.
  func apply(to processors: [HardwareProcessor]) throws(KVMError) {
    for processor in processors {
      let entries = identification(ofProcessor: processor.index).entries
      try processor.processor.setCPUID(entries.map(\.kernelEntry))
      try? processor.processor.enableCapability(.enforceHypervisorFeatures, 1)
    }
  }

  /// KVM_X86_SET_MSR_FILTER: what the policy does not allow is denied.
  func applyFilter(to machine: borrowing KVMMachine) throws(KVMError) {
    let ranges = MSRPolicy(table, circumstances).ranges.flatMap { range in
      [
        KVMMSRFilterRange(reads: true, writes: false, first: range.first, allowed: range.reads),
        KVMMSRFilterRange(reads: false, writes: true, first: range.first, allowed: range.writes),
      ]
    }
    try machine.setMSRFilter(ranges, allowsOthers: false)
  }
}

extension HardwareEngine {
  /// What CPUID tells on the vCPU with this number.
  ///
  /// - Throws: before `finishSetup`.
  public func identification(ofProcessor index: Int) throws(EngineError) -> CPUIDTable {
    try knownPolicy().identification(ofProcessor: index)
  }

  /// What the guest sees of its CPU, and why.
  public func explainProcessor() throws(EngineError) -> PolicyExplanation {
    let policy = try knownPolicy()
    var registers = MSRPolicy.explain(policy.table, policy.circumstances)
    if !hasRegisterExits {
      registers = [
        PolicyDecision(
          .msr, .passed, "all that KVM answers for", "this kernel has no filter for them (Linux 5.10 has)")
      ]
    }
    return PolicyExplanation(
      headline: "The guest's CPU is the host's, as far as KVM offers it and the policy passes it.",
      decisions: CPUIDPolicy.explain(policy.offer, policy.circumstances) + registers)
  }

  private func knownPolicy() throws(EngineError) -> HardwarePolicy {
    guard let policy else { throw EngineError("what the CPU is was asked before the machine was set up") }
    return policy
  }
}
