import Engine
import Glibc
import Synchronization
import Testing

@testable import Devices

private let second: Int64 = 1_000_000_000

/// A clock between fakes, at 2024-02-29 23:59:58.25 UTC, a Thursday.
private struct Bench {
  static let start: Int64 = 1_709_251_198
  let clock: FakeClock
  let controller = FakeController()
  let device: RealTimeClock

  init(wall: Int64 = Bench.start * second + second / 4, below: UInt64 = 128 << 20, above: UInt64 = 0) {
    clock = FakeClock(wall: wall)
    device = RealTimeClock(
      clock: clock, interrupt: InterruptLine(controller: controller, gsi: RealTimeClock.gsi),
      memoryBelow4GiB: below, memoryAbove4GiB: above)
  }

  subscript(index: UInt8) -> UInt8 {
    get {
      device.write8(0, index)
      return device.read8(1)
    }
    nonmutating set {
      device.write8(0, index)
      device.write8(1, newValue)
    }
  }

  var line: Bool { controller.level(RealTimeClock.gsi) }
  var edges: Int { controller.risingEdges(RealTimeClock.gsi) }
  /// Century, year, month, day, hours, minutes, seconds, weekday.
  var time: [UInt8] { [0x32, 9, 8, 7, 4, 2, 0, 6].map { self[$0] } }
}

@Suite struct CalendarTimeTests {
  /// Against the C library, whose calendar we did not write.
  @Test func matchesTheCLibrary() {
    var random = SeededGenerator(state: 1)
    let samples =
      (0..<4000).map { _ in Int64.random(in: -70_000_000_000...300_000_000_000, using: &random) }
      + [0, -1, 86_399, 86_400, 951_782_399, 951_782_400, 4_107_542_399, 4_107_542_400, -2_208_988_800]
    for seconds in samples {
      let ours = CalendarTime(secondsSince1970: seconds)
      let (theirs, weekday) = breakDown(seconds)
      #expect(ours == theirs)
      #expect(ours.secondsSince1970 == seconds)
      #expect(CalendarTime.weekday(secondsSince1970: seconds) == weekday)
    }
  }

  /// What the C library makes of a moment.
  private func breakDown(_ seconds: Int64) -> (CalendarTime, weekday: Int64) {
    var time = time_t(seconds)
    // Sound: both pointers are to locals, and the one inside `tm` is not used.
    return unsafe withUnsafeTemporaryAllocation(of: tm.self, capacity: 1) {
      unsafe gmtime_r(&time, $0.baseAddress!)
      let parts = unsafe $0[0]
      return unsafe (
        CalendarTime(
          year: Int64(parts.tm_year) + 1900, month: Int64(parts.tm_mon) + 1, day: Int64(parts.tm_mday),
          hour: Int64(parts.tm_hour), minute: Int64(parts.tm_min), second: Int64(parts.tm_sec)),
        weekday: Int64(parts.tm_wday) + 1
      )
    }
  }

  @Test func impossibleDatesCarryOver() {
    #expect(
      CalendarTime(year: 2023, month: 2, day: 29, hour: 24, minute: 60, second: 60).secondsSince1970
        == CalendarTime(year: 2023, month: 3, day: 2, hour: 1, minute: 1, second: 0).secondsSince1970)
    #expect(
      CalendarTime(year: 2023, month: 0, day: 0, hour: 0, minute: 0, second: 0).secondsSince1970
        == CalendarTime(year: 2022, month: 12, day: 31, hour: 0, minute: 0, second: 0).secondsSince1970)
  }
}

@Suite struct RealTimeClockAlarmTests {
  /// Against looking at each second in turn.
  @Test func matchesLookingAtEachSecond() {
    var random = SeededGenerator(state: 2)
    for _ in 0..<12 {
      func part(_ limit: Int64) -> Int64? {
        random.next() % 3 == 0 ? nil : Int64.random(in: 0..<limit, using: &random)
      }
      let alarm = RealTimeClockAlarm(hour: part(24), minute: part(60), second: part(60))
      let moment = Int64.random(in: 0..<2_000_000_000, using: &random)
      let expected = (moment + 1...moment + 86_400).first { candidate in
        let time = candidate % 86_400
        return time / 3600 == alarm.hour ?? time / 3600 && time / 60 % 60 == alarm.minute ?? time / 60 % 60
          && time % 60 == alarm.second ?? time % 60
      }
      #expect(alarm.next(after: moment) == expected)
    }
  }

