public import X86

/// Which model-specific registers a guest may use: the rules of `MSRRule` for what CPUID shows it.
public struct MSRPolicy: Sendable {
  /// Registers with consecutive numbers, and what is let through of each.
  public struct Range: Sendable, Equatable {
    /// The number of the first one.
    public var first: UInt32
    /// Whether the guest may read each of them, from the first one on.
    public var reads: [Bool]
    /// Whether it may write each of them.
    public var writes: [Bool]
  }

  /// The ranges in which registers are allowed, in ascending order. Few and large: registers that are not
  /// allowed lie between those that are.
  public let ranges: [Range]

  /// The registers of a guest that sees this table.
  public init(_ table: CPUIDTable, _ circumstances: PolicyCircumstances) {
    var numbers: [(number: UInt32, access: MSRRule.Access)] = []
    for rule in MSRRule.all where rule.holds(table, circumstances) {
      for range in rule.registers {
        for number in range { numbers.append((number, rule.access)) }
      }
    }
    numbers.sort { $0.number < $1.number }
    var ranges: [Range] = []
    for (number, access) in numbers {
      // The numbers ascend, so that the distance is not negative.
      if let last = ranges.last, number - last.first < Self.longestRange {
        let missing = Int(number - last.first) + 1 - last.reads.count
        if missing > 0 {
          ranges[ranges.count - 1].reads += repeatElement(false, count: missing)
          ranges[ranges.count - 1].writes += repeatElement(false, count: missing)
        }
      } else {
        ranges.append(Range(first: number, reads: [false], writes: [false]))
      }
      let place = Int(number - ranges[ranges.count - 1].first)
      if access.contains(.read) { ranges[ranges.count - 1].reads[place] = true }
      if access.contains(.write) { ranges[ranges.count - 1].writes[place] = true }
    }
    self.ranges = ranges
  }

  /// KVM takes bitmaps of 12,288 registers; no two numbers of one manual are as far apart.
  private static let longestRange: UInt32 = 8192

  /// Whether the guest may read, or write, a register.
  public func allows(_ register: MSR, isWrite: Bool) -> Bool {
    for range in ranges where register.rawValue >= range.first {
      let place = Int(register.rawValue - range.first)
      if place < range.reads.count { return isWrite ? range.writes[place] : range.reads[place] }
    }
    return false
  }

  /// The decisions for a guest that sees this table, one for each rule.
  ///
  /// - Parameter exists: whether the engine has a register.
  public static func explain(
    _ table: CPUIDTable, _ circumstances: PolicyCircumstances, exists: (MSR) -> Bool = { _ in true }
  ) -> [PolicyDecision] {
    var decisions: [PolicyDecision] = []
    for rule in MSRRule.all where rule.holds(table, circumstances) {
      let names = rule.registers.compactMap { range -> String? in
        guard range.contains(where: { exists(MSR(rawValue: $0)) }) else { return nil }
        let first = MSR(rawValue: range.lowerBound)
        return range.count == 1
          ? first.description
          : "0x\(String(range.lowerBound, radix: 16))-0x\(String(range.upperBound, radix: 16))"
      }
      guard !names.isEmpty else { continue }
      let access = rule.access == .both ? "" : rule.access == .read ? " (read only)" : " (write only)"
      decisions.append(PolicyDecision(.msr, .passed, names.joined(separator: ", ") + access, rule.reason))
    }
    decisions.append(
      PolicyDecision(
        .msr, .hidden, "all others", "an access is #GP, as on a CPU without them, and is counted"))
    return decisions
  }
}

extension MSRRule {
  /// Whether the rule holds for a guest that sees this table.
  func holds(_ table: CPUIDTable, _ circumstances: PolicyCircumstances) -> Bool {
    func hasAny(_ names: String) -> Bool {
      names.split(separator: " ").contains { name in
        CPUIDFeature.named(String(name)).map(table.has) ?? false
      }
    }
    switch condition {
    case .always: return true
    case .features(let names): return hasAny(names)
    case .intel: return !table.isAMDCompatible
    case .amd: return table.isAMDCompatible
    case .counters: return (table[0xA]?.registers.eax ?? 0) & 0xFF != 0
    // In software they are ours all the same, and there is no filter that would have to know.
    case .ownLocalAPICs(let feature):
      return (circumstances.hasOwnLocalAPICs || circumstances.engine == .software) && hasAny(feature)
    }
  }
}
