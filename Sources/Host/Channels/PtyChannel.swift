import CLinux

/// A new pseudo-terminal (pty(7)): a terminal program opens the other end by its path.
///
/// While nobody has the other end open, the newest 64 KiB of output are kept. Who opens it may close
/// it and come again. The other end begins in raw mode.
public final class PtyChannel: ByteChannel {
  /// The path of the other end: "/dev/pts/3".
  public let path: String

  private let loop: EventLoop
  private let master: SharedDescriptor
  private let openings: SharedDescriptor
  private let stream: PeerStream

  private let registration = Lock<EventLoop.Registration?>(nil)

  /// Makes the pseudo-terminal.
  ///
  /// - Throws: the failure to make it, or to watch for its being opened (inotify(7)).
  public init(loop: EventLoop) throws(SystemError) {
    let raw = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)
    guard raw >= 0 else { throw .last("make a pseudo-terminal") }
    master = SharedDescriptor(OwnedDescriptor(takingOver: raw))
    guard grantpt(raw) == 0, unlockpt(raw) == 0 else { throw .last("unlock the pseudo-terminal") }
    path = try Self.path(ofMaster: raw)

    // On Linux the settings of the master are those of the other end. Without this, what the guest
    // writes before anybody sets them would come back as its input.
    var settings = termios()
    // Sound: the pointers are valid for the calls.
    if unsafe tcgetattr(raw, &settings) == 0 {
      unsafe cfmakeraw(&settings)
      unsafe tcsetattr(raw, TCSANOW, &settings)
    }

    // epoll tells when the other end is closed, but not when it is opened.
    let watch = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    guard watch >= 0 else { throw .last("make an inotify instance") }
    openings = SharedDescriptor(OwnedDescriptor(takingOver: watch))
    // Sound: the string outlives the call.
    guard unsafe inotify_add_watch(watch, path, UInt32(IN_OPEN)) >= 0 else {
      throw .last("watch \(path) being opened")
    }
    self.loop = loop
    stream = PeerStream(loop: loop)
    let registration = try loop.add(watch, .readable) { [weak self] _ in self?.otherEndWasOpened() }
    self.registration.withLock { $0 = registration }
  }

  deinit { close() }

  /// Writes the bytes to who has the other end open, or keeps them.
  public func write(_ bytes: RawSpan) { stream.write(bytes) }
  /// Sets who gets the input.
  public func attach(_ receiver: any ByteReceiver) { stream.attach(receiver) }
  /// Offers the receiver what it had no room for.
  public func receiverHasRoom() { stream.receiverHasRoom() }

  /// Hangs up: whoever has the other end open sees its end, after having read everything; who does not
  /// read is waited for for a second.
  public func close() {
    let registration = self.registration.withLock { registration in
      defer { registration = nil }
      return registration
    }
    guard let registration else { return }
    registration.remove()
    let hadPeer = stream.hasPeer
    stream.close()
    if hadPeer { waitUntilAllIsRead() }
  }

  /// Linux throws away what the other end has not read when the master is closed. What still waits
  /// is only seen from that end.
  private func waitUntilAllIsRead() {
    // Sound: the string outlives the call.
    let raw = unsafe swiftvm_open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK, 0)
    guard raw >= 0 else { return }
    let otherEnd = OwnedDescriptor(takingOver: raw)
    let deadline = HostClock.monotonicNanoseconds &+ 1_000_000_000
    var request = pollfd(fd: otherEnd.rawValue, events: Int16(POLLIN), revents: 0)
    // Not FIONREAD: only poll counts what the kernel has not yet passed from one end to the other.
    // Sound: one element, as the count says.
    while unsafe poll(&request, 1, 0) == 1, HostClock.monotonicNanoseconds < deadline {
      // There is no event to wait for: nobody is told that a reader has read.
      _ = poll(nil, 0, 2)
    }
  }

  private func otherEndWasOpened() {
    var events: InlineArray<512, UInt8> = .init(repeating: 0)
    var span = events.mutableSpan
    unsafe span.withUnsafeMutableBytes { buffer in
      // Sound: the buffer is as large as the size that is passed along. What the events say does
      // not matter: there is one file and one kind of event.
      while unsafe read(openings.rawValue, buffer.baseAddress, buffer.count) > 0 {}
    }
    // Even where the user has gone already (echo >/dev/pts/3): what he wrote is there to read.
    connect()
  }

  /// A user was seen to leave; the next one may have come before that was seen.
  private func connectIfStillOpen() {
    var request = pollfd(fd: master.rawValue, events: 0, revents: 0)
    // Sound: one element, as the count says.
    if unsafe poll(&request, 1, 0) == 0 { connect() }
  }

  private func connect() {
    guard registration.withLock({ $0 != nil }), !stream.hasPeer else { return }
    // A duplicate: what the last user typed may wait still, with a registration of its own.
    let duplicate = swiftvm_fcntl(master.rawValue, F_DUPFD_CLOEXEC, 3)
    do throws(SystemError) {
      guard duplicate >= 0 else { throw .last("duplicate the descriptor of \(path)") }
      try stream.connect(
        SharedDescriptor(OwnedDescriptor(takingOver: duplicate)), isSocket: false,
        left: { [weak self] in self?.connectIfStillOpen() })
    } catch {
      writeStandardError("swiftvm: \(path) cannot be used: \(error)\n")
    }
  }

  private static func path(ofMaster master: Int32) throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let path = unsafe buffer.withUnsafeMutableBufferPointer { bytes -> String? in
      // Sound: the size is passed along, and the result is terminated where the call succeeds.
      guard unsafe ptsname_r(master, bytes.baseAddress!, bytes.count) == 0 else { return nil }
      return unsafe String(cString: bytes.baseAddress!)
    }
    guard let path else { throw .last("find the other end of the pseudo-terminal") }
    return path
  }
}
