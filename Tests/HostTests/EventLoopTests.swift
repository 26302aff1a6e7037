import CLinux
import Host
import Testing

@Suite struct EventLoopTests {
  @Test func performRunsInOrderOnOneThread() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let threads = Recorder<pthread_t>()
    for number in 0..<1000 {
      loop.perform {
        seen.add(number)
        threads.add(pthread_self())
      }
    }
    loop.stop()
    #expect(seen.all == Array(0..<1000))
    #expect(Set(threads.all).count == 1)
    #expect(threads.all.first != pthread_self())
  }

  @Test func performFromManyThreadsLosesNothing() throws {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let threads = try (0..<8).map { thread in
      try HostThread.start(name: "perform-\(thread)") {
        for number in 0..<500 { loop.perform { seen.add(thread * 500 + number) } }
      }
    }
    for thread in threads { thread.join() }
    loop.stop()
    #expect(seen.all.sorted() == Array(0..<4000))
    // Each thread's own calls stay in order.
    for thread in 0..<8 {
      let own = seen.all.filter { $0 / 500 == thread }
      #expect(own == own.sorted())
    }
  }

  @Test func performFromAHandlerRunsToo() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    loop.perform {
      seen.add(1)
      loop.perform { seen.add(2) }
      #expect(loop.isCurrent)
    }
    #expect(eventually { seen.count == 2 })
    #expect(!loop.isCurrent)
    loop.stop()
    #expect(seen.all == [1, 2])
  }

  @Test func timersFireInOrderOfTheirMoments() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let timers = (0..<20).map { number in loop.makeTimer { seen.add(number) } }
    // Armed in one go on the loop, so that none fires before all are set.
    loop.perform {
      let now = HostClock.monotonicNanoseconds
      for number in (0..<20).map({ ($0 * 7) % 20 }) {
        timers[number].arm(at: now + 1_000_000 + UInt64(number) * 10)
      }
    }
    #expect(eventually { seen.count == 20 })
    #expect(seen.all == Array(0..<20))
    loop.stop()
  }

  @Test func timersOfOneMomentFireInOrderOfArming() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let timers = (0..<50).map { number in loop.makeTimer { seen.add(number) } }
    loop.perform { for timer in timers.reversed() { timer.arm(at: 0) } }
    #expect(eventually { seen.count == 50 })
    #expect(seen.all == Array((0..<50).reversed()))
    loop.stop()
  }

  @Test func aTimerDoesNotFireBeforeItsMoment() {
    let loop = EventLoop()
    let moments = Recorder<UInt64>()
    let timer = loop.makeTimer { moments.add(HostClock.monotonicNanoseconds) }
    let deadline = HostClock.monotonicNanoseconds + 5_000_000
    timer.arm(at: deadline)
    #expect(eventually { moments.count == 1 })
    #expect(moments.all[0] >= deadline)
    loop.stop()
  }

  @Test func armAgainMovesATimerBothWays() {
    let loop = EventLoop()
    let seen = Recorder<String>()
    let moved = loop.makeTimer { seen.add("moved") }
    let other = loop.makeTimer { seen.add("other") }
    let now = HostClock.monotonicNanoseconds
    let hour: UInt64 = 3_600_000_000_000
    // From far to near: the descriptor must be set anew.
    moved.arm(at: now + hour)
    moved.arm(at: now)
    #expect(eventually { seen.count == 1 })
    // From near to far: it must not fire at the old moment.
    loop.perform {
      let now = HostClock.monotonicNanoseconds
      moved.arm(at: now + 1_000_000)
      other.arm(at: now + 2_000_000)
      moved.arm(at: now + hour)
    }
    #expect(eventually { seen.count == 2 })
    #expect(seen.all == ["moved", "other"])
    loop.stop()
  }

  @Test func extremeMomentsAreHarmless() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let never = loop.makeTimer { seen.add(0) }
    let atOnce = loop.makeTimer { seen.add(1) }
    never.arm(at: .max)
    never.arm(at: .max - 1)
    atOnce.arm(at: 0)
    #expect(eventually { seen.count == 1 })
    loop.stop()
    #expect(seen.all == [1])
  }

  @Test func aCancelledTimerDoesNotFire() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let timers = (0..<10).map { number in loop.makeTimer { seen.add(number) } }
    loop.perform {
      for timer in timers { timer.arm(at: 0) }
      for number in stride(from: 0, to: 10, by: 2) { timers[number].cancel() }
      timers[1].cancel()
      timers[1].cancel()
      timers[1].arm(at: 0)
    }
    #expect(eventually { seen.count == 5 })
    loop.stop()
    #expect(seen.all == [3, 5, 7, 9, 1])
  }

  @Test func aTimerCanCancelAnotherOfTheSameRound() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let second = loop.makeTimer { seen.add(2) }
    let first = loop.makeTimer {
      seen.add(1)
      second.cancel()
    }
    let third = loop.makeTimer { seen.add(3) }
    loop.perform { for timer in [first, second, third] { timer.arm(at: 0) } }
    #expect(eventually { seen.all.contains(3) })
    loop.stop()
    #expect(seen.all == [1, 3])
  }

  @Test func aTimerEndsWithItsLastReference() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    loop.perform {
      do {
        let dropped = loop.makeTimer { seen.add(1) }
        dropped.arm(at: 0)
      }
    }
    let kept = loop.makeTimer { seen.add(2) }
    kept.arm(at: 0)
    #expect(eventually { seen.all.contains(2) })
    loop.stop()
    #expect(seen.all == [2])
  }

  @Test func aTimerThatArmsItselfForThePastLeavesOthersTheirTurn() {
    let loop = EventLoop()
    let pipe = Pipe()
    let seen = Recorder<Int>()
    let holder = Recorder<EventLoop.Timer>()
    let busy = loop.makeTimer { holder.all.first?.arm(at: 0) }
    holder.add(busy)
    busy.arm(at: 0)
    let registration = try? loop.add(pipe.read, .readable) { _ in
      seen.add(readBytes(pipe.read, 1).count)
    }
    writeAll(pipe.write, [1])
    #expect(eventually { seen.count == 1 })
    loop.perform { seen.add(7) }
    #expect(eventually { seen.count == 2 })
    loop.stop()
    registration?.remove()
    close(pipe.read)
    close(pipe.write)
  }

  @Test func manyTimersInARandomOrder() {
    let loop = EventLoop()
    let seen = Recorder<UInt64>()
    var generator = SystemRandomNumberGenerator()
    let now = HostClock.monotonicNanoseconds
    let moments = (0..<500).map { _ in now - UInt64.random(in: 0..<1_000_000, using: &generator) }
    let timers = moments.map { moment in loop.makeTimer { seen.add(moment) } }
    let cancelled = Set((0..<500).shuffled().prefix(200))
    loop.perform {
      for (timer, moment) in zip(timers, moments) { timer.arm(at: moment) }
      for index in cancelled { timers[index].cancel() }
    }
    #expect(eventually { seen.count == 300 })
    loop.stop()
    #expect(seen.all == moments.indices.filter { !cancelled.contains($0) }.map { moments[$0] }.sorted())
  }

  @Test func descriptorsAreReportedUntilRead() throws {
    let loop = EventLoop()
    let pipe = Pipe()
    let seen = Recorder<UInt8>()
    let registration = try loop.add(pipe.read, .readable) { readiness in
      #expect(readiness.contains(.readable))
      for byte in readBytes(pipe.read, 1) { seen.add(byte) }
    }
    writeAll(pipe.write, [1, 2, 3])
    #expect(eventually { seen.count == 3 })
    registration.modify([])
    writeAll(pipe.write, [4])
    // A round of the loop has passed in which the sleeping descriptor was not reported.
    let rounds = Recorder<Int>()
    loop.perform { loop.perform { rounds.add(1) } }
    #expect(eventually { rounds.count == 1 })
    #expect(seen.all == [1, 2, 3])
    registration.modify(.readable)
    #expect(eventually { seen.count == 4 })
    registration.remove()
    registration.remove()
    writeAll(pipe.write, [5])
    loop.stop()
    #expect(seen.all == [1, 2, 3, 4])
    close(pipe.read)
    close(pipe.write)
  }

  @Test func aHandlerThatRemovesAnotherKeepsItFromRunning() throws {
    let loop = EventLoop()
    let pipes = [Pipe(), Pipe()]
    for pipe in pipes { writeAll(pipe.write, [1]) }
    let seen = Recorder<Int>()
    let registrations = Recorder<EventLoop.Registration>()
    let done = Recorder<Int>()
    // Both become ready in one round; whichever runs first removes both.
    loop.perform {
      for (number, pipe) in pipes.enumerated() {
        let registration = try? loop.add(pipe.read, .readable) { _ in
          seen.add(number)
          for registration in registrations.all { registration.remove() }
          loop.perform { done.add(1) }
        }
        if let registration { registrations.add(registration) }
      }
    }
    #expect(eventually { done.count == 1 })
    loop.stop()
    #expect(seen.count == 1)
    for pipe in pipes {
      close(pipe.read)
      close(pipe.write)
    }
  }

  @Test func hangUpIsReportedUnlessTheInterestIsEmpty() throws {
    let loop = EventLoop()
    let pipe = Pipe()
    let seen = Recorder<EventLoop.Readiness>()
    let registration = try loop.add(pipe.read, []) { seen.add($0) }
    close(pipe.write)
    let rounds = Recorder<Int>()
    loop.perform { loop.perform { loop.perform { rounds.add(1) } } }
    #expect(eventually { rounds.count == 1 })
    #expect(seen.all.isEmpty)
    registration.modify(.readable)
    #expect(eventually { seen.count > 0 })
    registration.remove()
    #expect(seen.all[0].contains(.hangUp))
    loop.stop()
    close(pipe.read)
  }

  @Test func aRegularFileCannotBeWaitedFor() throws {
    let path = temporaryPath("regular")
    let file = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT)
    defer { unsafe unlink(path) }
    let loop = EventLoop()
    let error = #expect(throws: SystemError.self) {
      _ = try loop.add(file.rawValue, .readable) { _ in }
    }
    #expect(error?.errno == EPERM)
    loop.stop()
  }

  @Test func afterStopNothingRuns() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    let timer = loop.makeTimer { seen.add(1) }
    loop.perform { seen.add(0) }
    loop.stop()
    loop.stop()
    timer.arm(at: 0)
    timer.cancel()
    loop.perform { seen.add(2) }
    let error = #expect(throws: SystemError.self) { try loop.start() }
    #expect(error?.errno == ECANCELED)
    #expect(seen.all == [0])
  }

  @Test func aLoopThatNeverStartedStops() {
    let loop = EventLoop()
    loop.stop()
    loop.perform { Issue.record("a stopped loop runs nothing") }
  }

  @Test func stopFromAHandlerEndsTheLoop() {
    let loop = EventLoop()
    let seen = Recorder<Int>()
    loop.perform {
      seen.add(1)
      loop.stop()
      seen.add(2)
    }
    #expect(eventually { seen.count == 2 })
    loop.stop()
    #expect(seen.all == [1, 2])
  }
}