  @Test func impossibleTimesNeverCome() {
    #expect(RealTimeClockAlarm(hour: 24).next(after: 0) == nil)
    #expect(RealTimeClockAlarm(minute: 60).next(after: 0) == nil)
    #expect(RealTimeClockAlarm(second: 165).next(after: 0) == nil)
  }
}

@Suite struct RealTimeClockTimeTests {
  @Test func showsTheHostsTime() {
    let bench = Bench()
    #expect(bench.time == [0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58, 5])
    bench.clock.advance(2 * second)
    #expect(bench.time == [0x20, 0x24, 0x03, 0x01, 0x00, 0x00, 0x00, 6])
    // A change of the host's clock shows, too.
    bench.clock.step(wallBy: -86_400 * second)
    #expect(bench.time == [0x20, 0x24, 0x02, 0x29, 0x00, 0x00, 0x00, 5])
  }

  @Test func binaryAndTwelveHours() {
    let bench = Bench()
    bench[0x0b] = 0x06
    #expect(bench.time == [20, 24, 2, 29, 23, 59, 58, 5])
    let hours: [(binary: UInt8, decimal: UInt8)] = [
      (12, 0x12), (1, 0x01), (2, 0x02), (3, 0x03), (4, 0x04), (5, 0x05), (6, 0x06), (7, 0x07), (8, 0x08),
      (9, 0x09),
      (10, 0x10), (11, 0x11),
    ]
    bench.clock.advance(2 * second)
    for hour in 0..<24 as Range<Int> {
      let afternoon: UInt8 = hour >= 12 ? 0x80 : 0
      bench[0x0b] = 0x04
      #expect(bench[4] == hours[hour % 12].binary | afternoon)
      bench[0x0b] = 0x00
      #expect(bench[4] == hours[hour % 12].decimal | afternoon)
      bench.clock.advance(3600 * second)
    }
  }

  @Test(arguments: [0x00, 0x02, 0x04, 0x06] as [UInt8])
  func guestSetsTheTime(mode: UInt8) {
    let bench = Bench()
    let isBinary = mode & 4 != 0
    func encoded(_ value: UInt8) -> UInt8 { isBinary ? value : (value / 10) << 4 | value % 10 }
    bench[0x0b] = 0x80 | mode
    let hour: UInt8 = mode & 2 != 0 ? encoded(22) : encoded(10) | 0x80
    let wanted = [encoded(19), encoded(99), encoded(12), encoded(31), hour, encoded(59), encoded(57)]
    for (index, value) in zip([0x32, 9, 8, 7, 4, 2, 0] as [UInt8], wanted) { bench[index] = value }
    // It stands still until it is let go.
    bench.clock.advance(10 * second)
    #expect(Array(bench.time.prefix(7)) == wanted)
    bench[0x0b] = mode
    // The seconds go on as they did: the next is 0.75 s away, as it was.
    bench.clock.advance(second / 2)
    #expect(bench.time == wanted + [6])
    bench.clock.advance(second / 2)
    #expect(bench[0] == encoded(58))
    bench.clock.advance(3600 * second)
    #expect(bench.time.prefix(4) == [encoded(19), encoded(99), encoded(12), encoded(31)])
    bench.clock.advance(3600 * second)
    #expect(bench.time.prefix(4) == [encoded(20), encoded(0), encoded(1), encoded(1)])
    // The difference to the host's time is kept.
    bench.clock.step(wallBy: 86_400 * second)
    #expect(bench[7] == encoded(2))
  }

  /// Linux holds the divider in reset while it sets the time; the next second is half a second away.
  @Test func firstSecondAfterTheDividersResetIsHalfOne() {
    let bench = Bench()
    bench[0x0b] = 0x82
    bench[0x0a] = 0x76
    bench[0] = 0x30
    bench[0x0b] = 0x02
    bench.clock.advance(5 * second)
    #expect(bench[0] == 0x30)
    bench[0x0a] = 0x26
    bench.clock.advance(second / 2 - 1)
    #expect(bench[0] == 0x30)
    bench.clock.advance(1)
    #expect(bench[0] == 0x31)
  }

