import Engine
import Host
import Testing

@testable import SwiftVM

/// The watch that finds out that every vCPU has halted for good.
@Suite struct HaltWatchTests {
  /// A vCPU as the watch sees it, with a thread at the gate.
  final class FakeVCPU: HaltCandidate {
    struct State {
      var stamp: UInt64?
      var isAsleep = true
      var isHalted: Bool?
      var questions = 0
    }
    private let state: Lock<State>

    init(stamp: UInt64? = 0, isAsleep: Bool = true, isHalted: Bool?) {
      state = Lock(State(stamp: stamp, isAsleep: isAsleep, isHalted: isHalted))
    }

    func set(stamp: UInt64? = 0, isAsleep: Bool = true, isHalted: Bool?) {
      state.withLock { state in
        state.stamp = stamp
        state.isAsleep = isAsleep
        state.isHalted = isHalted
      }
    }

    /// How often it was asked for its flags, which costs the guest time.
    var questions: Int { state.withLock(\.questions) }
    var activityStamp: UInt64? { state.withLock(\.stamp) }
    var seemsAsleep: Bool { state.withLock(\.isAsleep) }
    func isHaltedForGood() throws(EngineError) -> Bool {
      let isHalted = state.withLock { state in
        state.questions += 1
        return state.isHalted
      }
      guard let isHalted else { throw EngineError("the vCPU's state cannot be read") }
      return isHalted
    }
  }

  /// A watch over fakes, whose threads come to the gate when they are kicked.
  final class Machine: Sendable {
    let vcpus: [FakeVCPU]
    let gate: VCPUGate
    let control: StopControl
    let watch: HaltWatch
    let kicks = Monitor(0)
    private let threads: Lock<[HostThread]> = Lock([])

    init(_ vcpus: [FakeVCPU], comeToTheGate: Bool = true) throws {
      self.vcpus = vcpus
      let gate = VCPUGate(vcpuCount: vcpus.count)
      self.gate = gate
      let kicks = kicks
      control = StopControl(gate: gate) { kicks.update { $0 += 1 } }
      watch = HaltWatch(candidates: vcpus, gate: gate, control: control) { kicks.update { $0 += 1 } }
      guard comeToTheGate else { return }
      let started = try vcpus.indices.map { number in
        try HostThread.start(name: "fake-vcpu\(number)") {
          var seen = 0
          repeat { seen = kicks.wait { $0 > seen ? $0 : nil } } while gate.answer()
          _ = gate.leave()
        }
      }
      threads.withLock { $0 = started }
    }

    func end() {
      control.requestStop(.requested)
      for thread in threads.withLock({ $0 }) { thread.join() }
    }
  }

  @Test func endsTheMachineWhereEveryVCPUHasHaltedForGood() throws {
    let machine = try Machine([FakeVCPU(isHalted: true), FakeVCPU(isHalted: true)])
    #expect(machine.watch.look() != nil)
    #expect(machine.control.stopped?.reason == .halted)
    #expect(machine.watch.look() == nil, "there is nothing more to watch")
    machine.end()
    #expect(machine.control.stopped?.reason == .halted)
  }

  @Test func leavesTheMachineAloneWhereOneVCPUCanBeWoken() throws {
    let machine = try Machine([FakeVCPU(isHalted: true), FakeVCPU(isHalted: false)])
    _ = machine.watch.look()
    #expect(machine.control.stopped?.reason == nil)
    #expect(machine.gate.isOpen, "the vCPUs run again")
    machine.end()
  }

  @Test func disturbsNobodyWhoIsBusy() throws {
    let machine = try Machine([FakeVCPU(isHalted: true), FakeVCPU(isAsleep: false, isHalted: true)])
    _ = machine.watch.look()
    #expect(machine.vcpus.map(\.questions) == [0, 0])
    #expect(machine.kicks.read { $0 } == 0)
    machine.end()
  }

  @Test func asksAnIdleGuestOnlyOnceUntilItHasWorked() throws {
    let vcpu = FakeVCPU(stamp: 5, isHalted: false)
    let machine = try Machine([vcpu])
    for _ in 0..<10 { _ = machine.watch.look() }
    #expect(vcpu.questions == 1)
    vcpu.set(stamp: 6, isHalted: false)
    for _ in 0..<10 { _ = machine.watch.look() }
    #expect(vcpu.questions == 2)
    vcpu.set(stamp: 7, isHalted: true)
    _ = machine.watch.look()
    #expect(machine.control.stopped?.reason == .halted)
    machine.end()
  }

  @Test func asksEachTimeWhereTheEngineCannotTell() throws {
    let vcpu = FakeVCPU(stamp: nil, isHalted: false)
    let machine = try Machine([vcpu])
    for _ in 0..<5 { _ = machine.watch.look() }
    #expect(vcpu.questions == 5)
    machine.end()
  }

  @Test func looksLessOftenWhileNothingChanges() throws {
    let vcpu = FakeVCPU(stamp: 5, isHalted: false)
    let machine = try Machine([vcpu])
    let intervals = try (0..<12).map { _ in try #require(machine.watch.look()) }
    #expect(intervals.first == HaltWatch.firstLook)
    #expect(zip(intervals, intervals.dropFirst()).allSatisfy { $0 <= $1 })
    #expect(intervals.last == 100_000_000)
    vcpu.set(stamp: 6, isHalted: false)
    #expect(machine.watch.look() == HaltWatch.firstLook)
    machine.end()
  }

  @Test func leavesAnErrorToTheVCPUsOwnThread() throws {
    let machine = try Machine([FakeVCPU(isHalted: nil)])
    _ = machine.watch.look()
    #expect(machine.control.stopped?.reason == nil)
    #expect(machine.gate.isOpen)
    machine.end()
  }

  @Test func givesUpWhereAVCPUIsHeldUp() throws {
    let vcpu = FakeVCPU(isHalted: true)
    let machine = try Machine([vcpu], comeToTheGate: false)
    #expect(machine.watch.look() != nil)
    #expect(vcpu.questions == 0, "its state may not be read while it runs")
    #expect(machine.control.stopped?.reason == nil)
    #expect(machine.gate.isOpen)
  }

  @Test func doesNotTakeAwayAnothersPause() throws {
    let machine = try Machine([FakeVCPU(isHalted: false)])
    machine.gate.requestPause()
    _ = machine.watch.look()
    #expect(!machine.gate.isOpen)
    machine.gate.release()
    machine.end()
  }
}
