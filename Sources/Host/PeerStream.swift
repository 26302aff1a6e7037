import CLinux
internal import Synchronization

/// Bytes to and from a peer that comes and goes: the other end of a pty or of a socket.
///
/// While there is a peer, output waits for it, so that a slow one loses nothing. While there is none,
/// the newest 64 KiB are kept for the next one: who connects late sees how the guest got there.
final class PeerStream: Sendable {
  static let backlogByteCount = 64 * 1024

  private struct Output {
    var peer: DescriptorWriter?
    var backlog = Backlog(limit: PeerStream.backlogByteCount)
  }

  /// Held during a write, so also while that waits: `close()` cancels first and takes it then.
  private let output = Mutex(Output())
  private let cancellation = Cancellation()
  private let pump: InputPump

  init(loop: EventLoop) { pump = InputPump(loop: loop) }

  /// A peer came. `descriptor` does not block. `left` is called on the loop when it has gone.
  /// Only for the loop's thread, and only while there is no peer.
  func connect(
    _ descriptor: SharedDescriptor, isSocket: Bool, left: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let hooks = InputPump.PeerHooks(
      hungUp: { [weak self] in
        // A writer that waits for this peer is woken by the hang-up too, and lets go of the lock.
        self?.output.withLock { $0.peer = nil }
        left()
      },
      writable: { [weak self] in self?.flushBacklog() })
    try pump.add(descriptor, peer: hooks)
    output.withLock { $0.peer = DescriptorWriter(nonblocking: descriptor, isSocket: isSocket) }
    flushBacklog()
  }

  func write(_ bytes: RawSpan) {
    output.withLock { output in
      if cancellation.isCancelled { return }
      guard let peer = output.peer else { return output.backlog.append(bytes) }
      var isFailed = false
      output.backlog.drain { pending in
        let (outcome, written) = peer.writeAll(pending, unless: cancellation)
        isFailed = outcome != .done
        return written
      }
      var written = 0
      if !isFailed {
        let outcome: DescriptorWriter.Outcome
        (outcome, written) = peer.writeAll(bytes, unless: cancellation)
        isFailed = outcome != .done
      }
      if isFailed {
        output.peer = nil
        output.backlog.append(bytes.extracting(droppingFirst: written))
      }
    }
  }

  func attach(_ receiver: any ByteReceiver) { pump.attach(receiver) }
  func receiverHasRoom() { pump.receiverHasRoom() }

  /// Ends it. A peer that is there gets the backlog first, if it takes it within a second.
  func close() {
    cancellation.cancel()
    output.withLock { output in
      if let peer = output.peer {
        let deadline = HostClock.monotonicNanoseconds + 1_000_000_000
        while !output.backlog.isEmpty {
          var isFailed = false
          output.backlog.drain { pending in
            let written = peer.writeSome(pending)
            isFailed = written < 0 && currentErrno() != EAGAIN && currentErrno() != EINTR
            return written
          }
          let now = HostClock.monotonicNanoseconds
          if isFailed || output.backlog.isEmpty || now >= deadline { break }
          var request = pollfd(fd: peer.descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
          // Sound: one element, as the count says.
          _ = unsafe poll(&request, 1, Int32((deadline - now) / 1_000_000 + 1))
        }
      }
      output.peer = nil
      output.backlog = Backlog(limit: Self.backlogByteCount)
    }
    pump.close()
  }

  /// Gives a new peer what was kept, as far as it takes it without waiting: the loop must not wait.
  private func flushBacklog() {
    // A writer that has the lock writes the backlog itself, before its own bytes.
    let isRest = output.withLockIfAvailable { output -> Bool in
      guard let peer = output.peer else { return false }
      output.backlog.drain { peer.writeSome($0) }
      return !output.backlog.isEmpty
    }
    pump.setWaitsForRoom(isRest ?? false)
  }
}
