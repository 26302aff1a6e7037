import Engine
import Testing

@testable import Devices

/// The interval timer as a device: its ports, line 0, and port 0x61.
@Suite struct IntervalTimer8254Tests {
  private struct Bench {
    let clock = FakeClock(wall: 0)
    let controller = FakeController()
    let timer: IntervalTimer8254

    init() {
      timer = IntervalTimer8254(clock: clock, interrupt: InterruptLine(controller: controller, gsi: 0))
    }

    func program(_ counter: UInt64, _ mode: UInt8, _ count: UInt16) {
      timer.write8(0x43, UInt8(counter) << 6 | 0x30 | mode << 1)
      timer.write8(0x40 + counter, UInt8(truncatingIfNeeded: count))
      timer.write8(0x40 + counter, UInt8(count >> 8))
    }

    var edges: Int { controller.risingEdges(0) }
    /// Lets so many clocks of the chip pass, and a bit.
    func advance(clocks: Int64) { clock.advance(clocks * 1_000_000_000 / 1_193_182 + 1) }
  }

  @Test(arguments: [UInt8(2), 3]) func ticksAtTheRateThatIsSet(_ mode: UInt8) {
    let bench = Bench()
    bench.program(0, mode, 11932)  // 100 Hz
    #expect(bench.edges == 0, "to program a rate is no tick")
    bench.clock.advance(9_999_000)
    #expect(bench.edges == 0)
    bench.clock.advance(2_000)
    #expect(bench.edges == 1)
    bench.clock.advance(1_000_000_000 - 10_001_000)
    #expect(bench.edges == 99, "11932 clocks are a little more than 10 ms")
    // Stopped by a control word.
    bench.timer.write8(0x43, 0x34)
    bench.clock.advance(1_000_000_000)
    #expect(bench.edges == 99)
    #expect(bench.clock.deadline == nil)
  }

  @Test func ticksOnceInModeZero() {
    let bench = Bench()
    bench.program(0, 0, 1193)
    bench.advance(clocks: 1193)
    #expect(bench.edges == 0)
    bench.advance(clocks: 2)
    #expect(bench.edges == 1)
    bench.clock.advance(1_000_000_000)
    #expect(bench.edges == 1)
    #expect(bench.controller.level(0))
    bench.program(0, 0, 1193)
    #expect(!bench.controller.level(0))
    bench.advance(clocks: 1195)
    #expect(bench.edges == 2)
  }

  @Test func aShortPeriodDoesNotKeepTheHostBusy() {
    let bench = Bench()
    bench.program(0, 2, 2)
    bench.clock.advance(10_000_000)
    #expect(bench.edges > 100)
    #expect(bench.edges < 250, "ten milliseconds, at most every 50 microseconds")
  }

  @Test func otherCountersDoNotInterrupt() {
    let bench = Bench()
    bench.program(1, 2, 18)
    bench.timer.write8(0x61, 1)
    bench.program(2, 3, 1000)
    bench.clock.advance(100_000_000)
    #expect(bench.edges == 0)
    #expect(bench.clock.deadline == nil)
  }

  /// How software measures time without interrupts: counter 2 in mode 0 until its output is up.
  @Test func counterTwoIsReadThroughPort0x61() {
    let bench = Bench()
    bench.timer.write8(0x61, 0x01)
    bench.program(2, 0, 11932)
    #expect(bench.timer.read8(0x61) & 0x21 == 0x01)
    bench.clock.advance(9_900_000)
    #expect(bench.timer.read8(0x61) & 0x20 == 0)
    bench.clock.advance(200_000)
    #expect(bench.timer.read8(0x61) & 0x20 == 0x20)
    // A closed gate stops the count.
    bench.program(2, 0, 11932)
    bench.clock.advance(1_000_000)
    bench.timer.write8(0x61, 0x0E)
    bench.clock.advance(1_000_000_000)
    #expect(bench.timer.read8(0x61) & 0x2F == 0x0E, "bits 3:1 are kept")
    bench.timer.write8(0x61, 0x01)
    bench.clock.advance(9_100_000)
    #expect(bench.timer.read8(0x61) & 0x20 == 0x20)
  }

  @Test func theRefreshBitChanges() {
    let bench = Bench()
    var changes = 0
    var last = bench.timer.read8(0x61) & 0x10
    for _ in 0..<1000 {
      bench.clock.advance(5_000)
      let now = bench.timer.read8(0x61) & 0x10
      if now != last { changes += 1 }
      last = now
    }
    #expect((300...310).contains(changes), "5 ms in halves of 16384 ns")
  }

  @Test func readsBackSeveralCountersAtOnce() {
    let bench = Bench()
    bench.program(0, 2, 0x1000)
    bench.program(1, 3, 0x2000)
    bench.advance(clocks: 1)
    bench.timer.write8(0x43, 0b1100_0110)  // count and status of counters 0 and 1
    #expect(bench.timer.read8(0x40) == 0xB4)
    #expect(bench.timer.read8(0x41) == 0xB6)
    #expect(bench.timer.read8(0x40) == 0x00)
    #expect(bench.timer.read8(0x40) == 0x10)
    #expect(bench.timer.read8(0x41) == 0x00)
    #expect(bench.timer.read8(0x41) == 0x20)
    bench.timer.write8(0x43, 0b1101_0010)  // the count of counter 0 only
    bench.advance(clocks: 0x800)
    #expect(bench.timer.read8(0x40) == 0x00)
    #expect(bench.timer.read8(0x40) == 0x10)
    #expect(bench.timer.read8(0x43) == 0xFF)
  }

  @Test func anythingMayBeWrittenAnywhere() {
    let bench = Bench()
    var random = SeededGenerator(state: 3)
    for _ in 0..<30_000 {
      let offset: UInt64 = [0x40, 0x41, 0x42, 0x43, 0x61].randomElement(using: &random)!
      let width: AccessWidth = [.byte, .word, .dword].randomElement(using: &random)!
      switch UInt8.random(in: 0..<4, using: &random) {
      case 0, 1: bench.timer.write(.random(in: 0...UInt64.max, using: &random), offset: offset, width: width)
      case 2: _ = bench.timer.read(offset: offset, width: width)
      default: bench.clock.advance(.random(in: 0...300_000, using: &random))
      }
    }
    // The first is not redundant on the chip, whose output is high before anybody programs it.
    #expect(bench.controller.redundantSets <= 1)
  }
}
