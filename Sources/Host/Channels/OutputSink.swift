/// The output of a channel that has one reader for good: when that is lost, once and for all.
final class OutputSink: Sendable {
  private struct State {
    var writer: DescriptorWriter?
    var lost: (@Sendable (SystemError) -> Void)?
  }

  /// Held during a write, so that writes do not interleave.
  private let state: Lock<State>
  private let cancellation = Cancellation()

  /// `lost` is called once, by the thread whose write failed, with no lock held.
  init(_ writer: DescriptorWriter, lost: @escaping @Sendable (SystemError) -> Void) {
    state = Lock(State(writer: writer, lost: lost))
  }

  func write(_ bytes: RawSpan) {
    let failure = state.withLock { state -> (SystemError, (@Sendable (SystemError) -> Void)?)? in
      // Closed while this write was under way: the descriptor is given up here.
      defer { if cancellation.isCancelled { state.writer = nil } }
      guard let writer = state.writer, !cancellation.isCancelled else { return nil }
      guard case (.failed(let error), _) = writer.writeAll(bytes, unless: cancellation) else { return nil }
      state.writer = nil
      return (error, state.lost.take())
    }
    if let (error, lost) = failure { lost?(error) }
  }

  /// Ends a write that waits, and drops all later ones. Does not wait for one that is in the system call: on
  /// a disk that does not answer, that may take for ever.
  func close() {
    cancellation.cancel()
    _ = state.withLockIfAvailable { $0.writer = nil }
  }
}
