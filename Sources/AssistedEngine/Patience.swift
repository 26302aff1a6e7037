internal import SoftwareEngine

/// How long a vCPU stays with the helper, and how long with KVM, once KVM had to give it away.
///
/// A move costs about as much as some ten thousand instructions in software. To stay for that long costs
/// at most as much again where KVM would have gone on at full speed. Where KVM fails again soon, or was seen to
/// emulate what it was given, each stay is twice as long as the one before. Some hosts' KVM runs ring 0 by an
/// emulator, more slowly than the helper: there KVM soon gets the vCPU for short turns only, in which it may
/// show that it has become faster.
struct Patience {
  /// What KVM did with the vCPU, so far, since it got it.
  struct Turn: Equatable {
    /// What the thread had of the host's processors.
    var nanoseconds: UInt64
    /// Instructions that KVM emulated; nil where it does not tell.
    var emulated: UInt64?
  }

  /// What a turn says of KVM.
  enum Verdict {
    /// It emulates instruction after instruction.
    case slow
    /// It does not.
    case fast
    /// The turn was too short to tell, or KVM does not tell.
    case unknown
  }

  static let shortestStay: Int64 = 8192
  /// The longest where nobody knows that KVM is slow.
  static let longestStay: Int64 = 262_144
  /// The longest where KVM emulates: some 50 ms. Whether it still does is then found out at little cost.
  static let longestStayBesideSlowKVM: Int64 = 1 << 24
  static let shortestTurn: UInt64 = 100_000
  /// The longest after a stay that came to nothing.
  static let longestTurnForDevices: UInt64 = 2_000_000
  /// KVM that was fast for so long is trusted again.
  static let longestTurn: UInt64 = 1_000_000_000
  /// A failure within this time came soon. And what is less than this tells little: to enter KVM after much was
  /// changed takes half a millisecond on some hosts.
  private static let soon: UInt64 = 2_000_000

  /// The time after which KVM has to give the vCPU away though it did not fail; nil: none.
  private(set) var turn: UInt64?
  /// How long a stay is that need not be one instruction only.
  private(set) var kernelStay = shortestStay
  private var length = shortestStay
  /// The helper's instruction count at which it gives the vCPU back.
  private var end: UInt64?

  /// An emulated instruction takes KVM about a microsecond; an exit of a guest that runs natively, several
  /// with what follows in the guest.
  static func verdict(on turn: Turn) -> Verdict {
    guard let emulated = turn.emulated else { return .unknown }
    if emulated >= 32, emulated.multipliedReportingOverflow(by: 4000).partialValue >= turn.nanoseconds {
      return .slow
    }
    return turn.nanoseconds >= soon ? .fast : .unknown
  }

  // MARK: Stays

  /// A stay begins, because KVM failed after `turn` or was slow in it.
  ///
  /// - Parameter isShort: it is to be no longer than one instruction.
  mutating func begin(after turn: Turn, isShort: Bool) {
    if isShort { return begin(length: 1) }
    // Little is known of KVM's speed, but more can be.
    if turn.emulated != nil, turn.nanoseconds < 10 * Self.soon, self.turn == nil {
      self.turn = Self.shortestTurn
    }
    if Self.verdict(on: turn) == .slow {
      kernelStay = min(kernelStay &* 2, Self.longestStayBesideSlowKVM)
      self.turn = Self.shortestTurn
    } else if turn.nanoseconds < Self.soon {
      kernelStay = max(kernelStay, min(kernelStay &* 2, Self.longestStay))
    } else {
      kernelStay = Self.shortestStay
    }
    begin(length: kernelStay)
  }

  /// A stay of this length begins.
  mutating func begin(length: Int64) {
    self.length = length
    end = nil
  }

  /// How many instructions the stay has left, the helper having executed `count` in its life.
  mutating func left(at count: UInt64) -> Int64 {
    let end = self.end ?? count &+ UInt64(length)
    self.end = end
    return end > count ? Int64(clamping: end &- count) : 0
  }

  /// A stay of `executed` instructions is over. Where it was over at once, what is next is better done by KVM,
  /// and that longer each time: a guest that waits for a device in the kernel, say.
  mutating func end(executed: UInt64) {
    guard let turn else { return }
    self.turn = executed < 256 ? max(turn, min(turn &* 2, Self.longestTurnForDevices)) : Self.shortestTurn
  }

  // MARK: Turns

  /// KVM's time is over, and the guest goes on there: in user mode, or because KVM was not slow.
  mutating func goOn(after verdict: Verdict, isUserMode: Bool) {
    guard let turn else { return }
    if isUserMode {
      // Its kernel is slow, but it is not there just now.
      self.turn = min(turn &* 2, Self.longestTurnForDevices)
    } else if verdict == .fast {
      if turn < Self.longestTurn { return self.turn = turn &* 2 }
      kernelStay = Self.shortestStay
      self.turn = nil
    }
  }
}
