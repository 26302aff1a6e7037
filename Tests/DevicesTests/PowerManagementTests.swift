import Devices
import Engine
import Testing

private struct Platform {
  let machine = FakeMachine()
  let controller = FakeController()
  let clock = FakeClock(wall: 0)
  let power: PowerManagement
  let bus: Bus

  init() throws {
    power = PowerManagement(
      machine: machine, clock: clock,
      interrupt: InterruptLine(controller: controller, gsi: PowerManagement.gsi))
    bus = try Bus(
      kind: .ports,
      attachments: [
        BusAttachment(base: PowerManagement.eventBlock, byteCount: 6, device: power),
        BusAttachment(
          base: PowerManagement.timerBlock, byteCount: 4, device: power,
          firstOffset: PowerManagement.timerBlock - PowerManagement.eventBlock),
      ])
  }

  func input(_ port: UInt16, width: UInt8 = 2) -> UInt32 {
    let bytes = bus.access(port: port, width: width, .read, [UInt8](repeating: 0, count: Int(width)))
    return bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
  func output(_ port: UInt16, _ value: UInt32, width: UInt8 = 2) {
    let bytes = (0..<Int(width)).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
    _ = bus.access(port: port, width: width, .write, bytes)
  }
}

/// ACPI's PM1 blocks and PM timer (ACPI 4.8.3).
@Suite struct PowerManagementTests {
  @Test func itStartsInACPIMode() throws {
    let platform = try Platform()
    #expect(platform.input(0x600) == 0)
    #expect(platform.input(0x602) == 0)
    // SCI_EN, which cannot be cleared.
    #expect(platform.input(0x604) == 1)
    platform.output(0x604, 0)
    #expect(platform.input(0x604) == 1)
    #expect(platform.machine.reasons.isEmpty)
  }

  @Test func softOffSwitchesTheMachineOff() throws {
    for write in [
      { $0.output(0x604, 0x2000) }, { $0.output(0x604, 0x2001) },
      // The upper byte alone; two bytes of which the second asks.
      { $0.output(0x605, 0x20, width: 1) },
      {
        $0.output(0x604, 0x00, width: 1)
        $0.output(0x605, 0x20, width: 1)
      },
      // A wider access, of which two bytes reach the block.
      { $0.output(0x604, 0x2000, width: 4) }, { $0.output(0x602, 0x2000_0000, width: 4) },
    ] as [@Sendable (Platform) -> Void] {
      let platform = try Platform()
      write(platform)
      #expect(platform.machine.reasons == [.poweredOff])
    }
  }

  @Test func otherSleepTypesDoNothingButAreKept() throws {
    let platform = try Platform()
    for type in 1...7 as ClosedRange<UInt32> {
      platform.output(0x604, 0x2000 | type << 10)
      // SLP_EN reads as zero.
      #expect(platform.input(0x604) == type << 10 | 1)
    }
    #expect(platform.machine.reasons.isEmpty)
    // SLP_TYP without SLP_EN asks for nothing.
    platform.output(0x604, 0)
    #expect(platform.machine.reasons.isEmpty)
    // The type that was written before is the one that is entered.
    platform.output(0x604, 5 << 10)
    platform.output(0x604, 0x20, width: 1)
    #expect(platform.machine.reasons.isEmpty)
    platform.output(0x604, 0x2002)
    #expect(platform.machine.reasons == [.poweredOff])
    // GBL_RLS and reserved bits read as zero, BM_RLD as written.
    #expect(platform.input(0x604) == 0b11)
    platform.output(0x604, 0xC3FC)
    #expect(platform.input(0x604) == 1)
  }

  @Test func thePowerButtonIsAnEvent() throws {
    let platform = try Platform()
    platform.power.pressPowerButton()
    #expect(platform.input(0x600) == 0x100)
    #expect(!platform.controller.level(9))
    // Enabled: at once. Level-triggered: until the status is cleared, by a one.
    platform.output(0x602, 0x100)
    #expect(platform.controller.level(9))
    platform.output(0x600, 0xFEFF)
    #expect(platform.controller.level(9))
    platform.output(0x601, 0x01, width: 1)
    #expect(!platform.controller.level(9))
    #expect(platform.input(0x600) == 0)
    platform.power.pressPowerButton()
    platform.power.pressPowerButton()
    #expect(platform.controller.risingEdges(9) == 2)
    platform.output(0x602, 0)
    #expect(!platform.controller.level(9))
    #expect(platform.input(0x600) == 0x100)
    #expect(platform.controller.redundantSets == 0)
  }

