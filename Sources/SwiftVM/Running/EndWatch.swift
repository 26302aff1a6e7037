internal import Host

/// How long the vCPUs of a machine that is to stop are waited for.
struct EndPatience: Sendable {
  /// How often the watch looks before it gives the machine up.
  var looks = 10
  /// Nanoseconds between two looks.
  var interval: UInt64 = 1_000_000_000
  /// Nanoseconds after the host's first request to end from which on another one means that somebody does
  /// not want to wait any more. An earlier one means nothing: timeout(1) and systemd send two signals at once.
  var grace: UInt64 = 1_000_000_000
}

/// Finds out that a vCPU of a machine that is to stop never comes back.
///
/// Every vCPU was kicked, and the contract of `Processor.kick` brings it out promptly. Where it does not, the
/// engine is at fault. But a vCPU can also be held up in a device whose reader is slow: as long as
/// somebody writes to the console's channel, the wait begins anew, unless the channel is closed.
///
/// Time is counted in looks, not by the clock: a process that was stopped for an hour has missed one look, and
/// its vCPUs get the time of all the others to come out.
final class EndWatch: Sendable {
  private struct State {
    /// How many looks found nobody in a write, one after the other.
    var looks = 0
    var writeCount: UInt64 = 0
  }

  private let gate: VCPUGate
  private let channel: WatchedChannel
  private let patience: EndPatience
  private let giveUp: @Sendable () -> Void
  private let state = Lock(State())

  /// - Parameter giveUp: called by the last look.
  init(
    gate: VCPUGate, channel: WatchedChannel, patience: EndPatience, giveUp: @escaping @Sendable () -> Void
  ) {
    self.gate = gate
    self.channel = channel
    self.patience = patience
    self.giveUp = giveUp
  }

  /// Takes one look; returns after how many nanoseconds to look again, or nil where the wait is over.
  func look() -> UInt64? {
    if gate.alive == 0 { return nil }
    let writeCount = channel.writeCount
    let mayWrite = !channel.isClosed
    let isWriting = channel.isWriting
    let isOver = state.withLock { state in
      let isHeldUp = mayWrite && (isWriting || writeCount != state.writeCount)
      state.writeCount = writeCount
      state.looks = isHeldUp ? 0 : state.looks + 1
      return state.looks >= patience.looks
    }
    if !isOver { return patience.interval }
    giveUp()
    return nil
  }
}
