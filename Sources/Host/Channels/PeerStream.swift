import CLinux

/// Bytes to and from a peer that comes and goes: the other end of a pty or of a socket.
///
/// While there is a peer, output waits for it, so that a slow one loses nothing. While there is none,
/// the newest 64 KiB are kept for the next one: who connects late sees how the guest got there.
final class PeerStream: Sendable {
  static let backlogByteCount = 64 * 1024

  private struct Peer {
    let writer: DescriptorWriter
    let left: @Sendable () -> Void
  }

  private let loop: EventLoop
  private let pump: InputPump
  private let cancellation = Cancellation()
  /// Set and unset on the loop's thread only; never held for long.
  private let peer = Lock<Peer?>(nil)
  /// Held during a write, so also while that waits: the loop must not wait for it.
  private let backlog = Lock(Backlog(limit: PeerStream.backlogByteCount))

  init(loop: EventLoop) {
    self.loop = loop
    pump = InputPump(loop: loop)
  }

  /// Whether there is a peer that was not seen to leave. For the loop's thread.
  var hasPeer: Bool { peer.withLock { $0 != nil } }

  /// A peer came. `descriptor` does not block. `left` is called on the loop when the peer has gone.
  /// For the loop's thread, and only while there is no peer.
  func connect(
    _ descriptor: SharedDescriptor, isSocket: Bool, left: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let hooks = InputPump.PeerHooks(
      hungUp: { [weak self, weak descriptor] in
        if let self, let descriptor { self.forget(descriptor) }
      },
      writable: { [weak self] in self?.flushBacklog() })
    try pump.add(descriptor, peer: hooks)
    let writer = DescriptorWriter(nonblocking: descriptor, isSocket: isSocket)
    peer.withLock { $0 = Peer(writer: writer, left: left) }
    flushBacklog()
  }

  func write(_ bytes: RawSpan) {
    let failed = backlog.withLock { backlog -> SharedDescriptor? in
      if cancellation.isCancelled { return nil }
      guard let writer = peer.withLock({ $0?.writer }) else {
        backlog.append(bytes)
        return nil
      }
      var outcome = DescriptorWriter.Outcome.done
      var written = 0
      backlog.drain { pending in
        let (result, count) = writer.writeAll(pending, unless: cancellation)
        outcome = result
        return count
      }
      if outcome == .done { (outcome, written) = writer.writeAll(bytes, unless: cancellation) }
      if outcome == .done { return nil }
      backlog.append(bytes.extracting(droppingFirst: written))
      return writer.descriptor
    }
    if let failed { loop.perform { self.forget(failed) } }
  }

  func attach(_ receiver: any ByteReceiver) { pump.attach(receiver) }
  func receiverHasRoom() { pump.receiverHasRoom() }

  /// Ends it. A peer that is there gets the backlog first, as far as it takes it within a second.
  func close() {
    cancellation.cancel()
    let last = peer.withLock { peer in
      defer { peer = nil }
      return peer?.writer
    }
    backlog.withLock { backlog in
      if let last { Self.deliver(&backlog, to: last) }
      backlog = Backlog(limit: Self.backlogByteCount)
    }
    pump.close()
  }

  private static func deliver(_ backlog: inout Backlog, to writer: DescriptorWriter) {
    let deadline = HostClock.monotonicNanoseconds &+ 1_000_000_000
    while !backlog.isEmpty {
      var mustWait = false
      backlog.drain { pending in
        let written = writer.writeSome(pending)
        mustWait = written < 0 && (currentErrno() == EAGAIN || currentErrno() == EINTR)
        return written
      }
      let now = HostClock.monotonicNanoseconds
      guard mustWait, now < deadline else { return }
      var request = pollfd(fd: writer.descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
      // Sound: one element, as the count says.
      _ = unsafe poll(&request, 1, Int32((deadline - now) / 1_000_000 + 1))
    }
  }

  /// The peer behind `descriptor` has gone. On the loop.
  private func forget(_ descriptor: SharedDescriptor) {
    let left = peer.withLock { peer -> (@Sendable () -> Void)? in
      // Another one may have taken its place.
      guard let gone = peer, gone.writer.descriptor === descriptor else { return nil }
      peer = nil
      return gone.left
    }
    left?()
  }

  /// Gives a new peer what was kept, as far as it takes it without waiting. On the loop.
  private func flushBacklog() {
    let isRest = backlog.withLockIfAvailable { backlog -> Bool in
      guard let writer = peer.withLock({ $0?.writer }) else { return false }
      backlog.drain { writer.writeSome($0) }
      return !backlog.isEmpty
    }
    // A writer has the lock: look again once the peer has room.
    pump.setWaitsForRoom(isRest ?? true)
  }
}
