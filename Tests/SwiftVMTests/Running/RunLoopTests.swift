import Engine
import Host
import Synchronization
import Testing
import X86

@testable import SwiftVM

/// What the run loop does at each exit, on a processor that reports exits by a script.
@Suite struct RunLoopTests {
  static let exit = ScriptedProcessor.Step.portWrite(0xF4, width: 1, value: 7)

  @Test func bindsTheProcessorToItsThread() throws {
    let bench = try Bench([Self.exit])
    bench.run()
    #expect(bench.processor.boundThread == currentThreadID())
  }

  @Test func carriesPortAccessesToTheDevice() throws {
    let bench = try Bench([
      .portWrite(0x102, width: 2, value: 0xBEEF), .portRead(0x104, width: 4), .portRead(0x101, width: 1),
      Self.exit,
    ])
    bench.run()
    #expect(
      bench.port.accesses == [
        .init(offset: 2, width: 2, written: 0xBEEF), .init(offset: 4, width: 4), .init(offset: 1, width: 1),
      ])
    #expect(bench.processor.answers == [0x5566_7788, 0x88])
    #expect(bench.reason == .guestExit(status: 7))
    #expect(bench.ending == nil, "an exit status is no death, so there is no state to keep")
  }

  @Test func carriesMemoryAccessesToTheDevice() throws {
    let bench = try Bench([
      .memoryWrite(0xD000_0010, width: 8, value: 0x0102_0304_0506_0708), .memoryRead(0xD000_0020, width: 8),
      Self.exit,
    ])
    bench.run()
    #expect(
      bench.memory.accesses == [
        .init(offset: 0x10, width: 8, written: 0x0102_0304_0506_0708), .init(offset: 0x20, width: 8),
      ])
    #expect(bench.processor.answers == [0x99AA_BBCC_DDEE_FF00])
    #expect(bench.port.accesses.isEmpty)
  }

  @Test func answersUnclaimedReadsWithOnesAndCountsThem() throws {
    let bench = try Bench([
      .portRead(0x9000, width: 2), .memoryRead(0xE000_0000, width: 4), .portWrite(0x9000, width: 1, value: 1),
      .memoryWrite(0xE000_0000, width: 1, value: 1), Self.exit,
    ])
    bench.run()
    #expect(bench.processor.answers == [0xFFFF, 0xFFFF_FFFF])
    #expect(bench.shared.unclaimedAccesses == 4)
  }

  @Test func recordsWhatTheDeviceAnsweredNotWhatWasInTheBufferBefore() throws {
    let bench = try Bench([.portRead(0x100, width: 2), Self.exit])
    bench.run()
    let record = try #require(bench.vcpu.history.entries.first)
    #expect(record.kind == .portIO)
    #expect(record.direction == .read)
    #expect(record.address == 0x100)
    #expect(record.width == 2)
    #expect(record.value == 0x7788)
  }

  @Test(arguments: [
    (ScriptedProcessor.Step.shutdown, StopReason.tripleFault(vcpu: 0), ExitKind.shutdown),
    (.failedEntry(reason: 0x8000_0021), .failedEntry(vcpu: 0, reason: 0x8000_0021), .failedEntry),
    (
      .emulationFailure(code: 1, bytes: [0x0F, 0xC7]),
      .emulationFailure(vcpu: 0, EmulationFailure(code: 1, bytes: [0x0F, 0xC7])), .emulationFailure
    ),
  ])
  func endsAtADeath(_ step: ScriptedProcessor.Step, _ reason: StopReason, _ kind: ExitKind) throws {
    var state = CPUState()
    state.rip = 0x1234
    let bench = try Bench([step, .portWrite(0x100, width: 1, value: 1)], savedState: .success(state))
    bench.run()
    #expect(bench.reason == reason)
    #expect(bench.kinds == [kind])
    #expect(bench.ending?.state?.rip == 0x1234)
    #expect(bench.ending?.isCulprit == true)
    #expect(bench.port.accesses.isEmpty, "nothing runs after the end")
  }

  @Test func endsAtAnUnknownExitAndNamesItsNumber() throws {
    let bench = try Bench([.unknown(reason: 4711)])
    bench.run()
    guard case .internalFault(let text) = bench.reason else {
      Issue.record("ended with \(String(describing: bench.reason))")
      return
    }
    #expect(text.contains("4711"))
    #expect(bench.kinds == [.unknown])
    #expect(bench.vcpu.history.entries.first?.address == 4711)
  }

  @Test func endsWhereTheEngineFails() throws {
    let bench = try Bench([.failure("KVM_RUN of vCPU 0: Bad address (EFAULT)")])
    bench.run()
    #expect(bench.reason == .internalFault("KVM_RUN of vCPU 0: Bad address (EFAULT)"))
    #expect(bench.ending?.state != nil)
  }

  @Test func tellsWhyTheStateOfADeadVCPUCouldNotBeRead() throws {
    let bench = try Bench([.shutdown], savedState: .failure(EngineError("KVM_GET_REGS failed")))
    bench.run()
    #expect(bench.reason == .tripleFault(vcpu: 0))
    #expect(bench.ending?.state == nil)
    #expect(bench.ending?.failure == "KVM_GET_REGS failed")
  }

  @Test(arguments: [
    (UInt32(1), StopReason.poweredOff), (2, .reset(by: "a system event")), (3, .guestPanic),
  ])
  func answersSystemEvents(_ type: UInt32, _ reason: StopReason) throws {
    let bench = try Bench([.systemEvent(type: type)])
    bench.run()
    #expect(bench.reason == reason)
    #expect(bench.kinds == [.systemEvent])
  }

  @Test func endsAtASystemEventThatItDoesNotKnow() throws {
    let bench = try Bench([.systemEvent(type: 99)])
    bench.run()
    guard case .internalFault(let text) = bench.reason else {
      Issue.record("ended with \(String(describing: bench.reason))")
      return
    }
    #expect(text.contains("99"))
  }

  @Test func goesOnAfterExitsThatNeedNoAnswer() throws {
    let bench = try Bench([
      .debug(address: 0x7C00), .hypercall(number: 5), .interruptWindow, .interrupted, Self.exit,
    ])
    bench.run()
    #expect(bench.reason == .guestExit(status: 7))
    #expect(bench.kinds == [.debug, .hypercall, .interruptWindow, .portIO])
    #expect(bench.vcpu.history.total == 4, "an interruption is no exit of the guest's")
  }

  @Test func countsRegistersThatNobodyAnswersFor() throws {
    let bench = try Bench([
      .readRegister(0x3A), .writeRegister(0x3A, value: 5), .readRegister(0x3A), .readRegister(0xDEAD),
      Self.exit,
    ])
    bench.run()
    #expect(
      bench.processor.events == [
        .registerRead(nil), .registerWrite(false), .registerRead(nil), .registerRead(nil),
      ])
    let denied = bench.vcpu.denied.withLock { $0 }
    #expect(denied.registers.map(\.register.rawValue) == [0x3A, 0xDEAD])
    #expect(denied.registers[0].reads == 2 && denied.registers[0].writes == 1)
    #expect(denied.registers[0].firstAddress == 0x1234)
    #expect(denied.lines[0].contains("IA32_FEATURE_CONTROL") && denied.lines[0].contains("0x1234"))
  }

  @Test func tellsTheGuestOfAPauseBeforeItGoesOn() throws {
    let bench = try Bench([.interrupted, .interrupted, Self.exit])
    bench.vcpu.wasPaused.store(true, ordering: .relaxed)
    bench.run()
    #expect(bench.processor.events == [.pauseTold], "once")
  }

  @Test func sleepsInHaltUntilItIsWoken() throws {
    let bench = try Bench([.halt, .portWrite(0x100, width: 1, value: 1), Self.exit])
    let thread = try bench.start()
    #expect(bench.gate.waitUntilParked(forAtMost: 30_000_000_000))
    #expect(bench.port.accesses.isEmpty)
    bench.gate.wake(vcpu: 0)
    thread.join()
    #expect(bench.port.accesses.count == 1)
    #expect(bench.reason == .guestExit(status: 7))
  }

  @Test func leavesHaltWhenTheMachineStops() throws {
    let bench = try Bench([.halt, .portWrite(0x100, width: 1, value: 1)])
    let thread = try bench.start()
    #expect(bench.gate.waitUntilParked(forAtMost: 30_000_000_000))
    bench.control.requestStop(.timeout)
    thread.join()
    #expect(bench.port.accesses.isEmpty)
    #expect(bench.ending?.state != nil, "at a timeout people want to see where the guest was")
    #expect(bench.ending?.isCulprit == false)
  }

  @Test func keepsTheStateOfTheVCPUWhoseAccessStoppedTheMachine() throws {
    let bench = try Bench([.portWrite(0x505, width: 1, value: 1)])
    // The panic port is not on the bench: a stop from this thread stands for its access.
    let thread = try bench.start()
    #expect(eventually { bench.processor.stepsDone == 1 })
    bench.control.requestStop(.guestPanic)
    thread.join()
    #expect(bench.ending?.state != nil)
    #expect(bench.ending?.isCulprit == false, "another thread asked for it")
  }

  @Test func runsNothingOnceTheMachineStopped() throws {
    let bench = try Bench([.portWrite(0x100, width: 1, value: 1)])
    bench.control.requestStop(.requested)
    bench.run()
    #expect(bench.port.accesses.isEmpty)
    #expect(bench.processor.interruptions == 1)
    #expect(bench.ending == nil)
  }

  /// The request to stop, pause and resume from several threads at once, while the vCPU makes
  /// exits without a pause: every write arrives, once and in order, and no request is lost.
  @Test func losesNothingInAStormOfKicks() throws {
    let count = 20_000
    let steps = (0..<count).map { ScriptedProcessor.Step.portWrite(0x100, width: 4, value: UInt64($0)) }
    let bench = try Bench(steps + [Self.exit])
    let thread = try bench.start()
    let (gate, processor) = (bench.gate, bench.processor)
    let disturbers = try (0..<3).map { number in
      try HostThread.start(name: "disturber\(number)") {
        while !gate.isStopping {
          if number == 0 {
            processor.kick()
          } else {
            gate.requestPause()
            processor.kick()
            _ = gate.waitUntilParked(forAtMost: 30_000_000_000)
            gate.release()
          }
        }
      }
    }
    thread.join()
    for disturber in disturbers { disturber.join() }
    #expect(bench.port.accesses.map(\.written) == (0..<count).map { UInt64($0) })
    #expect(bench.reason == .guestExit(status: 7))
    #expect(bench.vcpu.history.total == UInt64(count + 1))
    #expect(bench.processor.interruptions > 0)
  }

  @Test func holdsThePausedVCPUBetweenTwoExits() throws {
    let bench = try Bench((0..<5).map { .portWrite(0x100, width: 1, value: $0) })
    bench.gate.requestPause()
    bench.processor.kick()
    let thread = try bench.start()
    #expect(bench.gate.waitUntilParked(forAtMost: 30_000_000_000))
    #expect(bench.port.accesses.isEmpty)
    bench.gate.release()
    #expect(eventually { bench.port.accesses.count == 5 })
    bench.control.requestStop(.requested)
    thread.join()
  }
}
