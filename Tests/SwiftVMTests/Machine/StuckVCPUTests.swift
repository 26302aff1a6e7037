import Engine
import Host
import Testing
import X86

@testable import SwiftVM

/// Machines with a vCPU that does not come back from its engine, whatever it is told.
@Suite struct StuckVCPUTests {
  typealias Step = ScriptedProcessor.Step

  /// A machine of scripted vCPUs.
  private final class Bed: Sendable {
    let processors: [ScriptedProcessor]
    let machine: VirtualMachine
    let channel = CapturingChannel()
    /// The engines that were made, one for each life of the machine.
    let made = Engines()

    init(
      _ scripts: [[Step]], runsInTurns: Bool = false,
      patience: EndPatience = EndPatience(looks: 3, interval: 1_000_000, grace: .max)
    ) throws {
      processors = scripts.enumerated().map { ScriptedProcessor(index: $0.offset, $0.element) }
      var configuration = TinyGuest.configuration(
        TinyGuest.halting, console: .channel(channel), cpuCount: scripts.count)
      // Nothing asks KVM then.
      configuration.engine = .software
      machine = try VirtualMachine(configuration, endPatience: patience) { [made, processors] in
        let engine = ScriptedMachine(processors, runsInTurns: runsInTurns)
        made.note(engine)
        return engine
      }
      try machine.start()
    }

    final class Engines: Sendable {
      private struct Weak: Sendable { weak var engine: ScriptedMachine? }
      private let list = Lock<[Weak]>([])
      func note(_ engine: ScriptedMachine) { list.withLock { $0.append(Weak(engine: engine)) } }
      var count: Int { list.withLock(\.count) }
      var isAnyAlive: Bool { list.withLock { list in list.contains { $0.engine != nil } } }
    }

    func waitUntilStuck(_ index: Int) -> Bool { eventually { processors[index].isStuck } }

    /// Returns once the loop has done what it was given before.
    func waitForLoop() {
      let isDone = Monitor(false)
      machine.parts.loop.perform { isDone.update { $0 = true } }
      isDone.wait { $0 ? () : nil }
    }
  }

  @Test(arguments: [StopReason.requested, .signal(15), .timeout])
  func theHostsStopEndsInAFault(_ reason: StopReason) async throws {
    let bed = try Bed([[.portWrite(0x80, width: 1, value: 7), .stuck]])
    #expect(bed.waitUntilStuck(0))
    async let waiter = bed.machine.wait()
    bed.machine.stop(reason)
    let outcome = bed.machine.waitBlocking()
    #expect(await waiter.sentence == outcome.sentence)
    guard case .internalFault(let text) = outcome.reason else {
      Issue.record("ended with \(outcome.reason)")
      return
    }
    #expect(outcome.exitStatus == 70)
    #expect(text.hasPrefix("vCPU 0 did not come back within "))
    #expect(text.contains("(\(Outcome(reason: reason).sentence))"))
    #expect(text.contains("that is a defect of swiftvm, please report it"))
    #expect(outcome.exits == 1)
    #expect(bed.channel.isClosed, "the terminal is put back")
    let vcpu = try #require(outcome.crash?.vcpus.first)
    #expect(vcpu.isCulprit && vcpu.state == nil && vcpu.exitCount == 1 && vcpu.exits.isEmpty)
    #expect(outcome.crash?.text.contains("it made 1 exits") == true, "\(outcome.crash?.text ?? "")")
    #expect(outcome.crash?.postCode == 7)
    #expect(bed.machine.statusLine == "the machine is not running")
    bed.processors[0].letGo()
  }

  /// The guest switches the machine off, on another vCPU.
  @Test func theGuestsPowerOffEndsInAFault() throws {
    let bed = try Bed([[.stuck, .portWrite(0x604, width: 2, value: 0x2000)], [.stuck]])
    #expect(bed.waitUntilStuck(0) && bed.waitUntilStuck(1))
    bed.processors[0].letGo()
    let outcome = bed.machine.waitBlocking()
    #expect(outcome.sentence.hasPrefix("vCPU 1 did not come back"), "\(outcome.sentence)")
    #expect(outcome.sentence.contains("(the guest switched the machine off)"))
    let vcpus = try #require(outcome.crash?.vcpus)
    #expect(vcpus.map(\.isCulprit) == [false, true])
    #expect(vcpus[0].exits.map(\.address) == [0x604], "what another thread has left may be read")
    bed.processors[1].letGo()
  }

  @Test func aDeathOfAnotherVCPUIsInTheReportToo() throws {
    let bed = try Bed([[.stuck, .shutdown], [.stuck]])
    #expect(bed.waitUntilStuck(0) && bed.waitUntilStuck(1))
    bed.processors[0].letGo()
    let outcome = bed.machine.waitBlocking()
    #expect(outcome.exitStatus == 70)
    #expect(outcome.sentence.contains("(triple fault on vCPU 0"))
    let vcpus = try #require(outcome.crash?.vcpus)
    #expect(vcpus.map { $0.state != nil } == [true, false])
    bed.processors[1].letGo()
  }

