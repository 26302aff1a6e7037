/// One decision on what a guest sees of its CPU, with the reason for it.
public struct PolicyDecision: Sendable, Equatable {
  /// What the decision is about.
  public enum Area: String, Sendable, CaseIterable {
    /// What CPUID tells.
    case cpuid
    /// Which model-specific registers there are.
    case msr
  }

  /// What becomes of something that the engine offers.
  public enum Verdict: String, Sendable, CaseIterable {
    /// The guest sees it as the engine offers it.
    case passed
    /// The guest does not see it, although it is offered.
    case hidden
    /// The guest sees what the engine did not say: it describes the machine, not the host.
    case invented
  }

  /// What the decision is about.
  public var area: Area
  /// What was decided.
  public var verdict: Verdict
  /// The features, leaves or registers, by name or number.
  public var subject: String
  /// Why, as the end of a sentence.
  public var reason: String

  /// A decision of the given parts.
  public init(_ area: Area, _ verdict: Verdict, _ subject: String, _ reason: String) {
    self.area = area
    self.verdict = verdict
    self.subject = subject
    self.reason = reason
  }
}

extension PolicyDecision: CustomStringConvertible {
  /// The decision on one line: "cpuid hidden    vmx smx: a guest is no host of others here".
  public var description: String {
    func padded(_ text: String, to width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }
    return "\(padded(area.rawValue, to: 6))\(padded(verdict.rawValue, to: 9))\(subject): \(reason)"
  }
}

/// All decisions on the CPU of a machine.
public struct PolicyExplanation: Sendable, Equatable {
  /// Who offers what was decided about, as a sentence.
  public var headline: String
  /// The decisions: CPUID first, and of each area passed, hidden, invented.
  public var decisions: [PolicyDecision]

  /// An explanation with these decisions, in order.
  public init(headline: String, decisions: [PolicyDecision]) {
    self.headline = headline
    self.decisions = PolicyDecision.Area.allCases.flatMap { area in
      PolicyDecision.Verdict.allCases.flatMap { verdict in
        decisions.filter { $0.area == area && $0.verdict == verdict }
      }
    }
  }

  /// The headline and one line for each decision.
  public var lines: [String] { [headline] + decisions.map(\.description) }
}
