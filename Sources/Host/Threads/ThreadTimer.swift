internal import CLinux

/// A timer that kicks the thread which made it: its blocking system calls end with EINTR. The thread must be
/// one that takes kicks, as each `HostThread` does.
///
/// It fires again and again while it is on, because a signal that comes just before the thread enters the
/// system call is lost.
@safe
public final class ThreadTimer: @unchecked Sendable {
  // @unchecked: the handle never changes, and the kernel serializes its use.
  private let timer: timer_t?

  /// A timer for the calling thread (timer_create with SIGEV_THREAD_ID), which is off.
  ///
  /// - Throws: EAGAIN where the user has too many timers and pending signals.
  public init() throws(SystemError) {
    var made: timer_t?
    // Sound: the call writes the handle.
    guard unsafe swiftvm_thread_timer_create(&made, KickSignal.number) == 0 else {
      throw .last("make a timer for the thread \(currentThreadID())")
    }
    unsafe timer = made
  }

  /// Kicks the thread after so many nanoseconds, and then again and again, more than half a millisecond apart:
  /// a thread that is kicked more often than it can answer comes to nothing else.
  public func start(after nanoseconds: UInt64) {
    // Sound: the timer exists until `deinit`. Times that are normalized are always taken.
    _ = unsafe swiftvm_timer_set(timer, max(nanoseconds, 1), max(nanoseconds, 500_000))
  }

  /// No kick comes any more.
  public func stop() {
    // Sound: as above.
    _ = unsafe swiftvm_timer_set(timer, 0, 0)
  }

  deinit {
    // Sound: nobody else deletes it.
    _ = unsafe timer_delete(timer)
  }
}
