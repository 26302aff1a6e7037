/// An engine could not do what it was asked to do.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A whole sentence: the operation, the object, the system's reason, and what to do next.
  public var description: String
  /// The errno behind it, or 0.
  public var errno: Int32

  /// An error with this sentence.
  public init(_ description: String, errno: Int32 = 0) {
    self.description = description
    self.errno = errno
  }
}
