import Engine
import Host
import Testing

@testable import SwiftVM

/// A machine's life on every engine: started, paused, resumed, stopped, waited for, from many tasks.
@Suite struct MachineLifeTests {
  private func machine(
    _ code: [UInt8], on engine: TestedEngine, console: VirtualMachine.Configuration.Console = .none,
    cpuCount: Int = 1, _ change: (inout VirtualMachine.Configuration) -> Void = { _ in }
  ) throws -> VirtualMachine {
    var configuration = TinyGuest.configuration(code, console: console, cpuCount: cpuCount)
    engine.apply(to: &configuration)
    change(&configuration)
    return try VirtualMachine(configuration)
  }

  @Test(arguments: TestedEngine.usable) func haltsForGood(_ engine: TestedEngine) async throws {
    let outcome = try await machine(TinyGuest.halting, on: engine).run()
    #expect(outcome.reason == .halted)
    #expect(outcome.crash == nil)
  }

  @Test(arguments: TestedEngine.usable)
  func givesTheGuestsStatus(_ engine: TestedEngine) async throws {
    let outcome = try await machine(TinyGuest.exiting, on: engine).run()
    #expect(outcome.reason == .guestExit(status: 42))
    #expect(outcome.exits == 1)
  }

  /// A guest may be over before the thread that started it has done its part.
  @Test(arguments: TestedEngine.usable)
  func startsGuestsThatAreOverAtOnce(_ engine: TestedEngine) async throws {
    for _ in 0..<100 {
      let machine = try machine(TinyGuest.exiting, on: engine)
      #expect(try await machine.run().reason == .guestExit(status: 42))
    }
  }