  @Test func onlyEventsThatThereAreCanBeEnabled() throws {
    let platform = try Platform()
    platform.output(0x602, 0xFFFF)
    // RTC_EN stays, too, without an event: Linux complains where it does not.
    #expect(platform.input(0x602) == 0x521)
    platform.output(0x603, 0, width: 1)
    #expect(platform.input(0x602) == 0x21)
    // Nothing that is written sets a status bit.
    platform.output(0x600, 0xFFFF)
    #expect(platform.input(0x600) == 0)
  }

  @Test func theTimerCountsAt3579545Hz() throws {
    let platform = try Platform()
    #expect(platform.input(0x608, width: 4) == 0)
    platform.clock.advance(1_000_000_000)
    #expect(platform.input(0x608, width: 4) == 3_579_545)
    // It cannot be written, and its bytes are its bytes.
    platform.output(0x608, 0, width: 4)
    #expect(platform.input(0x608, width: 4) == 3_579_545)
    #expect(platform.input(0x609, width: 1) == 3_579_545 >> 8 & 0xFF)
    #expect(platform.input(0x60A) == 3_579_545 >> 16)
    // 2³² ticks later, 1200 seconds, it is back, and has not lost a tick.
    platform.clock.advance(1_200_000_000_000)
    #expect(platform.input(0x608, width: 4) == UInt32(1201 * 3_579_545 - 1 << 32 as UInt64))
    // After 50 years too.
    platform.clock.advance(1_577_836_800_000_000_000)
    let ticks = (1201 + 1_577_836_800) * 3_579_545 as UInt64
    #expect(platform.input(0x608, width: 4) == UInt32(truncatingIfNeeded: ticks))
  }

  @Test func theTimersTopBitIsAnEvent() throws {
    let platform = try Platform()
    // 2³¹ ticks take 599.932 seconds.
    platform.clock.advance(599_000_000_000)
    #expect(platform.input(0x600) == 0)
    platform.clock.advance(1_000_000_000)
    #expect(platform.input(0x600) == 1)
    platform.output(0x600, 1)
    #expect(platform.input(0x600) == 0)
    // Nobody asked to be told, and so nothing was armed.
    #expect(platform.clock.armCount == 0)
    platform.output(0x602, 1)
    #expect(platform.clock.deadline != nil)
    platform.clock.advance(599_000_000_000)
    #expect(!platform.controller.level(9))
    platform.clock.advance(1_000_000_000)
    #expect(platform.controller.level(9))
    // Waits for the guest, and goes on.
    #expect(platform.clock.deadline == nil)
    platform.output(0x600, 1)
    #expect(!platform.controller.level(9))
    platform.clock.advance(600_000_000_000)
    #expect(platform.controller.risingEdges(9) == 2)
    platform.output(0x602, 0)
    platform.output(0x600, 1)
    #expect(platform.clock.deadline == nil)
  }

  /// Any offset and width may come from a guest.
  @Test func everyAccessIsAnswered() throws {
    let platform = try Platform()
    platform.clock.advance(1_000_000_000)
    let whole = (0..<16).map { platform.power.read8($0) }
    #expect(whole[6..<8] == [0xFF, 0xFF] && whole[12...] == [0xFF, 0xFF, 0xFF, 0xFF])
    let offsets = Array(0...20 as ClosedRange<UInt64>) + [.max, .max - 3]
    for offset in offsets {
      for width in [.byte, .word, .dword, .qword] as [AccessWidth] {
        let value = platform.power.read(offset: offset, width: width)
        for index in 0..<UInt64(width.byteCount) {
          let at = offset &+ index
          let expected = at < 16 && offset < 16 ? whole[Int(at)] : 0xFF
          #expect(UInt8(truncatingIfNeeded: value >> (8 * index)) == expected, "\(offset) \(width)")
        }
      }
    }
    // SLP_TYP 7 whatever the place: no request to switch off.
    for offset in offsets {
      for width in [.byte, .word, .dword, .qword] as [AccessWidth] {
        platform.power.write(0x3C3C_3C3C_3C3C_3C3C, offset: offset, width: width)
      }
    }
    #expect(platform.machine.reasons.isEmpty)
  }
}
