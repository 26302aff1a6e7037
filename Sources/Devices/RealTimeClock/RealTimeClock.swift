public import Engine
internal import Host

/// The real-time clock and CMOS memory of a PC: a Motorola MC146818 behind an index and a data port.
///
/// It shows the host's time in UTC until the guest sets another, and then keeps the difference. The
/// interrupts (periodic, alarm, update ended) come from a timer that is armed only while one is
/// enabled and not waiting to be acknowledged. Daylight saving and the square-wave output do
/// nothing, as in every clock since the MC146818 itself.
public final class RealTimeClock: ByteRegisterDevice {
  /// The index port; the data port follows it.
  public static let defaultPort: UInt64 = 0x70
  /// How many ports it takes.
  public static let portCount: UInt64 = 2
  /// Its interrupt.
  public static let gsi: UInt32 = 8

  private struct State {
    var registers: RealTimeClockRegisters
    var index: UInt8 = 0
    var level = false
    var timer: (any DeviceTimer)?
    var isArmed = false
  }

  /// The device's name.
  public var name: String { "real-time clock" }
  private let clock: any DeviceClock
  private let interrupt: InterruptLine
  private let state: Lock<State>

  /// A clock that shows the time of `clock`, in a machine with so many bytes of memory below and
  /// above 4 GiB, and so many processors.
  public init(
    clock: any DeviceClock, interrupt: InterruptLine, memoryBelow4GiB: UInt64, memoryAbove4GiB: UInt64,
    processorCount: Int = 1
  ) {
    self.clock = clock
    self.interrupt = interrupt
    var registers = RealTimeClockRegisters(now: Self.now(clock))
    registers.presetAsFirmware(memoryBelow4GiB: memoryBelow4GiB, memoryAbove4GiB: memoryAbove4GiB)
    registers.preset(processorCount: processorCount)
    state = Lock(State(registers: registers))
    makeTimer()
  }

  /// The clock of the same machine after a reset, when `other` is no longer in use: it goes on with
  /// the time and the CMOS memory, which have a battery. Only the interrupts are switched off (data
  /// sheet, "RESET").
  public init(afterResetOf other: RealTimeClock, interrupt: InterruptLine) {
    clock = other.clock
    self.interrupt = interrupt
    var registers = other.state.withLock { state in
      state.timer?.cancel()
      state.isArmed = false
      return state.registers
    }
    registers.reset(now: Self.now(clock))
    state = Lock(State(registers: registers))
    makeTimer()
  }

  private func makeTimer() {
    // Weak: the clock's timer must not keep alive the device that keeps the timer.
    let timer = clock.makeTimer { [weak self] in self?.timerFired() }
    state.withLock { $0.timer = timer }
  }

  func readRegister(_ offset: UInt64) -> UInt8 {
    // The index port cannot be read on a PC.
    guard offset == 1 else { return 0xff }
    return state.withLock { state in
      let value = state.registers.read(state.index, now: Self.now(clock))
      // Only register C's flags change by being read; settling does nothing after the others.
      if Int(state.index) == RealTimeClockRegister.c { settle(&state) }
      return value
    }
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    state.withLock { state in
      guard offset == 1 else {
        // The top bit of the port is not the clock's: it masks NMI.
        state.index = value & 0x7f
        return
      }
      state.registers.write(state.index, value, now: Self.now(clock))
      settle(&state)
    }
  }

  private func timerFired() {
    state.withLock { state in
      state.isArmed = false
      settle(&state)
    }
  }

  /// Brings line and timer to what the registers say. Called with the lock held: neither `setLine`
  /// nor `arm` calls back.
  private func settle(_ state: inout State) {
    let now = Self.now(clock)
    // Before time goes on: if reading register C has taken the request back, the line falls even
    // where the next one is due by now. An interrupt controller that waits for edges would miss it.
    setLine(&state)
    state.registers.advance(to: now)
    setLine(&state)
    if let next = state.registers.nextInterrupt(now: now) {
      state.timer?.arm(at: next)
      state.isArmed = true
    } else if state.isArmed {
      state.timer?.cancel()
      state.isArmed = false
    }
  }

  private func setLine(_ state: inout State) {
    let level = state.registers.interruptLevel
    if level != state.level {
      state.level = level
      interrupt.set(level)
    }
  }

  private static func now(_ clock: any DeviceClock) -> RealTimeClockRegisters.Now {
    RealTimeClockRegisters.Now(monotonic: clock.monotonicNanoseconds, wall: clock.wallClockNanoseconds)
  }
}

extension RealTimeClockRegisters {
  /// Leaves in the CMOS memory what a PC's firmware leaves there: the equipment, the sizes of memory
  /// (each as far as its field goes), and the checksum.
  fileprivate mutating func presetAsFirmware(memoryBelow4GiB: UInt64, memoryAbove4GiB: UInt64) {
    let kib: UInt64 = 1 << 10
    let mib: UInt64 = 1 << 20
    func above(_ size: UInt64, _ start: UInt64) -> UInt64 { size > start ? size - start : 0 }

    let extended = min(above(memoryBelow4GiB, mib) / kib, 0xffff)
    preset(CMOSMemorySize.baseLow, min(memoryBelow4GiB / kib, 640), byteCount: 2)
    preset(CMOSMemorySize.extendedLow, extended, byteCount: 2)
    preset(CMOSMemorySize.extendedAgainLow, extended, byteCount: 2)
    preset(
      CMOSMemorySize.above16MiBLow, min(above(memoryBelow4GiB, 16 * mib) / (64 * kib), 0xffff), byteCount: 2)
    preset(CMOSMemorySize.above4GiBLow, min(memoryAbove4GiB / (64 * kib), 0xff_ffff), byteCount: 3)

    // Equipment: a floating-point unit.
    preset(0x14, 0x02)
    var sum: UInt16 = 0
    for index in 0x10...0x2d { sum &+= UInt16(memory[index]) }
    preset(0x2e, UInt8(truncatingIfNeeded: sum >> 8))
    preset(0x2f, UInt8(truncatingIfNeeded: sum))
  }

  /// How many processors wait for INIT, as QEMU tells its firmware: index 0x5f, beside the first.
  fileprivate mutating func preset(processorCount: Int) {
    preset(0x5f, UInt8(clamping: processorCount - 1))
  }

  private mutating func preset(_ index: Int, _ value: UInt64, byteCount: Int) {
    for byte in 0..<byteCount {
      preset(index + byte, UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)))
    }
  }
}
