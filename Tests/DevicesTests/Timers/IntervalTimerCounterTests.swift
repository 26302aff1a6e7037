import Testing

@testable import Devices

/// One counter of the 8254 against the timing diagrams of its data sheet, clock by clock.
@Suite struct IntervalTimerCounterTests {
  private func counter(_ mode: UInt8, _ count: UInt16, gate: Bool = true, at now: Int64 = 0)
    -> IntervalTimerCounter
  {
    var counter = IntervalTimerCounter(gate: gate, mode: .interruptOnTerminalCount)
    counter.setControl(0x30 | mode << 1)
    counter.write(UInt8(truncatingIfNeeded: count), now: now)
    counter.write(UInt8(count >> 8), now: now)
    return counter
  }

  /// The output at each of these clocks, as the data sheet draws it.
  private func wave(_ counter: inout IntervalTimerCounter, _ clocks: Range<Int64>) -> String {
    var text = ""
    for clock in clocks {
      counter.advance(to: clock)
      text += counter.output(at: clock) ? "^" : "_"
    }
    return text
  }

  private func read(_ counter: inout IntervalTimerCounter, at now: Int64) -> UInt16 {
    counter.latchCount(now: now)
    let low = counter.read(now: now)
    return UInt16(counter.read(now: now)) << 8 | UInt16(low)
  }

  /// Mode 0: the output rises N + 1 clocks after the count is written.
  @Test func interruptOnTerminalCount() {
    var timer = counter(0, 4)
    #expect(wave(&timer, 0..<10) == "_____^^^^^")
    #expect(timer.nextRise(after: 0) == 5)
    #expect(timer.nextRise(after: 5) == nil)
    #expect(read(&timer, at: 1) == 4)
    #expect(read(&timer, at: 3) == 2)
    #expect(read(&timer, at: 5) == 0)
    #expect(read(&timer, at: 6) == 0xFFFF, "it counts on")
    // A new control word brings the output down.
    timer.setControl(0x30)
    #expect(!timer.output(at: 20))
    #expect(timer.nextRise(after: 20) == nil)
  }

  @Test func halfACountStopsModeZero() {
    var timer = counter(0, 4)
    timer.write(9, now: 2)
    #expect(wave(&timer, 2..<20) == String(repeating: "_", count: 18))
    timer.write(0, now: 20)
    #expect(timer.nextRise(after: 20) == 30)
  }

  @Test func theGateHoldsModeZero() {
    var timer = counter(0, 4)
    timer.setGate(false, now: 3)
    #expect(timer.nextRise(after: 3) == nil)
    #expect(read(&timer, at: 100) == 2)
    timer.setGate(true, now: 100)
    #expect(timer.nextRise(after: 100) == 102)
    // A count written while the gate is closed waits as well.
    var other = counter(0, 4, gate: false)
    #expect(!other.output(at: 50))
    other.setGate(true, now: 50)
    #expect(other.nextRise(after: 50) == 54)
  }

  /// Mode 1: low from the clock after the trigger, for N clocks; each trigger starts anew.
  @Test func oneShot() {
    var timer = counter(1, 3, gate: false)
    #expect(wave(&timer, 0..<5) == "^^^^^")
    timer.setGate(true, now: 5)
    #expect(wave(&timer, 5..<11) == "^___^^")
    timer.setGate(false, now: 11)
    #expect(timer.output(at: 12))
    timer.setGate(true, now: 20)
    timer.setGate(false, now: 21)
    timer.setGate(true, now: 22)
    #expect(wave(&timer, 20..<28) == "^_____^^" || wave(&timer, 22..<28) == "^___^^")
    // A new count is used at the next trigger.
    timer.write(5, now: 30)
    timer.write(0, now: 30)
    timer.setGate(false, now: 31)
    timer.setGate(true, now: 32)
    #expect(wave(&timer, 32..<40) == "^_____^^")
  }

  /// Mode 2: low for the last clock of each N.
  @Test func rateGenerator() {
    var timer = counter(2, 3)
    #expect(wave(&timer, 0..<11) == "^^^_^^_^^_^")
    #expect(timer.nextRise(after: 0) == 4)
    #expect(timer.nextRise(after: 4) == 7)
    #expect((1..<8).map { read(&timer, at: $0) } == [3, 2, 1, 3, 2, 1, 3])
  }

  @Test func theGateHoldsAndStartsARate() {
    var timer = counter(2, 3)
    timer.setGate(false, now: 3)
    #expect(wave(&timer, 3..<7) == "^^^^", "the output goes high at once")
    #expect(timer.nextRise(after: 3) == nil)
    timer.setGate(true, now: 7)
    #expect(wave(&timer, 7..<14) == "^^^_^^_")
  }

  @Test func aNewRateBeginsWhenThePresentPeriodEnds() {
    var timer = counter(2, 4)
    timer.write(3, now: 7)
    timer.write(0, now: 7)
    #expect(timer.nextRise(after: 7) == 9)
    #expect(wave(&timer, 7..<16) == "^_^^_^^_^")
  }

