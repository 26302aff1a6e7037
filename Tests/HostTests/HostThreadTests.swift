import CLinux
import Host
import Synchronization
import Testing

@Suite struct HostThreadTests {
  @Test func theBodyRunsOnANamedThread() throws {
    let names = Recorder<String>()
    let thread = try HostThread.start(name: "a-name-longer-than-fifteen") {
      names.add(currentThreadName())
    }
    thread.join()
    thread.join()
    #expect(names.all == ["a-name-longer-t"])
    #expect(thread.name == "a-name-longer-t")
    #expect(!thread.isCurrent)
  }

  @Test func aKickEndsABlockingCall() throws {
    let pipe = Pipe()
    let results = Recorder<Int32>()
    let flag = SharedFlag()
    let thread = try HostThread.start(name: "reader") {
      var byte: UInt8 = 0
      flag.set()
      let count = unsafe read(pipe.read, &byte, 1)
      results.add(count == -1 ? currentErrno() : 0)
    }
    #expect(eventually { flag.isSet })
    // The kick may come before the thread is inside read(2): repeat it, as users of signals must.
    #expect(
      eventually {
        thread.kick()
        return results.count == 1
      })
    thread.join()
    thread.kick()
    #expect(results.all == [EINTR])
    close(pipe.read)
    close(pipe.write)
  }

  @Test func onlyTheKickAndFaultsAreUnblocked() throws {
    let unblocked = Recorder<Int32>()
    try HostThread.start(name: "mask") {
      var mask = sigset_t()
      unsafe pthread_sigmask(SIG_BLOCK, nil, &mask)
      // 32 and 33 belong to the C library.
      for number in Int32(1)...64 where number != 32 && number != 33 {
        if unsafe sigismember(&mask, number) == 0 { unblocked.add(number) }
      }
    }.join()
    // SIGKILL and SIGSTOP cannot be blocked.
    let expected = [
      SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL, SIGSEGV, SIGSTOP, SIGSYS, KickSignal.number,
    ]
    #expect(unblocked.all == expected)
  }

  @Test func theCreatorsMaskIsLeftAlone() throws {
    var before = sigset_t()
    var after = sigset_t()
    unsafe pthread_sigmask(SIG_BLOCK, nil, &before)
    try HostThread.start(name: "mask") {}.join()
    unsafe pthread_sigmask(SIG_BLOCK, nil, &after)
    for number in Int32(1)...64 {
      #expect(unsafe sigismember(&before, number) == sigismember(&after, number))
    }
  }

  @Test func aThreadThatIsNotJoinedIsLetGo() throws {
    let seen = Recorder<Int>()
    for number in 0..<50 { _ = try HostThread.start(name: "free") { seen.add(number) } }
    #expect(eventually { seen.count == 50 })
  }

  @Test func joiningItselfDoesNotWait() throws {
    let threads = Recorder<HostThread>()
    let seen = Recorder<Bool>()
    let thread = try HostThread.start(name: "self") {
      guard eventually({ threads.count == 1 }) else { return }
      threads.all[0].join()
      seen.add(threads.all[0].isCurrent)
    }
    threads.add(thread)
    thread.join()
    #expect(seen.all == [true])
  }

  /// A thread's processor time, asked for by another thread, is what it sees itself.
  @Test func tellsHowLongAThreadComputed() throws {
    let (seen, mayEnd) = (Recorder<UInt64>(), SharedFlag())
    let thread = try HostThread.start(name: "busy") {
      while HostClock.threadNanoseconds < 5_000_000 {}
      seen.add(HostClock.threadNanoseconds)
      while !mayEnd.isSet { usleep(1000) }
    }
    #expect(eventually { !seen.all.isEmpty })
    let time = try #require(thread.processorNanoseconds)
    #expect(time >= seen.all[0])
    mayEnd.set()
    thread.join()
    #expect(thread.processorNanoseconds == nil)
  }
}

private final class SharedFlag: Sendable {
  private let value = Atomic(false)
  func set() { value.store(true, ordering: .releasing) }
  var isSet: Bool { value.load(ordering: .acquiring) }
}

/// The kernel's own answer, which debuggers show.
private func currentThreadName() -> String {
  let file = unsafe swiftvm_open("/proc/thread-self/comm", O_RDONLY, 0)
  defer { close(file) }
  return String(decoding: readBytes(file, 64), as: UTF8.self).filter { $0 != "\n" }
}
