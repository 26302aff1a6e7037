import CLinux

/// Writes bytes to a descriptor, all of them, waiting for a slow reader where it must.
struct DescriptorWriter: Sendable {
  let descriptor: SharedDescriptor
  /// The most that one write(2) is given. A descriptor that blocks must get no more than it takes at
  /// once, or `Cancellation` could not end the wait.
  let pieceByteCount: Int
  /// A socket: written to with send(2), which can be told not to wait and not to raise SIGPIPE.
  let isSocket: Bool

  /// For a descriptor with O_NONBLOCK set, or a socket.
  init(nonblocking descriptor: SharedDescriptor, isSocket: Bool = false) {
    self.descriptor = descriptor
    pieceByteCount = .max
    self.isSocket = isSocket
  }

  /// For a descriptor that other processes share, so that O_NONBLOCK must not be set on it.
  ///
  /// A pipe or a terminal is opened once more where /proc lets us: the new description is ours
  /// alone and does not block. (A regular file is not: it has its own position then.) Otherwise
  /// small pieces are written after poll(2): PIPE_BUF bytes go into a ready pipe at once.
  init(shared rawValue: Int32) {
    let kind = FileKind.of(descriptor: rawValue)
    isSocket = kind == .socket
    if kind == .pipe || isatty(rawValue) == 1,
      let own = try? OwnedDescriptor.open(
        "/proc/self/fd/\(rawValue)", flags: O_WRONLY | O_NONBLOCK | O_NOCTTY)
    {
      descriptor = SharedDescriptor(own)
      pieceByteCount = .max
    } else {
      descriptor = SharedDescriptor(borrowing: rawValue)
      switch kind {
      case .pipe: pieceByteCount = 4096
      case .characterDevice where isatty(rawValue) == 1: pieceByteCount = 64
      default: pieceByteCount = .max
      }
    }
  }

  enum Outcome: Equatable {
    case done
    case cancelled
    case failed(SystemError)
  }

  /// Writes all of `bytes`. The second value is how many were written.
  func writeAll(_ bytes: RawSpan, unless cancellation: Cancellation) -> (Outcome, Int) {
    var done = 0
    while done < bytes.byteCount {
      if pieceByteCount != .max, !cancellation.waitUntilWritable(descriptor.rawValue) {
        return (.cancelled, done)
      }
      let written = writeSome(bytes.extracting(droppingFirst: done))
      if written >= 0 {
        done += written
        continue
      }
      let number = currentErrno()
      if number == EAGAIN {
        if !cancellation.waitUntilWritable(descriptor.rawValue) { return (.cancelled, done) }
      } else if number != EINTR {
        return (.failed(SystemError("write output", errno: number)), done)
      } else if cancellation.isCancelled {
        return (.cancelled, done)
      }
    }
    return (.done, done)
  }

  /// One write(2) or send(2): the number of bytes written, or -1 and errno.
  func writeSome(_ bytes: RawSpan) -> Int {
    unsafe bytes.withUnsafeBytes { buffer in
      let count = min(buffer.count, pieceByteCount)
      // Sound, both: `count` bytes lie in the buffer.
      if isSocket {
        return unsafe send(
          descriptor.rawValue, buffer.baseAddress, count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      return unsafe write(descriptor.rawValue, buffer.baseAddress, count)
    }
  }
}
