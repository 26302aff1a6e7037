internal import Host

/// How long each step of making a machine took, in the order in which they happened.
public struct SetupTimeline: Sendable {
  /// One step.
  public struct Step: Sendable {
    /// What was done.
    public let name: StaticString
    /// How long it took, in nanoseconds.
    public let nanoseconds: UInt64
  }

  /// The steps so far.
  public private(set) var steps: [Step] = []
  private var last: UInt64

  /// Begins the first step now.
  init() {
    steps.reserveCapacity(24)
    last = HostClock.monotonicNanoseconds
  }

  /// Ends the step that has been under way since the last mark.
  mutating func mark(_ name: StaticString) {
    let now = HostClock.monotonicNanoseconds
    steps.append(Step(name: name, nanoseconds: now &- last))
    last = now
  }
}
