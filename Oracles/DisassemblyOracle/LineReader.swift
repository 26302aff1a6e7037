internal import Glibc

/// What a program prints, line by line as it comes: a listing of a kernel is half a gigabyte.
@safe final class LineReader {
  // Sound: pointers that only this class has, checked before they are kept and freed at its end.
  private let stream: UnsafeMutablePointer<FILE>
  private var buffer: UnsafeMutablePointer<CChar>?
  private var capacity = 0

  /// Starts `command` with the shell.
  init(_ command: String) throws(OracleError) {
    // Sound: the strings live for the time of the call; the stream is checked and then ours.
    guard let stream = unsafe popen(command, "r") else {
      throw .failed("The shell could not be started: error \(errno). Free some memory and try again.")
    }
    unsafe self.stream = stream
  }

  deinit {
    // Sound: both are ours, and nothing uses them any more.
    unsafe pclose(stream)
    unsafe free(buffer)
  }

  /// The next line, without its end; nil after the last.
  func next() -> Substring? {
    // Sound: getline keeps buffer and capacity in step, and `count` bytes of it are the line's.
    let count = unsafe getline(&buffer, &capacity, stream)
    guard count > 0, let buffer = unsafe buffer else { return nil }
    let bytes = unsafe UnsafeRawBufferPointer(start: buffer, count: count)
    let text = unsafe String(decoding: bytes, as: UTF8.self)
    return text.hasSuffix("\n") ? text.dropLast() : text[...]
  }
}

/// Why nothing could be compared.
enum OracleError: Error, CustomStringConvertible {
  /// The command line is wrong.
  case usage(String)
  /// Something of the system failed.
  case failed(String)

  var description: String {
    switch self {
    case .usage(let text), .failed(let text): text
    }
  }
}