  @Test func aResetStartsNoSecondMachineOverIt() throws {
    let bed = try Bed([[.stuck, .portWrite(0x64, width: 1, value: 0xFE)], [.stuck]])
    #expect(bed.waitUntilStuck(0) && bed.waitUntilStuck(1))
    bed.processors[0].letGo()
    let outcome = bed.machine.waitBlocking()
    #expect(outcome.exitStatus == 70)
    #expect(outcome.sentence.contains("(the guest asked for a reset by "), "\(outcome.sentence)")
    #expect(outcome.reboots == 0)
    #expect(bed.made.count == 1)
    // It comes back after all: too late.
    bed.processors[1].letGo()
    #expect(eventually { !bed.made.isAnyAlive })
    #expect(bed.made.count == 1)
  }

  /// Where the vCPUs share a thread, it is the one that has the turn.
  @Test func ofVCPUsInTurnsTheOneWithTheTurnIsNamed() throws {
    let bed = try Bed([[.turnOver], [.stuck], []], runsInTurns: true)
    #expect(bed.waitUntilStuck(1))
    bed.machine.stop()
    let outcome = bed.machine.waitBlocking()
    #expect(outcome.sentence.hasPrefix("vCPU 1 did not come back"), "\(outcome.sentence)")
    let vcpus = try #require(outcome.crash?.vcpus)
    #expect(vcpus.map(\.isCulprit) == [false, true, false])
    #expect(vcpus.allSatisfy { $0.failure != nil })
    bed.processors[1].letGo()
  }

  /// What the thread uses stays as long as it is inside, also where nobody else wants it any more.
  @Test func whatItsThreadUsesStaysUntilItComesBack() throws {
    weak var machine: VirtualMachine?
    func run() throws -> (ScriptedProcessor, Bed.Engines) {
      let bed = try Bed([[.stuck]])
      machine = bed.machine
      #expect(bed.waitUntilStuck(0))
      bed.machine.stop()
      #expect(bed.machine.waitBlocking().exitStatus == 70)
      // It has let go of the machine then.
      bed.machine.parts.loop.stop()
      return (bed.processors[0], bed.made)
    }
    let (processor, engines) = try run()
    #expect(engines.isAnyAlive && machine != nil)
    processor.letGo()
    #expect(eventually { !engines.isAnyAlive && machine == nil })
  }

  // MARK: A second request

  /// Who asks again after a while does not want to wait.
  @Test func aSecondRequestEndsTheWait() throws {
    let patience = EndPatience(looks: .max, interval: 1_000_000_000, grace: 0)
    let bed = try Bed([[.stuck]], patience: patience)
    #expect(bed.waitUntilStuck(0))
    bed.machine.stop(.signal(15))
    bed.machine.stop(.signal(2))
    let outcome = bed.machine.waitBlocking()
    #expect(outcome.exitStatus == 70)
    #expect(outcome.sentence.contains("(stopped by signal 15)"), "the first reason counts")
    #expect(outcome.sentence.contains("unless the host is very busy"))
    bed.processors[0].letGo()
  }

  /// Two signals at once are what timeout(1) sends.
  @Test func aSecondRequestAtOnceIsNone() throws {
    let patience = EndPatience(looks: .max, interval: 1_000_000_000, grace: .max)
    let bed = try Bed([[.stuck]], patience: patience)
    #expect(bed.waitUntilStuck(0))
    for _ in 0..<10 { bed.machine.stop(.signal(15)) }
    bed.waitForLoop()
    bed.processors[0].letGo()
    #expect(bed.machine.waitBlocking().reason == .signal(15))
  }

  /// A second request that finds the vCPUs gone changes nothing.
  @Test func aSecondRequestOfAMachineThatEndsIsHarmless() throws {
    for _ in 0..<20 {
      let bed = try Bed([[]], patience: EndPatience(looks: .max, interval: 1, grace: 0))
      for _ in 0..<3 { bed.machine.stop() }
      let outcome = bed.machine.waitBlocking()
      // A vCPU that was still on its way out may have been given up.
      #expect(outcome.reason == .requested || outcome.exitStatus == 70)
      bed.machine.stop()
    }
  }

  // MARK: What is no defect

  /// A slow reader holds up the guest's last words, and who is to end by itself waits for it.
  @Test func aVCPUInASlowOutputIsWaitedFor() throws {
    let bed = try Bed([
      [.stuck, .portWrite(0x604, width: 2, value: 0x2000)], [.stuck, .portWrite(0xE9, width: 1, value: 65)],
    ])
    #expect(bed.waitUntilStuck(0) && bed.waitUntilStuck(1))
    bed.channel.hold()
    bed.processors[1].letGo()
    #expect(eventually { bed.machine.parts.channel.isWriting })
    bed.processors[0].letGo()
    // Many times what a vCPU that is not in a write is given.
    pause(nanoseconds: 60_000_000)
    bed.channel.release()
    #expect(bed.machine.waitBlocking().reason == .poweredOff)
    #expect(bed.channel.bytes == [65])
  }
}
