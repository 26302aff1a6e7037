/// Something could not be decompressed.
public enum DecompressionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The system's library for it cannot be used. `reason` is the system's.
  case libraryUnavailable(library: String, reason: String)
  /// The content is not what its format asks for, or is cut off.
  case damaged(CompressionFormat, problem: String)
  /// It decompresses to more than there was room for, in bytes.
  case tooLarge(CompressionFormat, capacity: Int)

  /// What happened, without a full stop.
  public var description: String {
    switch self {
    case .libraryUnavailable(let library, let reason):
      "the system's library \(library) cannot be loaded (\(reason)); install the package that has it"
    case .damaged(let format, let problem): "its \(format) data are damaged: \(problem)"
    case .tooLarge(let format, let capacity):
      "its \(format) data decompress to more than the \(capacity) bytes that they should"
    }
  }
}
