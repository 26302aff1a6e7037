import CLinux

/// A file descriptor with exactly one owner, which closes it exactly once.
public struct OwnedDescriptor: ~Copyable, Sendable {
  /// The descriptor's number, for calls that borrow it.
  public let rawValue: Int32

  /// Takes over a descriptor that is open and that nobody else will close.
  public init(takingOver rawValue: Int32) { self.rawValue = rawValue }

  deinit { close(rawValue) }

  /// Opens a file; O_CLOEXEC is added to `flags`.
  public static func open(_ path: String, flags: Int32, mode: UInt32 = 0o600) throws(SystemError)
    -> OwnedDescriptor
  {
    let descriptor = retryingOnInterrupt { unsafe swiftvm_open(path, flags | O_CLOEXEC, mode) }
    guard descriptor >= 0 else { throw .last("open \(path)") }
    return OwnedDescriptor(takingOver: descriptor)
  }

  /// Gives up ownership: the caller closes the descriptor.
  public consuming func release() -> Int32 {
    let value = rawValue
    discard self
    return value
  }
}