  /// Without SET, as DOS programs do it: each register counts at once.
  @Test func guestSetsOneRegisterOfTheRunningClock() {
    let bench = Bench()
    bench[4] = 0x07
    #expect(bench.time == [0x20, 0x24, 0x02, 0x29, 0x07, 0x59, 0x58, 5])
    bench.clock.advance(3 * second)
    #expect(bench.time == [0x20, 0x24, 0x02, 0x29, 0x08, 0x00, 0x01, 5])
    bench[0x32] = 0x19
    // 1924 was a leap year, too.
    #expect(bench.time == [0x19, 0x24, 0x02, 0x29, 0x08, 0x00, 0x01, 6])
  }

  /// Data sheet, table 5: 244 µs before the update and 1984 µs during it.
  @Test func updateInProgressComesBeforeEachSecond() {
    let bench = Bench()
    #expect(bench[0x0a] == 0x26)
    bench.clock.advance(second * 3 / 4 - 2_228_001)
    #expect(bench[0x0a] == 0x26)
    bench.clock.advance(1)
    #expect(bench[0x0a] == 0xa6)
    bench.clock.advance(2_227_999)
    #expect(bench[0x0a] == 0xa6 && bench[0] == 0x58)
    bench.clock.advance(1)
    #expect(bench[0x0a] == 0x26 && bench[0] == 0x59)
    // Not while the clock stands, and not because the guest writes it.
    bench[0x0b] = 0x82
    bench.clock.advance(second - 1)
    bench[0x0a] = 0xa6
    #expect(bench[0x0a] == 0x26)
  }
}

@Suite struct RealTimeClockInterruptTests {
  @Test func noTimerWithoutAnInterrupt() {
    let bench = Bench()
    bench.clock.advance(100 * second)
    _ = bench.time
    _ = bench[0x0c]
    #expect(bench.clock.armCount == 0)
    // The flags are there all the same: of the period, of the update, not of the alarm at midnight…
    bench.clock.advance(second)
    #expect(bench[0x0c] == 0x50)
    #expect(bench[0x0c] == 0x00)
    // …until a day has passed.
    bench.clock.advance(86_400 * second)
    #expect(bench[0x0c] == 0x70)
  }

  @Test func updateEnded() {
    let bench = Bench()
    _ = bench[0x0c]
    bench[0x0b] = 0x12
    bench.clock.advance(second * 3 / 4 - 1)
    #expect(!bench.line)
    bench.clock.advance(1)
    #expect(bench.line)
    // Not acknowledged: nothing more to wait for.
    #expect(bench.clock.deadline == nil)
    bench.clock.advance(10 * second)
    #expect(bench.edges == 1)
    #expect(bench[0x0c] & 0x90 == 0x90)
    #expect(!bench.line)
    bench.clock.advance(second)
    #expect(bench.edges == 2)
    // SET switches the interrupt off (data sheet, "UIE").
    bench[0x0b] = 0x92
    #expect(bench[0x0b] == 0x82)
    #expect(!bench.line && bench.clock.deadline == nil)
  }

  @Test(arguments: 0...15 as ClosedRange<UInt8>)
  func periodic(rate: UInt8) {
    // Data sheet, table 4, for a crystal of 32768 Hz.
    let frequencies = [0, 256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2]
    let bench = Bench()
    bench[0x0a] = 0x20 | rate
    _ = bench[0x0c]
    bench[0x0b] = 0x42
    var count = 0
    let end = bench.clock.monotonicNanoseconds + 1_000_000_000
    while let deadline = bench.clock.deadline, deadline <= end {
      bench.clock.advance(Int64(deadline - bench.clock.monotonicNanoseconds))
      #expect(bench.line)
      #expect(bench[0x0c] & 0xc0 == 0xc0)
      count += 1
    }
    #expect(count == frequencies[Int(rate)])
    #expect(bench.edges == count)
  }

  @Test func periodicStopsWithTheDivider() {
    let bench = Bench()
    bench[0x0b] = 0x42
    #expect(bench.clock.deadline != nil)
    bench[0x0a] = 0x76
    _ = bench[0x0c]
    #expect(bench.clock.deadline == nil)
    bench.clock.advance(second)
    #expect(bench[0x0c] == 0)
  }

