import CLinux

/// Waits for a descriptor that another thread can end.
///
/// The eventfd behind it is made at the first wait: a channel that never has to wait has none.
final class Cancellation: Sendable {
  private struct State {
    var isCancelled = false
    var event: SharedDescriptor?
  }
  private let state = Lock(State())

  var isCancelled: Bool { state.withLock { $0.isCancelled } }

  /// Ends all waits, now and later.
  func cancel() {
    state.withLock { state in
      state.isCancelled = true
      if let event = state.event { _ = eventfd_write(event.rawValue, 1) }
    }
  }

  /// Waits until the descriptor can be written to, has failed, or is hung up. False: cancelled.
  func waitUntilWritable(_ descriptor: Int32) -> Bool {
    guard let event = event() else { return false }
    var requests: InlineArray<2, pollfd> = [
      pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: event.rawValue, events: Int16(POLLIN), revents: 0),
    ]
    var span = requests.mutableSpan
    // Sound: two elements, as the count says. EINTR: the caller tries to write, and comes again.
    _ = unsafe span.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, 2, -1) }
    return !isCancelled
  }

  private func event() -> SharedDescriptor? {
    state.withLock { state in
      if state.isCancelled { return nil }
      if let event = state.event { return event }
      let raw = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
      // Out of descriptors: what would have to wait is given up, rather than waited for without end.
      guard raw >= 0 else { return nil }
      let event = SharedDescriptor(OwnedDescriptor(takingOver: raw))
      state.event = event
      return event
    }
  }
}
