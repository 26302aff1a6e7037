internal import CLinux
internal import Host

/// The time of one machine, which all its vCPUs tell alike: nanoseconds since it was made.
///
/// Where the host's time-stamp counter runs at one rate, the time is that counter's, and a guest works it out
/// itself without ever asking again. Where it does not, the host's clock is looked at again and again.
final class MachineClock: Sendable {
  /// The host's time-stamp counter and its clock at one moment.
  struct Moment: Equatable {
    var ticks: UInt64
    /// Since the machine was made.
    var nanoseconds: UInt64
  }

  /// Whether the host's time-stamp counter runs at one rate always, on all its CPUs alike.
  let hasStableRate: Bool
  private let startTicks: UInt64
  private let startNanoseconds: UInt64

  /// A clock that starts now. `startTicks` is the host's time-stamp counter now.
  init(startTicks: UInt64, hasStableRate: Bool = HostIdentification.current.hasInvariantTimeStamp) {
    self.hasStableRate = hasStableRate
    self.startTicks = startTicks
    startNanoseconds = HostClock.monotonicNanoseconds
  }

  /// How ticks become nanoseconds. Where the host does not tell the counter's frequency, the first call
  /// measures it.
  var scale: TickScale { TickScale(frequency: HostIdentification.timeStampFrequency) }

  /// A moment to count from. With a stable rate it is the same one for every vCPU and always, so that no
  /// vCPU's time runs ahead of another's.
  var reference: Moment {
    if hasStableRate { return Moment(ticks: startTicks, nanoseconds: 0) }
    let ticks = swiftvm_time_stamp()
    return Moment(ticks: ticks, nanoseconds: HostClock.monotonicNanoseconds &- startNanoseconds)
  }

  /// The host's wall clock when this clock was zero, in nanoseconds since 1970.
  var wallClockAtZero: UInt64 {
    let reference = reference
    let elapsed =
      hasStableRate
      ? scale.nanoseconds(swiftvm_time_stamp() &- reference.ticks) : reference.nanoseconds
    return UInt64(clamping: HostClock.wallClockNanoseconds) &- elapsed
  }
}
