internal import Host

/// A timer that says after each time when to fire next.
final class RepeatingTimer: Sendable {
  private let timer: EventLoop.Timer

  /// - Parameter body: runs on the loop's thread; returns after how many nanoseconds to fire again, or
  ///   nil to end.
  init(loop: EventLoop, body: @escaping @Sendable () -> UInt64?) {
    let handle = Handle()
    timer = loop.makeTimer {
      if let pause = body() { handle.timer?.arm(at: HostClock.monotonicNanoseconds &+ pause) }
    }
    handle.timer = timer
  }

  /// Fires after `nanoseconds`.
  func fire(in nanoseconds: UInt64) { timer.arm(at: HostClock.monotonicNanoseconds &+ nanoseconds) }

  /// Lets the handler reach the timer it belongs to without keeping it alive.
  private final class Handle: @unchecked Sendable {
    // @unchecked: written once, before the timer is armed for the first time.
    weak var timer: EventLoop.Timer?
  }
}