  @Test func alarmAtATime() {
    let bench = Bench()
    bench[1] = 0x05
    bench[3] = 0x30
    bench[5] = 0x06
    bench[0x0b] = 0x22
    // 23:59:58.25 to 06:30:05.
    bench.clock.advance((6 * 3600 + 30 * 60 + 7) * second - second / 4 - 1)
    #expect(!bench.line)
    bench.clock.advance(1)
    #expect(bench.line)
    #expect(bench[0x0c] & 0xa0 == 0xa0)
    bench.clock.advance(86_400 * second - 1)
    #expect(!bench.line)
    bench.clock.advance(1)
    #expect(bench.line)
  }

  @Test func alarmWithPartsThatDoNotMatter() {
    let bench = Bench()
    // Each minute, at second 0.
    bench[1] = 0x00
    bench[3] = 0xc0
    bench[5] = 0xff
    bench[0x0b] = 0x22
    for minute in 0..<3 as Range<Int64> {
      bench.clock.advance(minute == 0 ? 2 * second - second / 4 : 60 * second)
      #expect(bench.edges == Int(minute) + 1)
      #expect(bench.line)
      _ = bench[0x0c]
    }
    // Each second.
    bench[1] = 0xc0
    bench.clock.advance(second)
    #expect(bench.line)
  }

  @Test func alarmInTheAfternoonOfTwelveHours() {
    let bench = Bench()
    bench[0x0b] = 0x20
    bench[1] = 0x00
    bench[3] = 0x00
    bench[5] = 0x92
    bench.clock.advance(43_202 * second - second / 4 - 1)
    #expect(!bench.line)
    bench.clock.advance(1)
    #expect(bench.line)
    #expect(bench[4] == 0x92)
  }

  @Test func impossibleAlarmArmsNothing() {
    let bench = Bench()
    bench[1] = 0x77
    bench[0x0b] = 0x22
    #expect(bench.clock.deadline == nil)
    // Zero hours is not a time of the twelve-hour clock.
    bench[0x0b] = 0x20
    bench[1] = 0x00
    bench[5] = 0x00
    #expect(bench.clock.deadline == nil)
  }

  /// Enabling an interrupt whose flag is set raises the line.
  @Test func flagThatIsSetAlready() {
    let bench = Bench()
    _ = bench[0x0c]
    bench.clock.advance(second)
    bench[0x0b] = 0x12
    #expect(bench.line)
    bench[0x0b] = 0x02
    #expect(!bench.line)
    bench[0x0b] = 0x52
    #expect(bench.line)
    #expect(bench[0x0c] == 0xd0)
    #expect(bench.controller.redundantSets == 0)
  }

  @Test func hostsClockGoesBack() {
    let bench = Bench()
    bench[0x0b] = 0x12
    _ = bench[0x0c]
    bench.clock.step(wallBy: -1000 * second)
    bench.clock.advance(2 * second)
    #expect(bench.line)
    _ = bench[0x0c]
    bench.clock.advance(second)
    #expect(bench.line)
  }
}

/// A clock by which a millisecond passes whenever somebody looks.
private final class StridingClock: DeviceClock {
  private final class Timer: DeviceTimer {
    func arm(at monotonicNanoseconds: UInt64) {}
    func cancel() {}
  }
  private let time = Atomic<UInt64>(5_000_000_000)

  var monotonicNanoseconds: UInt64 { time.add(1_000_000, ordering: .relaxed).newValue }
  var wallClockNanoseconds: Int64 { 0 }
  func makeTimer(_ handler: @escaping @Sendable () -> Void) -> any DeviceTimer { Timer() }
}

@Suite struct RealTimeClockEdgeTests {
  /// The next periodic interrupt is due while register C is being read: the line must fall in
  /// between, since a PIC waits for edges.
  @Test func lineFallsBetweenInterrupts() {
    let controller = FakeController()
    let device = RealTimeClock(
      clock: StridingClock(), interrupt: InterruptLine(controller: controller, gsi: RealTimeClock.gsi),
      memoryBelow4GiB: 128 << 20, memoryAbove4GiB: 0)
    device.write8(0, 0x0b)
    device.write8(1, 0x42)  // periodic, at 1024 Hz
    #expect(controller.risingEdges(RealTimeClock.gsi) == 1)
    device.write8(0, 0x0c)
    #expect(device.read8(1) == 0xc0)
    #expect(controller.risingEdges(RealTimeClock.gsi) == 2)
    #expect(controller.level(RealTimeClock.gsi))
  }
}

