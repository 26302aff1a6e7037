/// A file that was to be read is not usable.
public enum FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system refused.
  case system(path: String, SystemError)
  /// The path leads to something that has no content to read: a directory, a device, a socket.
  case notAFile(path: String, kind: String)
  /// A pipe delivers more than the caller is ready to keep in memory.
  case tooLarge(path: String, limit: Int)
  /// The range does not lie in the file.
  case outOfBounds(path: String, offset: UInt64, count: Int, byteCount: UInt64)
  /// The file became shorter than it was when it was opened.
  case changed(path: String, byteCount: UInt64)

  /// A sentence that names the file and says what to do.
  public var description: String {
    switch self {
    case .system(_, let error): error.description
    case .notAFile(let path, let kind): "\(path) is \(kind); give the path of a file"
    case .tooLarge(let path, let limit):
      "the pipe \(path) delivers more than \(limit) bytes; write it to a file and give that"
    case .outOfBounds(let path, let offset, let count, let byteCount):
      "\(count) bytes at offset \(offset) of \(path) were asked for, but it has \(byteCount) bytes; "
        + "it may have been cut short"
    case .changed(let path, let byteCount):
      "\(path) had \(byteCount) bytes when it was opened and became shorter; "
        + "try again when nobody writes to it"
    }
  }
}
