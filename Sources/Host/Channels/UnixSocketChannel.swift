import CLinux

/// A Unix-domain stream socket (unix(7)) that clients connect to, one at a time.
///
/// Further clients wait until the present one has gone. While there is none, the newest 64 KiB of
/// output are kept for the next. The socket may be used by its owner only (mode 0600).
public final class UnixSocketChannel: ByteChannel {
  /// The longest path a socket can have, in bytes.
  public static let pathByteLimit = 107

  /// The path of the socket.
  public let path: String

  private let listener: SharedDescriptor
  private let stream: PeerStream
  /// Which file is ours: another one may be at the path when we close.
  private let identity: FileIdentity

  private let registration = Lock<EventLoop.Registration?>(nil)

  /// Makes the socket and listens. A socket that nobody listens on, left behind by a program that
  /// died, is replaced.
  ///
  /// - Throws: `SystemError` with advice: ENAMETOOLONG, EADDRINUSE (somebody listens there), EEXIST
  ///   (what is there is no socket), or what the system says.
  public init(path: String, loop: EventLoop) throws(SystemError) {
    guard path.utf8.count <= Self.pathByteLimit, !path.isEmpty else {
      throw SystemError(
        "listen on \(path)", errno: path.isEmpty ? EINVAL : ENAMETOOLONG,
        advice:
          "give a path of 1 to \(Self.pathByteLimit) bytes, relative to the current directory for instance")
    }
    try Self.removeStaleSocket(at: path)
    let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else { throw .last("make a socket") }
    listener = SharedDescriptor(OwnedDescriptor(takingOver: raw))
    // The mode of the socket becomes that of the file, from its first moment on.
    guard fchmod(raw, 0o600) == 0 else { throw .last("protect the socket \(path)") }
    // Sound: the string outlives the call.
    guard unsafe swiftvm_bind_unix(raw, path) == 0 else { throw .last("listen on \(path)") }
    guard listen(raw, 8) == 0, let identity = FileIdentity(path: path) else {
      let error = SystemError.last("listen on \(path)")
      unsafe unlink(path)
      throw error
    }
    self.path = path
    self.identity = identity
    stream = PeerStream(loop: loop)
    let registration = try loop.add(raw, .readable) { [weak self] _ in self?.accept() }
    self.registration.withLock { $0 = registration }
  }

  deinit { close() }

  /// Writes the bytes to the client, or keeps them.
  public func write(_ bytes: RawSpan) { stream.write(bytes) }
  /// Sets who gets the input.
  public func attach(_ receiver: any ByteReceiver) { stream.attach(receiver) }
  /// Offers the receiver what it had no room for.
  public func receiverHasRoom() { stream.receiverHasRoom() }

  /// Hangs up, and removes the socket from the file system.
  public func close() {
    let registration = self.registration.withLock { registration in
      defer { registration = nil }
      return registration
    }
    guard let registration else { return }
    registration.remove()
    // Clients that wait to be accepted see the end as well.
    shutdown(listener.rawValue, Int32(SHUT_RDWR))
    stream.close()
    // Sound: the string outlives the call.
    if FileIdentity(path: path) == identity { unsafe unlink(path) }
  }

  private func accept() {
    let raw = swiftvm_accept(
      listener.rawValue, Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
    guard raw >= 0 else { return }
    let client = SharedDescriptor(OwnedDescriptor(takingOver: raw))
    setListening(false)
    do throws(SystemError) {
      try stream.connect(client, isSocket: true, left: { [weak self] in self?.setListening(true) })
    } catch {
      setListening(true)
      writeStandardError("swiftvm: a client of \(path) was turned away: \(error)\n")
    }
  }

  private func setListening(_ listens: Bool) {
    registration.withLock { $0 }?.modify(listens ? .readable : [])
  }

  private static func removeStaleSocket(at path: String) throws(SystemError) {
    guard let there = FileIdentity(path: path) else { return }
    guard there.kind == .socket else {
      throw SystemError(
        "listen on \(path)", errno: EEXIST,
        advice: "what is there is not a socket, so it was left alone; remove it or give another path")
    }
    let raw = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    guard raw >= 0 else { throw .last("make a socket") }
    let probe = OwnedDescriptor(takingOver: raw)
    // Sound: the string outlives the calls. ECONNREFUSED: there is no listener, so nobody misses it.
    if unsafe swiftvm_connect_unix(probe.rawValue, path) != 0 && currentErrno() == ECONNREFUSED {
      guard unsafe unlink(path) == 0 || currentErrno() == ENOENT else {
        throw .last("replace the stale socket \(path)")
      }
      return
    }
    throw SystemError(
      "listen on \(path)", errno: EADDRINUSE,
      advice: "another program listens there; end it or give another path")
  }
}

/// Which file a path leads to, symbolic links not followed.
private struct FileIdentity: Equatable {
  let device: UInt64
  let inode: UInt64
  let kind: FileKind

  /// Nil where there is no such file.
  init?(path: String) {
    var information = stat()
    // Sound: the pointers are valid for the call.
    guard unsafe lstat(path, &information) == 0 else { return nil }
    device = UInt64(information.st_dev)
    inode = UInt64(information.st_ino)
    kind = FileKind(mode: information.st_mode)
  }
}