  @Test(arguments: [1, 2, 4], TestedEngine.usable)
  func haltsForGoodWithSeveralVCPUs(_ count: Int, _ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.halting, on: engine, cpuCount: count)
    #expect(try await machine.run().reason == .halted)
  }

  @Test(arguments: TestedEngine.usable)
  func aSleeperThatCanBeWokenIsNoHalt(_ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.idle, on: engine) { $0.timeoutNanoseconds = 300_000_000 }
    let outcome = try await machine.run()
    #expect(outcome.reason == .timeout)
    #expect(outcome.crash?.text.contains("halted") == true, "\(outcome.crash?.text ?? "")")
  }

  @Test(arguments: TestedEngine.usable)
  func stopsAtTheTimeLimitAndTellsWhereTheGuestWas(_ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.endless, on: engine) { $0.timeoutNanoseconds = 50_000_000 }
    let outcome = try await machine.run()
    #expect(outcome.reason == .timeout)
    let vcpu = try #require(outcome.crash?.vcpus.first)
    #expect(vcpu.code.prefix(2) == TinyGuest.endless[...])
    #expect(vcpu.isCulprit == false)
  }

  @Test(arguments: TestedEngine.usable)
  func canBeStartedOnlyOnce(_ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.exiting, on: engine)
    #expect(try await machine.run().reason == .guestExit(status: 42))
    #expect { try machine.start() } throws: { error in
      if case .startedBefore? = error as? StartError { true } else { false }
    }
    #expect(await machine.wait().reason == .guestExit(status: 42), "the outcome stays")
  }

  @Test(arguments: TestedEngine.usable)
  func aStopBeforeTheStartIsKept(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    let machine = try machine(TinyGuest.counting, on: engine, console: .channel(channel))
    machine.stop()
    #expect(try await machine.run().reason == .requested)
    #expect(channel.bytes.isEmpty, "the guest never ran")
  }

  @Test(arguments: TestedEngine.usable)
  func aPauseBeforeTheStartHoldsTheFirstInstruction(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    let machine = try machine(TinyGuest.counting, on: engine, console: .channel(channel))
    await machine.pause()
    try machine.start()
    pause(nanoseconds: 20_000_000)
    #expect(channel.bytes.isEmpty)
    machine.resume()
    #expect(eventually { !channel.bytes.isEmpty })
    machine.stop()
    #expect(await machine.wait().reason == .requested)
  }

  @Test(arguments: TestedEngine.usable)
  func nothingRunsWhilePaused(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    let machine = try machine(TinyGuest.counting, on: engine, console: .channel(channel))
    try machine.start()
    for _ in 0..<20 {
      await machine.pause()
      let before = channel.bytes.count
      pause(nanoseconds: 1_000_000)
      #expect(channel.bytes.count == before)
      machine.resume()
      #expect(eventually { channel.bytes.count > before })
    }
    machine.stop()
    _ = await machine.wait()
    expectCountingUp(channel.bytes)
  }

  @Test(arguments: TestedEngine.usable)
  func pausesAreCounted(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    let machine = try machine(TinyGuest.counting, on: engine, console: .channel(channel))
    machine.resume()
    machine.resume()
    try machine.start()
    await machine.pause()
    await machine.pause()
    machine.resume()
    let before = channel.bytes.count
    pause(nanoseconds: 5_000_000)
    #expect(channel.bytes.count == before, "one pause is left, and resumes without a pause do not count")
    machine.resume()
    machine.resume()
    #expect(eventually { channel.bytes.count > before })
    await machine.pause()
    machine.stop()
    #expect(await machine.wait().reason == .requested, "a paused machine can be stopped")
  }

  @Test(arguments: TestedEngine.usable)
  func everybodyWhoWaitsIsTold(_ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.endless, on: engine)
    try machine.start()
    let reasons = await withTaskGroup(of: StopReason.self) { group in
      for _ in 0..<10 { group.addTask { await machine.wait().reason } }
      group.addTask {
        machine.stop()
        return .requested
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(reasons == Array(repeating: .requested, count: 11))
    #expect(machine.waitBlocking().reason == .requested)
  }

  /// 200 pauses, resumes and finally a stop, at random, from several tasks at once.
  @Test(arguments: [1, 2], TestedEngine.usable)
  func survivesPausesAndStopsFromManyTasks(_ cpuCount: Int, _ engine: TestedEngine) async throws {
    for round in 0..<4 {
      let code = round % 2 == 0 ? TinyGuest.endless : TinyGuest.counting
      let machine = try machine(code, on: engine, cpuCount: cpuCount)
      try machine.start()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<5 {
          group.addTask {
            for _ in 0..<40 {
              switch Int.random(in: 0..<4) {
              case 0, 1:
                await machine.pause()
                machine.resume()
              case 2: machine.resume()
              default: await Task.yield()
              }
            }
          }
        }
      }
      #expect(machine.life.read(\.current) != nil, "it runs until it is stopped")
      await withTaskGroup(of: Void.self) { group in
        for number in 0..<5 {
          group.addTask {
            if number % 2 == 0 {
              await machine.pause()
            } else {
              machine.stop()
            }
          }
        }
      }
      #expect(await machine.wait().reason == .requested)
      await machine.pause()
      machine.resume()
      machine.stop()
    }
  }

  @Test(arguments: TestedEngine.usable)
  func tellsHowItIsDoingWhileItRuns(_ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.counting, on: engine, cpuCount: 2)
    try machine.start()
    #expect(eventually { !machine.statusLine.contains("vCPU 0 made 0 exits") })
    for _ in 0..<100 { #expect(machine.statusLine.hasPrefix("the machine runs: vCPU 0 made ")) }
    await machine.pause()
    #expect(machine.statusLine.hasPrefix("the machine is paused"))
    #expect(machine.statusLine.contains("vCPU 1 made 0 exits"))
    machine.stop()
    _ = await machine.wait()
    #expect(machine.statusLine == "the machine is not running")
  }

  @Test(arguments: TestedEngine.usable)
  func startsAnewAfterEachReset(_ engine: TestedEngine) async throws {
    let machine = try machine(TinyGuest.resetting, on: engine) { $0.timeoutNanoseconds = 120_000_000_000 }
    try machine.start()
    #expect(eventually { machine.life.read(\.reboots) >= 5 })
    machine.stop()
    let outcome = await machine.wait()
    #expect(outcome.reason == .requested)
    #expect(outcome.reboots >= 5)
    #expect(outcome.exits >= UInt64(outcome.reboots))
  }

  /// A guest that resets all the time is between two lives most of the time: a stop must reach it.
  @Test(arguments: TestedEngine.usable)
  func aStopReachesAMachineThatResetsAllTheTime(_ engine: TestedEngine) async throws {
    for _ in 0..<10 {
      let machine = try machine(TinyGuest.resetting, on: engine)
      try machine.start()
      pause(nanoseconds: Int.random(in: 0..<30_000_000))
      machine.stop()
      #expect(await machine.wait().reason == .requested)
    }
  }

  @Test(arguments: TestedEngine.usable)
  func aMachineThatWasPausedStaysSoAcrossAReset(_ engine: TestedEngine) async throws {
    for _ in 0..<5 {
      let machine = try machine(TinyGuest.resetting, on: engine)
      try machine.start()
      pause(nanoseconds: Int.random(in: 0..<20_000_000))
      await machine.pause()
      // At most the reset that was under way is carried out.
      let before = machine.life.read(\.reboots)
      pause(nanoseconds: 60_000_000)
      #expect(machine.life.read(\.reboots) <= before + 1)
      machine.stop()
      _ = await machine.wait()
    }
  }

  @Test(arguments: TestedEngine.usable)
  func endsAtAResetWhereThatIsWanted(_ engine: TestedEngine) async throws {
    let outcome = try await machine(TinyGuest.resetting, on: engine) { $0.reboots = false }.run()
    guard case .reset(let means) = outcome.reason else {
      Issue.record("ended with \(outcome.reason)")
      return
    }
    #expect(means.contains("keyboard"))
    #expect(outcome.reboots == 0)
  }

  @Test(arguments: TestedEngine.usable)
  func aVCPUThatIsHeldUpInASlowOutputCanBeStopped(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    channel.hold()
    let machine = try machine(TinyGuest.counting, on: engine, console: .channel(channel))
    try machine.start()
    pause(nanoseconds: 5_000_000)
    machine.stop()
    #expect(await machine.wait().reason == .requested)
  }

  @Test(arguments: TestedEngine.usable)
  func aRunningMachineNeedsNoReferenceToGoOn(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    func start() throws {
      let machine = try machine(TinyGuest.counting, on: engine, console: .channel(channel)) {
        $0.timeoutNanoseconds = 100_000_000
      }
      try machine.start()
    }
    try start()
    #expect(eventually { !channel.bytes.isEmpty })
    // Its end closes the channel, and then nothing is written any more.
    #expect(eventually { channel.isClosed })
  }

  @Test(arguments: TestedEngine.usable)
  func aMachineThatHasEndedIsLetGo(_ engine: TestedEngine) async throws {
    weak var released: VirtualMachine?
    func run() async throws {
      let machine = try machine(TinyGuest.exiting, on: engine)
      released = machine
      _ = try await machine.run()
    }
    try await run()
    #expect(eventually { released == nil })
  }

  /// `bytes` are 1, 2, 3 … modulo 256.
  private func expectCountingUp(_ bytes: [UInt8]) {
    let first = bytes.first ?? 0
    for (index, byte) in bytes.enumerated() where byte != first &+ UInt8(truncatingIfNeeded: index) {
      Issue.record("byte \(index) of \(bytes.count) is \(byte)")
      return
    }
  }
}
