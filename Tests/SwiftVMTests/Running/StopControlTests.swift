import Engine
import Host
import Synchronization
import Testing

@testable import SwiftVM

/// Where the end of a machine is decided.
@Suite struct StopControlTests {
  final class Calls: Sendable {
    let count = Atomic<Int>(0)
  }

  @Test func theFirstReasonCounts() {
    let calls = Calls()
    let gate = VCPUGate(vcpuCount: 1)
    let control = StopControl(gate: gate) { calls.count.wrappingAdd(1, ordering: .relaxed) }
    #expect(control.stopped?.reason == nil)
    #expect(!gate.isStopping)
    control.requestStop(.guestExit(status: 3))
    control.requestStop(.tripleFault(vcpu: 0))
    #expect(control.stopped?.reason == .guestExit(status: 3))
    #expect(control.stopped?.thread == currentThreadID())
    #expect(gate.isStopping)
    #expect(calls.count.load(ordering: .relaxed) == 1)
  }

  @Test func oneOfManyThreadsWins() throws {
    for _ in 0..<50 {
      let calls = Calls()
      let control = StopControl(gate: VCPUGate(vcpuCount: 4)) {
        calls.count.wrappingAdd(1, ordering: .relaxed)
      }
      let winners = Winners()
      let threads = try (UInt32(0)..<4).map { number in
        try HostThread.start(name: "stopper\(number)") {
          control.requestStop(.guestExit(status: number))
          winners.note(number, thread: currentThreadID())
        }
      }
      for thread in threads { thread.join() }
      let stop = try #require(control.stopped)
      guard case .guestExit(let status) = stop.reason else {
        Issue.record("ended with \(stop.reason)")
        return
      }
      #expect(winners.thread(of: status) == stop.thread, "reason and thread are of the same request")
      #expect(calls.count.load(ordering: .relaxed) == 1)
    }
  }

  /// Which thread gave which number.
  final class Winners: Sendable {
    private let threads = Lock<[UInt32: Int32]>([:])
    func note(_ number: UInt32, thread: Int32) { threads.withLock { $0[number] = thread } }
    func thread(of number: UInt32) -> Int32? { threads.withLock { $0[number] } }
  }
}