@Suite struct RealTimeClockResetTests {
  @Test func timeAndMemoryOutliveAReset() {
    let bench = Bench()
    bench[0x50] = 0xa5
    bench[0] = 0x30  // 23:59:30
    bench[0x0b] = 0x52
    bench.clock.advance(second)
    #expect(bench.line)

    let controller = FakeController()
    let after = RealTimeClock(
      afterResetOf: bench.device, interrupt: InterruptLine(controller: controller, gsi: RealTimeClock.gsi))
    func read(_ index: UInt8) -> UInt8 {
      after.write8(0, index)
      return after.read8(1)
    }
    #expect(read(0x50) == 0xa5)
    #expect(read(0) == 0x31)
    #expect(read(0x0b) == 0x02)
    #expect(read(0x0c) == 0)
    #expect(!controller.level(RealTimeClock.gsi))
    #expect(bench.clock.deadline == nil)
  }
}

@Suite struct CMOSMemoryTests {
  @Test func indexPort() {
    let bench = Bench()
    // The top bit masks NMI and is not part of the index.
    bench.device.write8(0, 0x80 | 0x40)
    bench.device.write8(1, 0x5a)
    #expect(bench[0x40] == 0x5a)
    #expect(bench.device.read8(0) == 0xff)
    // Index and data in one access.
    bench.device.write(0x7741, offset: 0, width: .word)
    #expect(bench[0x41] == 0x77)
  }

  @Test func restIsMemory() {
    let bench = Bench()
    let cells = (0x0e...0x7f as ClosedRange<UInt8>).filter { $0 != 0x32 }
    for index in cells { bench[index] = index ^ 0xa5 }
    for index in cells { #expect(bench[index] == index ^ 0xa5) }
    bench[0x0d] = 0
    bench[0x0c] = 0xff
    #expect(bench[0x0d] == 0x80)
    #expect(bench[0x0c] & 0xaf == 0)
  }

  @Test(arguments: [
    // Bytes below and above 4 GiB; KiB of base and extended memory, 64 KiB above 16 MiB and 4 GiB.
    (UInt64(128) << 20, UInt64(0), 640, 0xffff, 112 * 16, 0),
    (16 << 20, 0, 640, 15 * 1024, 0, 0),
    (64 << 20, 0, 640, 63 * 1024, 48 * 16, 0),
    (512 << 10, 0, 512, 0, 0, 0),
    (0xc000_0000, 5 << 30, 640, 0xffff, (3072 - 16) * 16, 5 * 1024 * 16),
    (.max, .max, 640, 0xffff, 0xffff, 0xff_ffff),
  ])
  func sizes(below: UInt64, above: UInt64, base: Int, extended: Int, above16MiB: Int, above4GiB: Int) {
    let bench = Bench(below: below, above: above)
    func field(_ index: UInt8, _ byteCount: Int) -> Int {
      (0..<byteCount).reduce(0) { $0 | Int(bench[index + UInt8($1)]) << (8 * $1) }
    }
    #expect(field(0x15, 2) == base)
    #expect(field(0x17, 2) == extended)
    #expect(field(0x30, 2) == extended)
    #expect(field(0x34, 2) == above16MiB)
    #expect(field(0x5b, 3) == above4GiB)
    let sum = (0x10...0x2d as ClosedRange<UInt8>).reduce(0) { $0 + Int(bench[$1]) }
    #expect(Int(bench[0x2e]) << 8 | Int(bench[0x2f]) == sum)
  }

  /// No value and no jump of the host's clock may trap.
  @Test(arguments: [0, Bench.start * second, .max, .min] as [Int64])
  func anyValuesAtAnyTime(wall: Int64) {
    var random = SeededGenerator(state: UInt64(bitPattern: wall))
    let bench = Bench(wall: wall == .max ? wall - 4_000_000 * second : wall)
    for _ in 0..<20_000 {
      let index = UInt8(random.next() % 16 == 0 ? 0x32 : random.next() % 14)
      switch random.next() % 4 {
      case 0, 1: bench[index] = UInt8(truncatingIfNeeded: random.next())
      case 2: _ = bench[index]
      default: bench.clock.advance(Int64(random.next() % 2_000_000))
      }
    }
    #expect(bench.controller.redundantSets == 0)
    bench[0x0b] = 0x02
    bench[0x0a] = 0x26
    #expect(bench[0x0d] == 0x80)
  }
}
