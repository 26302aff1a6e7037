import Host
import Synchronization
import Testing

@testable import SwiftVM

/// Where vCPU threads are held and let go.
@Suite struct VCPUGateTests {
  static let longTime: UInt64 = 30_000_000_000

  /// `count` threads that stand for vCPUs: each goes to the gate over and over, and counts how
  /// often it was let through.
  private func startThreads(_ gate: VCPUGate, _ count: Int, _ passes: Counter) throws -> [HostThread] {
    try (0..<count).map { number in
      try HostThread.start(name: "gate\(number)") {
        while gate.answer() { passes.add() }
        _ = gate.leave()
      }
    }
  }

  final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    func add() { value.wrappingAdd(1, ordering: .relaxed) }
    var count: Int { value.load(ordering: .relaxed) }
  }

  @Test func letsEverybodyThroughWhileItIsOpen() {
    let gate = VCPUGate(vcpuCount: 1)
    #expect(gate.isOpen)
    #expect(gate.answer())
    #expect(gate.answer())
  }

  @Test func holdsEveryThreadUntilEveryPauseIsReleased() throws {
    let gate = VCPUGate(vcpuCount: 3)
    let passes = Counter()
    gate.requestPause()
    gate.requestPause()
    let threads = try startThreads(gate, 3, passes)
    #expect(gate.waitUntilParked(forAtMost: Self.longTime))
    #expect(passes.count == 0)
    gate.release()
    #expect(!gate.isOpen)
    #expect(gate.waitUntilParked(forAtMost: 0))
    gate.release()
    #expect(eventually { passes.count > 0 })
    gate.requestStop()
    for thread in threads { thread.join() }
    #expect(gate.alive == 0)
    #expect(gate.waitUntilLeft(forAtMost: 0))
  }

  @Test func stopsThreadsThatAreHeld() throws {
    let gate = VCPUGate(vcpuCount: 2)
    gate.requestPause()
    let threads = try startThreads(gate, 2, Counter())
    #expect(gate.waitUntilParked(forAtMost: Self.longTime))
    gate.requestStop()
    for thread in threads { thread.join() }
    #expect(gate.alive == 0)
    #expect(gate.isStopping)
  }

  @Test func isNotParkedWhileOneThreadRuns() throws {
    let gate = VCPUGate(vcpuCount: 2)
    gate.requestPause()
    let thread = try startThreads(gate, 1, Counter())[0]
    #expect(!gate.waitUntilParked(forAtMost: 1_000_000))
    gate.requestStop()
    thread.join()
    #expect(!gate.waitUntilLeft(forAtMost: 0), "one vCPU never came")
  }

  @Test func onlyTheLastToLeaveIsTold() {
    let gate = VCPUGate(vcpuCount: 3)
    #expect([gate.leave(), gate.leave(), gate.leave()] == [false, false, true])
  }

  @Test func callsBackOnceAllAreParked() throws {
    let gate = VCPUGate(vcpuCount: 2)
    let calls = Counter()
    gate.requestPause()
    gate.whenParked { calls.add() }
    #expect(calls.count == 0)
    let threads = try startThreads(gate, 2, Counter())
    #expect(eventually { calls.count == 1 })
    gate.whenParked { calls.add() }
    #expect(calls.count == 2, "all are parked already: at once")
    gate.requestStop()
    for thread in threads { thread.join() }
    #expect(calls.count == 2)
  }

  @Test func callsBackWhereTheMachineStopsInstead() {
    let gate = VCPUGate(vcpuCount: 1)
    let calls = Counter()
    gate.requestPause()
    gate.whenParked { calls.add() }
    gate.requestStop()
    #expect(calls.count == 1)
    gate.whenParked { calls.add() }
    #expect(calls.count == 2)
  }

  @Test func callsBackWhereThePauseIsTakenBackBeforeAllAreParked() throws {
    let gate = VCPUGate(vcpuCount: 2)
    let calls = Counter()
    gate.requestPause()
    gate.whenParked { calls.add() }
    let thread = try startThreads(gate, 1, Counter())[0]
    #expect(calls.count == 0, "the second vCPU never comes")
    gate.release()
    #expect(calls.count == 1)
    gate.requestStop()
    thread.join()
    #expect(calls.count == 1)
  }

  @Test func aSleeperCountsAsParkedAndWakesOnlyForItsOwnCall() throws {
    let gate = VCPUGate(vcpuCount: 2)
    let woken = Counter()
    let threads = try (0..<2).map { number in
      try HostThread.start(name: "sleeper\(number)") {
        while gate.sleep(vcpu: number) {
          if number == 0 { woken.add() }
        }
        _ = gate.leave()
      }
    }
    #expect(gate.waitUntilParked(forAtMost: Self.longTime))
    gate.wake(vcpu: 1)
    gate.wake(vcpu: 0)
    #expect(eventually { woken.count == 1 })
    #expect(gate.waitUntilParked(forAtMost: Self.longTime), "it sleeps again")
    #expect(woken.count == 1)
    gate.requestStop()
    for thread in threads { thread.join() }
  }

  @Test func aWakeUpBeforeTheSleepIsNotLost() {
    let gate = VCPUGate(vcpuCount: 1)
    gate.wake(vcpu: 0)
    #expect(gate.sleep(vcpu: 0))
  }

  @Test func aSleeperThatIsWokenDuringAPauseWaitsForItsEnd() throws {
    let gate = VCPUGate(vcpuCount: 1)
    let woken = Counter()
    gate.requestPause()
    gate.wake(vcpu: 0)
    let thread = try HostThread.start(name: "sleeper") {
      if gate.sleep(vcpu: 0) { woken.add() }
      _ = gate.leave()
    }
    #expect(gate.waitUntilParked(forAtMost: Self.longTime))
    #expect(woken.count == 0)
    gate.release()
    thread.join()
    #expect(woken.count == 1)
  }

  /// Pausers, sleepers and threads that pass, all at once: at each moment at which the gate says that
  /// all are parked, none moves.
  @Test func parkedMeansThatNobodyMoves() throws {
    let gate = VCPUGate(vcpuCount: 3)
    let passes = Counter()
    let threads = try startThreads(gate, 3, passes)
    for _ in 0..<500 {
      gate.requestPause()
      try #require(gate.waitUntilParked(forAtMost: Self.longTime))
      let before = passes.count
      for _ in 0..<10 { pause(nanoseconds: 0) }
      #expect(passes.count == before)
      gate.release()
    }
    gate.requestStop()
    for thread in threads { thread.join() }
  }

  @Test func tellsWhetherItWokeASleeper() throws {
    let gate = VCPUGate(vcpuCount: 2)
    #expect(!gate.wake(vcpu: 1), "it does not sleep; the next sleep will end at once")
    #expect(gate.sleep(vcpu: 1))
    let thread = try HostThread.start(name: "sleeper") { _ = gate.sleep(vcpu: 1) }
    #expect(eventually { gate.isAsleep(vcpu: 1) })
    #expect(gate.wake(vcpu: 1))
    thread.join()
    #expect(!gate.isAsleep(vcpu: 1))
  }

  @Test func knowsWhenAllSleepForGood() throws {
    let gate = VCPUGate(vcpuCount: 3)
    let calls = Counter()
    func sleeper(_ vcpu: Int, isForGood: Bool) throws -> HostThread {
      let thread = try HostThread.start(name: "sleeper\(vcpu)") {
        while gate.sleep(vcpu: vcpu, isForGood: isForGood, allAsleep: { calls.add() }) {}
      }
      #expect(eventually { gate.isAsleep(vcpu: vcpu) })
      return thread
    }
    var threads = [try sleeper(0, isForGood: true), try sleeper(1, isForGood: false)]
    threads.append(try sleeper(2, isForGood: true))
    #expect(calls.count == 0, "one of them can be woken by a device")
    gate.requestStop()
    for thread in threads { thread.join() }

    let other = VCPUGate(vcpuCount: 2)
    let first = try HostThread.start(name: "first") {
      while other.sleep(vcpu: 0, isForGood: true, allAsleep: { calls.add() }) {}
    }
    #expect(eventually { other.isAsleep(vcpu: 0) })
    #expect(calls.count == 0)
    // The last one to fall asleep finds it out.
    let second = try HostThread.start(name: "second") {
      _ = other.sleep(vcpu: 1, isForGood: true) {
        calls.add()
        other.requestStop()
      }
    }
    first.join()
    second.join()
    #expect(calls.count == 1)
  }
}
