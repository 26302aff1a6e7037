import CLinux

/// A system call failed.
public struct SystemError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was attempted, for people: "open /dev/kvm", "ioctl KVM_CREATE_VM".
  public var operation: String
  /// The system's error number.
  public var errno: Int32
  /// What to do about it, where more can be said than the number tells: "join the group kvm".
  public var advice: String?

  /// The failure of `operation` with `errno`.
  public init(_ operation: String, errno: Int32, advice: String? = nil) {
    self.operation = operation
    self.errno = errno
    self.advice = advice
  }

  /// The failure of `operation` with the calling thread's current errno.
  public static func last(_ operation: @autoclosure () -> String, advice: String? = nil) -> SystemError {
    // errno first: making the text may allocate, and that may change it.
    let number = currentErrno()
    return SystemError(operation(), errno: number, advice: advice)
  }

  /// "open /dev/kvm: Permission denied (EACCES); join the group kvm".
  public var description: String {
    let failure = "\(operation): \(Self.text(of: errno)) (\(Self.name(of: errno)))"
    guard let advice else { return failure }
    return "\(failure); \(advice)"
  }

  /// The system's text for an error number.
  public static func text(of errno: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    // Sound: the buffer outlives the call and its size is passed along.
    return unsafe buffer.withUnsafeMutableBufferPointer { bytes in
      guard let text = unsafe strerror_r(errno, bytes.baseAddress!, bytes.count) else { return "error" }
      return unsafe String(cString: text)
    }
  }

  /// The symbolic name of an error number: "ENOENT"; the number itself for rare ones.
  public static func name(of errno: Int32) -> String {
    // Sound: strerrorname_np returns a static string or null.
    if let name = unsafe strerrorname_np(errno) { return unsafe String(cString: name) }
    return String(errno)
  }
}

/// The calling thread's errno.
public func currentErrno() -> Int32 {
  // Sound: __errno_location always returns a valid pointer to this thread's variable.
  unsafe __errno_location().pointee
}

/// Calls `body` until it does not fail with EINTR, and returns its result (-1 with errno set on failure).
@inline(__always)
public func retryingOnInterrupt<Result: SignedInteger>(_ body: () -> Result) -> Result {
  while true {
    let result = body()
    if result != -1 || currentErrno() != EINTR { return result }
  }
}
