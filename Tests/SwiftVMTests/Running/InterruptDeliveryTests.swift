import Engine
import Host
import Testing
import X86

@testable import SwiftVM

/// How the run loop brings interrupts from a local controller in software to a processor.
@Suite struct InterruptDeliveryTests {
  static let exit = ScriptedProcessor.Step.portWrite(0xF4, width: 1, value: 7)

  @Test func injectsWhatWaitsBeforeTheFirstEntry() throws {
    let local = FakeLocalController()
    let bench = try Bench(
      [.flags(canAccept: true, interruptsEnabled: true), .interrupted, Self.exit], local: local)
    local.raise(0x40)
    bench.run()
    // Not before the processor has said that it can take one, which it does with its first exit.
    #expect(bench.processor.events == [.window(true), .interrupt(0x40), .window(false)])
    #expect(bench.reason == .guestExit(status: 7))
  }

  @Test func asksForAWindowWhereTheGuestCannotTakeOne() throws {
    let local = FakeLocalController()
    let bench = try Bench(
      [
        .interrupted, .flags(canAccept: true, interruptsEnabled: true), .interruptWindow,
        .flags(canAccept: false, interruptsEnabled: false), .interruptWindow, Self.exit,
      ], local: local)
    local.raise(0x40)
    local.raise(0x41)
    bench.run()
    #expect(bench.processor.events == [.window(true), .interrupt(0x40)], "one for each entry")
    #expect(local.hasInterrupt)
  }

  @Test func looksAtNothingOnOtherExits() throws {
    let local = FakeLocalController()
    let bench = try Bench(
      [.flags(canAccept: true, interruptsEnabled: true), .portWrite(0x100, width: 1, value: 1), Self.exit],
      local: local)
    let before = local.taskPriorities.count
    bench.run()
    #expect(local.taskPriorities.count == before + 1, "only before the first entry")
  }

  @Test func carriesTheTaskPriorityOver() throws {
    let local = FakeLocalController()
    let bench = try Bench(
      [.taskPriority(9), .taskPriorityLowered, .taskPriority(3), .interrupted, Self.exit], local: local)
    bench.run()
    #expect(local.taskPriorities == [0, 9, 3])
    #expect(bench.kinds.first == .taskPriority)
  }

  @Test func haltWaitsForAnInterrupt() throws {
    let local = FakeLocalController()
    let bench = try Bench([.flags(canAccept: true, interruptsEnabled: true), .halt, Self.exit], local: local)
    let thread = try bench.start()
    #expect(bench.gate.waitUntilParked(forAtMost: 30_000_000_000))
    bench.gate.wake(vcpu: 0)
    // Woken for nothing: it sleeps on.
    #expect(bench.gate.waitUntilParked(forAtMost: 30_000_000_000))
    #expect(bench.reason == nil)
    local.raise(0x55)
    bench.gate.wake(vcpu: 0)
    thread.join()
    #expect(bench.processor.events == [.interrupt(0x55)])
    #expect(bench.reason == .guestExit(status: 7))
  }

  @Test func haltWithInterruptsOffIsForGood() throws {
    let local = FakeLocalController()
    let bench = try Bench([.halt, Self.exit], local: local)
    local.raise(0x55)
    bench.run()
    #expect(bench.reason == .halted)
    #expect(bench.processor.events == [.window(true)])
  }

  @Test func anNMIEndsAHaltWithInterruptsOff() throws {
    let local = FakeLocalController()
    let other = try Bench.pair([.halt, Self.exit], local)
    let thread = try other.start()
    #expect(eventually { other.gate.isAsleep(vcpu: 0) })
    var signals = ProcessorSignals()
    signals.nmi = true
    local.send(signals)
    #expect(other.gate.wake(vcpu: 0))
    thread.join()
    #expect(other.processor.events == [.nmi])
    #expect(other.reason == .guestExit(status: 7))
  }

  /// The first vCPU of such a pair never sleeps for good, so that the machine does not end.
  @Test func aSecondVCPUWaitsForItsStartUp() throws {
    let local = FakeLocalController()
    var saved = CPUState()
    saved.xcr0 = [.x87, .sse]
    saved.general.rax = 99
    let bench = try Bench.pair([.interrupted, Self.exit], local, index: 1, savedState: saved)
    let thread = try bench.start()
    #expect(eventually { bench.gate.isAsleep(vcpu: 1) })
    #expect(bench.processor.stepsDone == 0)
    var signals = ProcessorSignals()
    signals.nmi = true
    local.send(signals)
    bench.gate.wake(vcpu: 1)
    signals.nmi = false
    signals.initialize = true
    signals.startupVector = 0x9A
    #expect(eventually { !local.hasSignals })
    local.send(signals)
    bench.gate.wake(vcpu: 1)
    thread.join()
    var state = CPUState.applicationProcessor()
    state.start(atStartupVector: 0x9A)
    #expect(bench.processor.events == [.load(state)], "an NMI means nothing to one that was not started")
  }

  @Test func initResetsARunningVCPUAndKeepsWhatItKeeps() throws {
    let local = FakeLocalController()
    var saved = CPUState()
    saved.xcr0 = [.x87, .sse]
    saved.general.rax = 99
    saved.apicBase = 0xFEE0_0800
    let bench = try Bench.pair([.interrupted, Self.exit], local, index: 1, savedState: saved)
    var start = ProcessorSignals()
    start.startupVector = 0x10
    local.send(start)
    let thread = try bench.start()
    #expect(eventually { bench.processor.events.count == 1 })
    thread.join()
    // A second run on the same vCPU: INIT first, then the start-up IPI.
    guard case .load(let first) = bench.processor.events[0] else {
      Issue.record("it was not started")
      return
    }
    #expect(first.cs.base == 0x1_0000)
    #expect(first.rip == 0)
    var state = saved
    state.initialize()
    #expect(state.general.rax == 0)
    #expect(state.general.rdx == 0x600)
    #expect(state.xcr0 == [.x87, .sse])
    #expect(state.apicBase == 0xFEE0_0800)
    #expect(state.rip == 0xFFF0)
  }

  @Test func aStartUpIPIMeansNothingToARunningVCPU() throws {
    let local = FakeLocalController()
    let bench = try Bench([.interrupted, Self.exit], local: local)
    var signals = ProcessorSignals()
    signals.startupVector = 0x10
    local.send(signals)
    bench.run()
    #expect(bench.processor.events == [])
  }

  @Test func answersForTheControllersRegisters() throws {
    let local = FakeLocalController()
    local.set(.apicBase, 0xFEE0_0900)
    let bench = try Bench(
      [
        .readRegister(MSR.apicBase.rawValue), .readRegister(0x1234),
        .writeRegister(MSR.apicBase.rawValue, value: 0xFEE0_0D00), .writeRegister(0x1234, value: 1),
        Self.exit,
      ], local: local)
    bench.run()
    #expect(
      bench.processor.events == [
        .registerRead(0xFEE0_0900), .registerRead(nil), .registerWrite(true), .apicBase(0xFEE0_0D00),
        .registerWrite(false),
      ])
    #expect(local.value(.apicBase) == 0xFEE0_0D00)
    #expect(bench.kinds == [.readRegister, .readRegister, .writeRegister, .writeRegister, .portIO])
  }

  @Test func refusesRegistersWhereTheEngineHasTheController() throws {
    let bench = try Bench([.readRegister(0x1B), .writeRegister(0x1B, value: 1), Self.exit])
    bench.run()
    #expect(bench.processor.events == [.registerRead(nil), .registerWrite(false)])
  }
}
