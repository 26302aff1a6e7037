internal import CLinux
internal import Glibc

/// Why the oracle cannot work.
enum OracleError: Error, CustomStringConvertible {
  /// The host refused something.
  case host(_ operation: String, Int32)
  /// The arguments make no sense.
  case usage(String)
  /// Something that the oracle needs is not as expected.
  case environment(String)

  var description: String {
    switch self {
    case .host(let operation, let number):
      // Sound: strerror returns a string that lives until its next call on this thread.
      "Cannot \(operation): \(unsafe String(cString: strerror(number)))."
    case .usage(let text), .environment(let text): text
    }
  }
}
