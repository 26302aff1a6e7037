public import X86

extension CPUIDPolicy {
  /// The decisions of `table(from:_:)` for this offer, one for each rule that found something to decide.
  ///
  /// - Parameter host: for an engine that does not offer all that the host's CPU has: what that has.
  public static func explain(
    _ offer: CPUIDTable, _ circumstances: PolicyCircumstances, host: CPUIDTable = CPUIDTable()
  ) -> [PolicyDecision] {
    let table = table(from: offer, circumstances)
    return features(offer, table, circumstances) + unnamed(offer) + leaves(offer)
      + notOffered(offer, table, by: host) + inventions(table, circumstances)
  }

  /// Features, rule by rule.
  private static func features(
    _ offer: CPUIDTable, _ table: CPUIDTable, _ circumstances: PolicyCircumstances
  ) -> [PolicyDecision] {
    var decisions: [PolicyDecision] = []
    func add(_ verdict: PolicyDecision.Verdict, _ features: [CPUIDFeature], _ reason: String) {
      if !features.isEmpty { decisions.append(PolicyDecision(.cpuid, verdict, text(features), reason)) }
    }
    for rule in CPUIDFeatureRule.all {
      switch rule.verdict {
      case .passed:
        add(.passed, rule.features.filter { table.has($0) }, rule.reason)
        add(
          .hidden, rule.features.filter { offer.has($0) && !table.has($0) },
          "the interrupt controllers are not in the kernel, and KVM does this for its own alone")
      case .hidden: add(.hidden, rule.features.filter { offer.has($0) }, rule.reason)
      case .invented:
        // Of more than one core: each vCPU's own table says so.
        let topology = rule.names.hasPrefix("ht ")
        add(
          .invented,
          topology
            ? circumstances.processorCount > 1 ? [.hyperThreading] : []
            : rule.features.filter { table.has($0) }, rule.reason)
        add(
          .hidden, topology ? [] : rule.features.filter { offer.has($0) && !table.has($0) },
          "the local APICs do not have it")
      }
    }
    return decisions
  }

  private static func text(_ features: [CPUIDFeature]) -> String {
    features.map(\.name).joined(separator: " ")
  }

  /// Bits that are offered and have no name here.
  private static func unnamed(_ offer: CPUIDTable) -> [PolicyDecision] {
    var decisions: [PolicyDecision] = []
    for entry in offer.entries {
      for register in [CPUIDRegister.eax, .ebx, .ecx, .edx] {
        guard let word = FeatureWord.of(entry.leaf, entry.subleaf, register) else { continue }
        var known = CPUIDFeature.all.reduce(UInt32(0)) { FeatureWord.of($1) == word ? $0 | $1.mask : $0 }
        // Those that AMD repeats.
        if word.leaf == 0x8000_0001, register == .edx { known |= 0x0183_F3FF }
        let unknown = entry.registers[register] & ~known
        guard unknown != 0 else { continue }
        let bits = (0..<32).filter { unknown >> UInt32($0) & 1 != 0 }.map(String.init)
        decisions.append(
          PolicyDecision(
            .cpuid, .hidden, "\(place(entry)) \(register.rawValue) bit \(bits.joined(separator: ","))",
            "not known here, nor which registers belong to it"))
      }
    }
    return decisions
  }

  /// Leaves that are no features.
  private static func leaves(_ offer: CPUIDTable) -> [PolicyDecision] {
    var decisions: [PolicyDecision] = []
    var last: UInt32?
    for entry in offer.entries where entry.registers != CPUIDRegisters() {
      // One line for the leaves of one row.
      if let last, CPUIDLeafRule.of(entry.leaf)?.leaves.contains(last) ?? (last == entry.leaf) { continue }
      last = entry.leaf
      guard let rule = CPUIDLeafRule.of(entry.leaf) else {
        decisions.append(PolicyDecision(.cpuid, .hidden, "leaf \(hex(entry.leaf))", "not known here"))
        continue
      }
      if rule.verdict == .invented || (rule.verdict == .passed && rule.whole.isEmpty) { continue }
      decisions.append(PolicyDecision(.cpuid, rule.verdict, "leaf \(hex(entry.leaf))", rule.reason))
    }
    return decisions
  }

  /// What the host's CPU has, and the engine does not offer.
  private static func notOffered(
    _ offer: CPUIDTable, _ table: CPUIDTable, by host: CPUIDTable
  ) -> [PolicyDecision] {
    let missing = host.features.filter { feature in
      !offer.has(feature) && !table.has(feature) && CPUIDFeatureRule.isPassed(feature)
        && !(0x4000_0000...0x4FFF_FFFF).contains(feature.leaf)
    }
    if missing.isEmpty { return [] }
    return [
      PolicyDecision(
        .cpuid, .hidden, text(missing), "the host's CPU has it, the software CPU does not carry it out")
    ]
  }

  private static func inventions(
    _ table: CPUIDTable, _ circumstances: PolicyCircumstances
  ) -> [PolicyDecision] {
    let count = circumstances.processorCount
    let topology = [0x1, 0x4, 0xB, 0x8000_0008, 0x8000_001D, 0x8000_001E] as [UInt32]
    var decisions = [
      PolicyDecision(
        .cpuid, .invented,
        "topology (leaves \(topology.filter { table[$0] != nil }.map { hex($0) }.joined(separator: " ")))",
        count == 1
          ? "one package with one core"
          : "one package with \(count) cores of one thread, local APIC IDs 0 to \(count - 1)")
    ]
    let leaves = [0x15, 0x16, 0x4000_0010] as [UInt32]
    let told = leaves.filter { table[$0].map { $0.registers != CPUIDRegisters() } ?? false }
    if circumstances.timeStampFrequency != 0, !told.isEmpty {
      decisions.append(
        PolicyDecision(
          .cpuid, .invented, "frequency (leaves \(told.map { hex($0) }.joined(separator: " ")))",
          "the time-stamp counter runs at \(circumstances.timeStampFrequency / 1000) kHz and the local APICs' "
            + "timers at \(PolicyCircumstances.localAPICFrequency / 1000) kHz, so that a guest need not measure"
        ))
    }
    return decisions
  }

  private static func place(_ entry: CPUIDEntry) -> String {
    entry.isSubleafSignificant ? "leaf \(hex(entry.leaf)).\(entry.subleaf)" : "leaf \(hex(entry.leaf))"
  }

  private static func hex(_ number: UInt32) -> String { "0x" + String(number, radix: 16) }
}

extension CPUIDFeatureRule {
  /// Whether a rule passes the feature.
  static func isPassed(_ feature: CPUIDFeature) -> Bool {
    (FeatureWord.of(feature)?.passed ?? 0) & feature.mask != 0
  }
}
