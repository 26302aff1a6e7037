import CLinux

/// A value behind a lock that threads can wait on: a mutex and a condition variable.
///
/// `Synchronization.Mutex` has no way to wait; this has.
@safe
public final class Monitor<Value>: @unchecked Sendable {
  // @unchecked: `value` is only touched with `mutex` held.

  private var value: Value
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  /// A monitor of `value`.
  public init(_ value: sending Value) {
    self.value = value
    // Sound: the two objects live at fixed addresses until deinit, as pthreads demands.
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    unsafe pthread_condattr_init(&attributes)
    unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    unsafe pthread_cond_init(condition, &attributes)
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Runs `body` with the lock held and wakes every waiter, which looks at the value again.
  @discardableResult
  public func update<Result>(_ body: (inout Value) -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer {
      unsafe pthread_cond_broadcast(condition)
      unsafe pthread_mutex_unlock(mutex)
    }
    return body(&value)
  }

  /// Runs `body` with the lock held, without waking anybody.
  public func read<Result>(_ body: (Value) -> Result) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    return body(value)
  }

  /// Waits until `body` returns a value, and returns that; `body` runs with the lock held, first
  /// at once and then after each `update`.
  public func wait<Result>(until body: (inout Value) -> Result?) -> Result {
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      unsafe pthread_cond_wait(condition, mutex)
    }
  }

  /// Like `wait(until:)`, but returns nil once `nanoseconds` have passed.
  public func wait<Result>(
    forAtMost nanoseconds: UInt64, until body: (inout Value) -> Result?
  ) -> Result? {
    var deadline = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &deadline)
    let sum = UInt64(deadline.tv_nsec) &+ nanoseconds % 1_000_000_000
    deadline.tv_sec += Int(nanoseconds / 1_000_000_000 + sum / 1_000_000_000)
    deadline.tv_nsec = Int(sum % 1_000_000_000)
    unsafe pthread_mutex_lock(mutex)
    defer { unsafe pthread_mutex_unlock(mutex) }
    while true {
      if let result = body(&value) { return result }
      if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT {
        return body(&value)
      }
    }
  }
}
