public import Engine
internal import Host

/// ACPI's fixed power management: the PM1a event and control blocks and the PM timer (ACPI 4.8.3), at the
/// ports where QEMU's and Intel's PIIX4 have them.
///
/// There is one sleeping state, soft-off: a guest that writes SLP_EN with `softOffSleepType` switches the
/// machine off. Other types do nothing. The machine is in ACPI mode from the start.
public final class PowerManagement: IODevice {
  /// The first port of the event block, which has four: PM1_STS and PM1_EN.
  public static let eventBlock: UInt64 = 0x600
  /// The first port of the control block, which has two: PM1_CNT.
  public static let controlBlock: UInt64 = 0x604
  /// The first port of the PM timer, which has four.
  public static let timerBlock: UInt64 = 0x608
  /// Its interrupt, the SCI: level-triggered, active high.
  public static let gsi: UInt32 = 9
  /// SLP_TYP of soft-off. Writing 0x2000 to the control block switches off, as on QEMU's PC: small guests
  /// do that without having read a table.
  public static let softOffSleepType: UInt8 = 0

  private struct State {
    var registers = PowerManagementRegisters()
    var level = false
    var timer: (any DeviceTimer)?
    var isArmed = false
  }

  /// The device's name.
  public var name: String { "ACPI power management" }
  private let machine: any MachineControl
  private let clock: any DeviceClock
  private let interrupt: InterruptLine
  private let origin: UInt64
  private let state = Lock(State())

  /// Power management that counts time by `clock` from now on, and switches `machine` off.
  public init(machine: any MachineControl, clock: any DeviceClock, interrupt: InterruptLine) {
    self.machine = machine
    self.clock = clock
    self.interrupt = interrupt
    origin = clock.monotonicNanoseconds
    // Weak: the clock's timer must not keep alive the device that keeps the timer.
    let timer = clock.makeTimer { [weak self] in self?.timerFired() }
    state.withLock { $0.timer = timer }
  }

  /// Presses the power button, which a guest may take for a wish that it shuts down.
  public func pressPowerButton() {
    state.withLock { state in
      state.registers.pressPowerButton()
      settle(&state, ticks: ticks)
    }
  }

  /// Reads any of the registers; offsets count from the event block.
  public func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    let (low, high) = state.withLock { state in
      let now = ticks
      state.registers.advance(toTicks: now)
      let registers = state.registers
      let low =
        UInt64(registers.status) | UInt64(registers.enable) << 16 | UInt64(registers.control) << 32
        | 0xFFFF << 48
      return (low, now & 0xFFFF_FFFF | 0xFFFF_FFFF << 32)
    }
    // The registers as 16 bytes, the timer among them whole; ones where there is none.
    switch offset {
    case 0: return low
    case 1..<8: return low >> (offset * 8) | high << (64 - offset * 8)
    case 8..<16: return high >> ((offset - 8) * 8) | ~(UInt64.max >> ((offset - 8) * 8))
    default: return .max
    }
  }

  /// Writes any of the registers, or parts of them; offsets count from the event block.
  public func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    // What reaches beyond the control block reaches nothing: the timer cannot be written.
    guard offset < 6 else { return }
    let written = width == .qword ? UInt64.max : UInt64(1) << UInt64(width.byteCount * 8) - 1
    let mask = written << (offset * 8)
    let bits = (value & written) << (offset * 8)
    func part(_ value: UInt64, _ index: UInt64) -> UInt16 {
      UInt16(truncatingIfNeeded: value >> (index * 16))
    }
    let sleepType: UInt8? = state.withLock { state in
      let now = ticks
      // An event of before the write is not lost, and not cleared by it if it comes after.
      state.registers.advance(toTicks: now)
      state.registers.writeStatus(part(bits, 0))
      if part(mask, 1) != 0 { state.registers.writeEnable(part(bits, 1), mask: part(mask, 1)) }
      let sleepType =
        part(mask, 2) == 0 ? nil : state.registers.writeControl(part(bits, 2), mask: part(mask, 2))
      settle(&state, ticks: now)
      return sleepType
    }
    if sleepType == Self.softOffSleepType { machine.requestStop(.poweredOff) }
  }

  private var ticks: UInt64 {
    PowerManagementRegisters.ticks(inNanoseconds: clock.monotonicNanoseconds &- origin)
  }

  private func timerFired() {
    state.withLock { state in
      state.isArmed = false
      settle(&state, ticks: ticks)
    }
  }

  /// Brings line and timer to what the registers say. Called with the lock held: neither `setLine` nor
  /// `arm` calls back.
  private func settle(_ state: inout State, ticks: UInt64) {
    state.registers.advance(toTicks: ticks)
    let level = state.registers.interruptLevel
    if level != state.level {
      state.level = level
      interrupt.set(level)
    }
    if let next = state.registers.nextInterruptTicks {
      let delay = PowerManagementRegisters.nanoseconds(toTicks: next)
      let (moment, overflow) = origin.addingReportingOverflow(delay)
      state.timer?.arm(at: overflow ? .max : moment)
      state.isArmed = true
    } else if state.isArmed {
      state.timer?.cancel()
      state.isArmed = false
    }
  }
}
