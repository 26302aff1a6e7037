import Engine
import Testing

@testable import SwiftVM

/// The hypercalls that the run loop answers.
@Suite struct HypercallTests {
  static let exit = ScriptedProcessor.Step.portWrite(0xF4, width: 1, value: 7)

  private func bench(_ number: UInt64, _ arguments: HypercallArguments, vcpuCount: Int = 4) throws -> Bench {
    let bench = try Bench(
      [.hypercall(number: number, arguments: arguments), Self.exit], local: FakeLocalController(),
      vcpuCount: vcpuCount)
    bench.run()
    #expect(bench.reason == .guestExit(status: 7))
    return bench
  }

  @Test(
    arguments: [
      // KVM_HC_VAPIC_POLL_IRQ, SCHED_YIELD; MMU_OP, CLOCK_PAIRING and nonsense.
      (UInt64(1), Int64(0)), (11, 0), (2, -1000), (9, -1000), (0, -1000), (.max, -1000),
    ] as [(UInt64, Int64)])
  func answersEach(_ number: UInt64, _ result: Int64) throws {
    let bench = try bench(number, HypercallArguments(1, 2, 3, 4))
    #expect(bench.processor.events.filter { $0 != .window(false) } == [.hypercall(result)])
  }

  @Test func aKickEndsTheHaltOfAnother() throws {
    let bench = try bench(5, HypercallArguments(0, 2))
    #expect(bench.processor.events.contains(.hypercall(0)))
    #expect(bench.gate.takeHaltEnd(vcpu: 2) && !bench.gate.takeHaltEnd(vcpu: 2))
    #expect(!bench.gate.takeHaltEnd(vcpu: 1))
    // Nobody of that number: no harm.
    for target in [4, 255, 1 << 32, .max] as [UInt64] {
      let bench = try self.bench(5, HypercallArguments(0, target))
      #expect(bench.processor.events.contains(.hypercall(0)))
    }
  }

  @Test func aKickedVCPULeavesItsHalt() throws {
    // With interrupts off nothing else ends it; and a kick that comes first is not lost.
    for isFirst in [true, false] {
      let bench = try Bench.pair([.halt, Self.exit], FakeLocalController())
      if isFirst { bench.gate.endHalt(vcpu: 0) }
      let thread = try bench.start()
      if !isFirst {
        #expect(eventually { bench.gate.isAsleep(vcpu: 0) })
        bench.gate.endHalt(vcpu: 0)
      }
      thread.join()
      #expect(bench.reason == .guestExit(status: 7))
    }
  }

  @Test func interruptsGoToEachThatIsNamed() throws {
    // vCPUs 1 and 3 of 4, by a bitmap from 1 on that names many others, too.
    let bench = try bench(10, HypercallArguments(0b1111_0101, .max, 1, 0x4041))
    #expect(bench.processor.events.contains(.hypercall(2)))
    #expect(
      bench.interrupts.messages == [
        MSIMessage(address: 0xFEE0_1000, data: 0x41), MSIMessage(address: 0xFEE0_3000, data: 0x41),
      ])
    // An NMI.
    let other = try self.bench(10, HypercallArguments(1, 0, 0, 0x400))
    #expect(other.interrupts.messages == [MSIMessage(address: 0xFEE0_0000, data: 0x400)])
  }

  @Test(
    arguments: [
      // INIT, start-up, a shorthand, a destination; numbers that wrap.
      (HypercallArguments(1, 0, 0, 0x500), Int64(-22)), (HypercallArguments(1, 0, 0, 0x600), -22),
      (HypercallArguments(1, 0, 0, 0x8_0041), -22), (HypercallArguments(1, 0, 0, 1 << 56 | 0x41), -22),
      (HypercallArguments(.max, .max, .max, 0x41), 0), (HypercallArguments(0, 0, 0, 0x41), 0),
    ] as [(HypercallArguments, Int64)])
  func whatCannotBeSentIsNot(_ arguments: HypercallArguments, _ result: Int64) throws {
    let bench = try bench(10, arguments)
    #expect(bench.processor.events.contains(.hypercall(result)))
    #expect(bench.interrupts.messages.isEmpty)
  }
}
