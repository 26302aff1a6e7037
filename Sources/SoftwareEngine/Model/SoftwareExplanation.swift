internal import Engine
public import ProcessorPolicy
internal import X86

extension SoftwareMachine {
  /// What a guest sees of the software CPU, and why.
  public static func explainProcessor(processorCount: Int) -> PolicyExplanation {
    let host = HostIdentification.current
    let circumstances = PolicyCircumstances.software(host, processorCount: processorCount)
    let offer = CPUIDTable.softwareProcessor(host)
    let model = ProcessorModel(processorCount: processorCount, host: host)
    let registers = MSRPolicy.explain(model.table, circumstances) { model.has(register: $0) }
    return PolicyExplanation(
      headline:
        "The guest's CPU is one in software: what it carries out itself, and what the host's CPU does for it.",
      decisions: CPUIDPolicy.explain(offer, circumstances, host: host.features) + registers)
  }
}

extension PolicyCircumstances {
  /// Those of the software engine.
  static func software(_ host: HostIdentification, processorCount: Int) -> PolicyCircumstances {
    PolicyCircumstances(
      engine: .software, hasOwnLocalAPICs: false, hasX2APIC: true, hasDeadlineTimer: true,
      timeStampFrequency: host.timeStampFrequency, processorCount: processorCount)
  }
}

extension ProcessorModel {
  /// Whether a register exists, for a machine with kvmclock and local APICs.
  func has(register: MSR) -> Bool {
    switch register {
    case .efer, .fsBase, .gsBase, .timeStampCounter: true
    case .kvmWallClock, .kvmSystemTime: true
    default:
      register.rawValue == 0x11 || register.rawValue == 0x12 || register.belongsToLocalAPIC
        || ModelSpecificFile(self).read(register, self) != nil
    }
  }
}
