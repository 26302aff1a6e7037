import Devices
import Engine
import GuestMemory
import Host
import Testing
import X86

@testable import SwiftVM

/// One thread that runs all vCPUs, each in its turn.
@Suite struct TurnLoopTests {
  typealias Step = ScriptedProcessor.Step

  /// Scripted vCPUs that share a thread, a recorder at port 0x100 and the exit port.
  struct Round {
    let processors: [ScriptedProcessor]
    let locals: [FakeLocalController]
    let vcpus: [VirtualCPU]
    let port = RecordingDevice()
    let gate: VCPUGate
    let control: StopControl
    let loop: TurnLoop<ScriptedProcessor>

    init(_ scripts: [[Step]]) throws {
      let processors = scripts.enumerated().map { ScriptedProcessor(index: $0.offset, $0.element) }
      let locals = scripts.map { _ in FakeLocalController() }
      let gate = VCPUGate(vcpuCount: scripts.count, shareThread: true)
      let control = StopControl(gate: gate) { for processor in processors { processor.kick() } }
      let ports = try Bus(
        kind: .ports,
        attachments: [
          BusAttachment(base: 0x100, byteCount: 16, device: port),
          BusAttachment(base: 0xF4, byteCount: ExitPort.portCount, device: ExitPort(machine: control)),
        ])
      let shared = SharedParts(
        ports: ports, memory: [try Bus(kind: .memory, attachments: [])], localControllers: locals,
        gate: gate, control: control, guestMemory: try GuestMemory(pcWithByteCount: 1 << 20),
        post: POSTPort())
      // All but vCPU 0 wait for this.
      for local in locals.dropFirst() { local.send(Self.startup) }
      let vcpus = processors.map { VirtualCPU(processor: $0, machine: shared) }
      loop = TurnLoop(vcpus, processors: processors, machine: shared)
      (self.processors, self.locals, self.vcpus, self.gate, self.control) =
        (processors, locals, vcpus, gate, control)
    }

    static var startup: ProcessorSignals {
      var signals = ProcessorSignals()
      signals.startupVector = 0x10
      return signals
    }

    /// What was written to the recorder, in order.
    var written: [UInt64] { port.accesses.compactMap(\.written) }

    func start() throws -> HostThread {
      let (loop, gate) = (loop, gate)
      return try HostThread.start(name: "test-turns") {
        loop.run()
        _ = gate.leave()
      }
    }
  }

  static func write(_ value: UInt64) -> Step { .portWrite(0x100, width: 1, value: value) }
  static let exit = Step.portWrite(0xF4, width: 1, value: 7)
  static let ready = Step.flags(canAccept: true, interruptsEnabled: true)

  @Test func goesRoundByNumber() throws {
    let round = try Round([
      [Self.write(1), Self.write(2), .turnOver, Self.write(3), .turnOver, Self.exit],
      [Self.write(11), .turnOver, Self.write(12), .turnOver],
      [Self.write(21), .turnOver, Self.write(22), Self.write(23), .turnOver],
    ])
    round.loop.run()
    #expect(round.written == [1, 2, 11, 21, 3, 12, 22, 23])
    #expect(round.control.stopped?.reason == .guestExit(status: 7))
    #expect(round.loop.turnCount == 7)
  }

  @Test func aHaltEndsATurnAndLeavesTheRound() throws {
    let round = try Round([
      [Self.write(1), .turnOver, Self.write(2), .turnOver, Self.write(3), Self.exit],
      [Self.ready, Self.write(11), .halt, Self.write(12), .turnOver],
    ])
    round.loop.run()
    #expect(round.written == [1, 11, 2, 3])
    #expect(round.gate.isAsleep(vcpu: 1))
  }

  @Test func oneThatWasWokenIsInTheRoundAgain() throws {
    let round = try Round([
      [Self.ready, Self.write(1), .halt, Self.write(2), Self.exit],
      [Self.ready, Self.write(11), .halt, Self.write(12), .halt],
    ])
    let thread = try round.start()
    #expect(round.gate.waitUntilParked(forAtMost: 30_000_000_000))
    #expect(round.written == [1, 11])
    // For nothing: it sleeps on.
    #expect(round.gate.wake(vcpu: 1))
    #expect(eventually { round.gate.isAsleep(vcpu: 1) })
    round.locals[1].raise(0x40)
    round.gate.wake(vcpu: 1)
    #expect(eventually { round.written.count == 3 })
    round.locals[0].raise(0x41)
    round.gate.wake(vcpu: 0)
    thread.join()
    #expect(round.written == [1, 11, 12, 2])
    #expect(round.processors[1].events.contains(.interrupt(0x40)))
  }

  @Test func allHaltedForGoodIsTheEnd() throws {
    let round = try Round([[Self.write(1), .halt], [Self.write(11), .halt]])
    round.loop.run()
    #expect(round.written == [1, 11])
    #expect(round.control.stopped?.reason == .halted)
  }

  @Test func aVCPUThatWasNotStartedTakesNoTurn() throws {
    let round = try Round([
      [Self.write(1), .turnOver, Self.write(2), Self.exit], [Self.write(11), .turnOver],
    ])
    _ = round.locals[1].takeSignals()
    round.loop.run()
    #expect(round.written == [1, 2])
    #expect(round.processors[1].stepsDone == 0)
  }

  @Test func aPauseHoldsTheThreadAndChangesNoOrder() throws {
    let scripts = [0, 1, 2].map { number in
      (0..<200).flatMap { [Self.write(UInt64(number) * 64 + UInt64($0 % 64)), .turnOver] }
    }
    let round = try Round([scripts[0] + [Self.exit], scripts[1], scripts[2]])
    round.gate.requestPause()
    let thread = try round.start()
    for processor in round.processors { processor.kick() }
    for _ in 0..<50 {
      #expect(round.gate.waitUntilParked(forAtMost: 30_000_000_000))
      let before = round.written.count
      pause(nanoseconds: 100_000)
      #expect(round.written.count == before)
      round.gate.release()
      round.gate.requestPause()
      for processor in round.processors { processor.kick() }
    }
    round.gate.release()
    thread.join()
    var expected: [UInt64] = []
    for index in 0..<200 { for number in 0..<3 { expected.append(UInt64(number * 64 + index % 64)) } }
    #expect(round.written == expected)
  }

  @Test func aStopReachesSleepersAndKeepsTheirStates() throws {
    let round = try Round([[Self.ready, .halt], [Self.ready, .halt]])
    let thread = try round.start()
    #expect(round.gate.waitUntilParked(forAtMost: 30_000_000_000))
    round.control.requestStop(.timeout)
    thread.join()
    let endings = round.vcpus.map { $0.ending.withLock { $0 } }
    #expect(endings.map { $0?.state?.activity } == [.halted, .halted])
    #expect(endings.map { $0?.isCulprit } == [false, false])
  }

  @Test func theDeathOfOneIsTheEndOfAll() throws {
    let round = try Round([
      [Self.write(1), .turnOver, Self.write(2), .turnOver], [Self.write(11), .shutdown],
      [Self.write(21), .turnOver],
    ])
    round.loop.run()
    #expect(round.written == [1, 11])
    #expect(round.control.stopped?.reason == .tripleFault(vcpu: 1))
    let endings = round.vcpus.map { $0.ending.withLock { $0 } }
    #expect(endings.map { $0?.isCulprit } == [false, true, false])
    #expect(endings[2]?.state != nil)
  }
}
