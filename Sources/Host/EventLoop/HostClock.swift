import CLinux

/// The host's clocks.
public enum HostClock {
  /// Nanoseconds of CLOCK_MONOTONIC: since some moment before the process began; never runs backwards.
  public static var monotonicNanoseconds: UInt64 {
    let time = read(CLOCK_MONOTONIC)
    return UInt64(bitPattern: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  /// Nanoseconds of CLOCK_REALTIME: since 1970-01-01 00:00 UTC. May be set back by the administrator.
  public static var wallClockNanoseconds: Int64 {
    let time = read(CLOCK_REALTIME)
    return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// Nanoseconds of CLOCK_THREAD_CPUTIME_ID: what the calling thread has had of the host's processors, guests
  /// that it ran in KVM included.
  public static var threadNanoseconds: UInt64 {
    let time = read(CLOCK_THREAD_CPUTIME_ID)
    return UInt64(bitPattern: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    // Sound: the pointer is valid for the call. All clocks here always exist, so it cannot fail.
    _ = unsafe clock_gettime(clock, &time)
    return time
  }
}
