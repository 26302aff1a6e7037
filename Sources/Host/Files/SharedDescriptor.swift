import CLinux

/// A file descriptor that several places use at once: it is closed when the last of them lets go.
///
/// That is what makes closing safe beside an event loop: a handler that is running still holds a
/// reference, so the number cannot be given to another file under its hands.
final class SharedDescriptor: Sendable {
  let rawValue: Int32
  private let isOwned: Bool

  init(_ descriptor: consuming OwnedDescriptor) {
    rawValue = descriptor.release()
    isOwned = true
  }

  /// A descriptor that belongs to somebody else: standard input and output.
  init(borrowing rawValue: Int32) {
    self.rawValue = rawValue
    isOwned = false
  }

  deinit { if isOwned { CLinux.close(rawValue) } }
}
