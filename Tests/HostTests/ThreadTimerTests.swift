import CLinux
import Host
import Testing

@Suite struct ThreadTimerTests {
  /// It fires until it is stopped, and then no more.
  @Test func endsBlockingCallsOfItsThreadUntilItIsStopped() throws {
    let results = Recorder<Int32>()
    try HostThread.start(name: "timed") {
      guard let timer = try? ThreadTimer() else { return }
      timer.start(after: 1_000_000)
      // Nothing but the timer ends these.
      for _ in 0..<3 { results.add(poll(nil, 0, -1) < 0 ? currentErrno() : 0) }
      timer.stop()
      results.add(poll(nil, 0, 50))
    }.join()
    #expect(results.all == [EINTR, EINTR, EINTR, 0])
  }

  /// However short the time, the thread comes to its own work.
  @Test func leavesItsThreadTimeToWork() throws {
    let results = Recorder<Int32>()
    try HostThread.start(name: "timed") {
      guard let timer = try? ThreadTimer() else { return }
      for _ in 0..<100 {
        timer.start(after: 1)
        for _ in 0..<10 { _ = poll(nil, 0, 0) }
        timer.stop()
      }
      results.add(1)
    }.join()
    #expect(results.all == [1])
  }

  @Test func leavesOtherThreadsAlone() throws {
    let results = Recorder<Int32>()
    let isOver = Monitor(false)
    let timed = try HostThread.start(name: "timed") {
      guard let timer = try? ThreadTimer() else { return }
      timer.start(after: 100_000)
      while !isOver.read({ $0 }) { _ = poll(nil, 0, 1) }
    }
    try HostThread.start(name: "other") { results.add(poll(nil, 0, 50)) }.join()
    isOver.update { $0 = true }
    timed.join()
    #expect(results.all == [0])
  }

  /// What a thread had of the processors grows with its own work, and not with its sleep.
  @Test func theThreadsTimeIsItsOwn() throws {
    let times = Recorder<UInt64>()
    try HostThread.start(name: "sleeper") {
      let start = HostClock.threadNanoseconds
      _ = poll(nil, 0, 200)
      times.add(HostClock.threadNanoseconds - start)
      var number: UInt64 = 1
      while HostClock.threadNanoseconds - start < 2_000_000 { number = number &* 3 }
      times.add(number & 1)
    }.join()
    #expect(times.all.count == 2 && times.all[0] < 100_000_000 && times.all[1] == 1)
  }
}
