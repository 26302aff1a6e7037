internal import Engine

/// What is known of a machine that was given up because vCPUs did not come out of their engine.
struct GivenUpMachine {
  /// A vCPU that is inside.
  struct VCPU {
    /// Its number.
    var number: Int
    /// How long its thread was on a processor during the wait.
    var computedNanoseconds: UInt64
  }

  /// The vCPUs that did not come out, but for those that only share such a one's thread.
  var vcpus: [VCPU]
  /// Somebody is in a write to the console's channel.
  var isWriting: Bool
  /// Somebody asked a second time, so that the wait was shorter than usual.
  var isCutShort: Bool
  /// How long the machine waited for them.
  var waitedNanoseconds: UInt64
  /// Why it was to stop.
  var reason: StopReason
  /// What ran the vCPUs.
  var engine: Outcome.EngineName?

  /// One sentence for the user, without the full stop.
  var sentence: String {
    let names = vcpus.map { "\($0.number)" }.joined(separator: ", ")
    let times = vcpus.map { Self.seconds($0.computedNanoseconds) }.joined(separator: ", ")
    let (noun, thread) = vcpus.count == 1 ? ("vCPU", "its thread") : ("vCPUs", "their threads")
    let culprit = engine == .kvm ? "swiftvm or of the host's KVM" : "swiftvm"
    let cause =
      isWriting
      ? "a write to the console's channel did not return although the channel was closed"
      : "\(isCutShort ? "unless the host is very busy, that" : "that") is a defect of \(culprit), please report it "
        + "with this message and the output of `swiftvm doctor`"
    return
      "\(noun) \(names) did not come back within \(Self.seconds(waitedNanoseconds)) of being told to stop "
      + "(\(wish)), and the machine was given up with \(thread) inside, which computed for \(times) meanwhile: "
      + cause
  }

  /// Why the machine was to stop, for people.
  private var wish: String {
    // What the outcome says of a reset is about one that ends the machine.
    if case .reset(let means) = reason { return "the guest asked for a reset by \(means)" }
    return Outcome(reason: reason).sentence
  }

  /// A time in tenths of seconds: "9.9 s".
  private static func seconds(_ nanoseconds: UInt64) -> String {
    let tenths = nanoseconds / 100_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
