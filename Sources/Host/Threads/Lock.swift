import CLinux
private import Synchronization

/// A value that one thread at a time may touch: `Synchronization.Mutex`, made visible to the thread
/// sanitizer.
///
/// The standard library is not built for the sanitizer, which therefore sees neither the taking nor the
/// giving back of a `Mutex` and reports every value behind one as a race. This says both. Without the
/// sanitizer that is a test of a constant address.
public struct Lock<Value: ~Copyable>: ~Copyable, Sendable {
  private let mutex: Mutex<Value>

  /// A lock around `value`.
  public init(_ value: consuming sending Value) { mutex = Mutex(value) }

  /// Runs `body` with the lock held. Not reentrant.
  @inline(__always)
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    try mutex.withLock { value throws(Failure) in
      sanitizerAcquire(&value)
      defer { sanitizerRelease(&value) }
      return try body(&value)
    }
  }

  /// Runs `body` with the lock held if nobody holds it, and returns nil otherwise.
  @inline(__always)
  public borrowing func withLockIfAvailable<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result? {
    try mutex.withLockIfAvailable { value throws(Failure) in
      sanitizerAcquire(&value)
      defer { sanitizerRelease(&value) }
      return try body(&value)
    }
  }
}

@inline(__always)
private func sanitizerAcquire<Value: ~Copyable>(_ value: inout Value) {
  // Sound: only the address is used, which is that of the mutex's own storage.
  unsafe withUnsafeMutablePointer(to: &value) {
    unsafe swiftvm_sanitizer_acquire(UnsafeMutableRawPointer($0))
  }
}

@inline(__always)
private func sanitizerRelease<Value: ~Copyable>(_ value: inout Value) {
  // Sound: as above.
  unsafe withUnsafeMutablePointer(to: &value) {
    unsafe swiftvm_sanitizer_release(UnsafeMutableRawPointer($0))
  }
}
