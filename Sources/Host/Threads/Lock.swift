public import CLinux
public import Synchronization

/// A value that one thread at a time may touch: `Synchronization.Mutex`, made visible to the thread
/// sanitizer.
///
/// The standard library is not built for the sanitizer, which therefore sees neither the taking nor the
/// giving back of a `Mutex` and reports every value behind one as a race. This says both. Without the
/// sanitizer that is a test of a constant address.
///
/// Inlinable, because a device takes its lock at each exit: without that, other modules call a generic
/// function with the value's type looked up at run time, which takes several hundred cycles.
public struct Lock<Value: ~Copyable>: ~Copyable, Sendable {
  @usableFromInline let mutex: Mutex<Value>

  /// A lock around `value`.
  @inlinable public init(_ value: consuming sending Value) { mutex = Mutex(value) }

  /// Runs `body` with the lock held. Not reentrant.
  @inlinable @inline(__always)
  public borrowing func withLock<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result {
    let address = unsafe sanitizerAddress
    return try mutex.withLock { value throws(Failure) in
      unsafe swiftvm_sanitizer_acquire(address)
      defer { unsafe swiftvm_sanitizer_release(address) }
      return try body(&value)
    }
  }

  /// Runs `body` with the lock held if nobody holds it, and returns nil otherwise.
  @inlinable @inline(__always)
  public borrowing func withLockIfAvailable<Result: ~Copyable, Failure: Error>(
    _ body: (inout sending Value) throws(Failure) -> sending Result
  ) throws(Failure) -> sending Result? {
    let address = unsafe sanitizerAddress
    return try mutex.withLockIfAvailable { value throws(Failure) in
      unsafe swiftvm_sanitizer_acquire(address)
      defer { unsafe swiftvm_sanitizer_release(address) }
      return try body(&value)
    }
  }

  /// What the sanitizer knows this lock by. Not the value's address: to take that is an access to the
  /// value, which the sanitizer would see before it is told that the lock is held.
  @unsafe @usableFromInline
  var sanitizerAddress: UnsafeMutableRawPointer {
    @inlinable @inline(__always) borrowing get {
      // Sound: a mutex stays where it was made (it has a raw layout), and only its address is used.
      unsafe withUnsafePointer(to: mutex) { unsafe UnsafeMutableRawPointer(mutating: UnsafeRawPointer($0)) }
    }
  }
}