  /// Mode 3: high for half of N, one clock longer where N is odd.
  @Test func squareWave() {
    var even = counter(3, 4)
    #expect(wave(&even, 0..<11) == "^^^__^^__^^")
    #expect(even.nextRise(after: 0) == 5)
    #expect((1..<6).map { read(&even, at: $0) } == [4, 2, 4, 2, 4])
    var odd = counter(3, 5)
    #expect(wave(&odd, 0..<13) == "^^^^__^^^__^^")
    #expect((1..<6).map { read(&odd, at: $0) } == [4, 2, 0, 4, 2])
  }

  @Test func aNewSquareWaveBeginsWithTheNextHalf() {
    var timer = counter(3, 8)
    // Written in the high half, which lasts from 1 to 4: the low half has the new length already.
    timer.write(4, now: 2)
    timer.write(0, now: 2)
    #expect(timer.nextRise(after: 2) == 7)
    #expect(wave(&timer, 1..<14) == "^^^^__^^__^^_")
    // Written in the low half.
    var other = counter(3, 8)
    other.write(4, now: 6)
    other.write(0, now: 6)
    #expect(other.nextRise(after: 6) == 9)
    #expect(wave(&other, 5..<15) == "____^^__^^")
  }

  /// Mode 4: low for one clock, N clocks after the count is there.
  @Test func softwareStrobe() {
    var timer = counter(4, 3)
    #expect(wave(&timer, 0..<8) == "^^^^_^^^")
    #expect(timer.nextRise(after: 0) == 5)
    #expect(timer.nextRise(after: 4) == 5)
    #expect(timer.nextRise(after: 5) == nil)
  }

  /// Mode 5: the same after a trigger.
  @Test func hardwareStrobe() {
    var timer = counter(5, 3, gate: false)
    #expect(wave(&timer, 0..<8) == "^^^^^^^^")
    timer.setGate(true, now: 8)
    #expect(wave(&timer, 8..<16) == "^^^^_^^^")
  }

  @Test func zeroIsTheLargestCount() {
    var timer = counter(2, 0)
    #expect(timer.nextRise(after: 0) == 0x10001)
    #expect(read(&timer, at: 1) == 0)
    #expect(read(&timer, at: 2) == 0xFFFF)
  }

  @Test func countsInDecimal() {
    var timer = IntervalTimerCounter(gate: true, mode: .interruptOnTerminalCount)
    timer.setControl(0x35)
    timer.write(0x00, now: 0)
    timer.write(0x12, now: 0)
    #expect(timer.nextRise(after: 0) == 1201)
    #expect(read(&timer, at: 2) == 0x1199)
    timer.setControl(0x31)
    timer.write(0, now: 0)
    timer.write(0, now: 0)
    #expect(timer.nextRise(after: 0) == 10001)
    #expect(read(&timer, at: 2) == 0x9999)
    #expect(read(&timer, at: 10002) == 0x9999)
  }

  @Test func oneByteOfTheCountAlone() {
    var low = IntervalTimerCounter(gate: true, mode: .interruptOnTerminalCount)
    low.setControl(0x14)
    low.write(0x50, now: 0)
    #expect(low.nextRise(after: 0) == 0x51)
    #expect(low.read(now: 1) == 0x50)
    #expect(low.read(now: 2) == 0x4F, "each read is a whole one")
    var high = IntervalTimerCounter(gate: true, mode: .interruptOnTerminalCount)
    high.setControl(0x24)
    high.write(0x01, now: 0)
    #expect(high.nextRise(after: 0) == 0x101)
    #expect(high.read(now: 1) == 0x01)
    #expect(high.read(now: 2) == 0x00)
  }

  @Test func latchesStandUntilTheyAreRead() {
    var timer = counter(2, 0x1234)
    timer.latchCount(now: 1)
    timer.latchCount(now: 0x20)
    #expect(timer.read(now: 0x30) == 0x34)
    #expect(timer.read(now: 0x40) == 0x12)
    #expect(timer.read(now: 5) == 0x30, "and the next is the count of the moment")
    #expect(timer.read(now: 5) == 0x12)
    timer.latchStatus(now: 1)
    timer.latchCount(now: 1)
    #expect(timer.read(now: 1) == 0xB4, "the status first: output high, both bytes, mode 2")
    #expect(timer.read(now: 1) == 0x34)
    #expect(timer.read(now: 1) == 0x12)
  }

  @Test func theStatusTellsWhetherTheCountIsThere() {
    func status(_ timer: inout IntervalTimerCounter, at now: Int64) -> UInt8 {
      timer.latchStatus(now: now)
      return timer.read(now: now)
    }
    var timer = counter(2, 10)
    #expect(status(&timer, at: 0) & 0x40 != 0)
    #expect(status(&timer, at: 1) & 0x40 == 0)
    timer.write(20, now: 5)
    timer.write(0, now: 5)
    #expect(status(&timer, at: 6) & 0x40 != 0)
    #expect(status(&timer, at: 11) & 0x40 == 0)
    timer.setControl(0x3E)
    #expect(status(&timer, at: 12) == 0xF6, "mode 7 is mode 3")
  }
}
