import CLinux

/// Writes a message to standard error, all of it. While a terminal is raw, each newline is preceded
/// by a carriage return, which the terminal does not add then.
///
/// A message that cannot be written is lost: there is nobody left to tell.
public func writeStandardError(_ message: String) { writeText(message, to: STDERR_FILENO) }

/// Writes text to standard output, all of it, with the same care. False: it could not be written.
public func writeStandardOutput(_ text: String) -> Bool { writeText(text, to: STDOUT_FILENO) }

@discardableResult
private func writeText(_ text: String, to descriptor: Int32) -> Bool {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.utf8.count + 8)
  let addsReturns = TerminalRescue.isAnyRaw && isatty(descriptor) == 1
  for byte in text.utf8 {
    if addsReturns && byte == UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\r")) }
    bytes.append(byte)
  }
  var done = 0
  while done < bytes.count {
    let written = unsafe bytes.withUnsafeBytes { buffer in
      // Sound: the range from `done` on lies in the buffer.
      unsafe write(descriptor, buffer.baseAddress! + done, buffer.count - done)
    }
    if written >= 0 {
      done += written
    } else if currentErrno() == EAGAIN {
      var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      // Sound: one element, as the count says.
      _ = unsafe poll(&request, 1, -1)
    } else if currentErrno() != EINTR {
      return false
    }
  }
  return true
}
