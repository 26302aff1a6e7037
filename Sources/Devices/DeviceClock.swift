/// Time and timers, as a device sees them. Tests put a clock of their own behind it.
public protocol DeviceClock: AnyObject, Sendable {
  /// Nanoseconds since some fixed moment; never runs backwards.
  var monotonicNanoseconds: UInt64 { get }

  /// Nanoseconds since 1970-01-01 00:00 UTC.
  var wallClockNanoseconds: Int64 { get }

  /// Makes a timer that is not armed. `handler` runs on another thread than the vCPUs', without
  /// any lock of the device held.
  func makeTimer(_ handler: @escaping @Sendable () -> Void) -> any DeviceTimer
}

/// A one-shot timer. It ends when its last reference goes.
public protocol DeviceTimer: AnyObject, Sendable {
  /// Lets the timer fire once at this moment of `monotonicNanoseconds` (at once if it has passed).
  /// Replaces the moment set before.
  func arm(at monotonicNanoseconds: UInt64)

  /// Unsets the timer. A handler that is running already goes on.
  func cancel()
}
