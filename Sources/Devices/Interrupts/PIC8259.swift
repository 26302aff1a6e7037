internal import Host

/// The two 8259A interrupt controllers of a PC: the master at 0x20, the slave at 0xA0 on its input 2, and
/// the registers that choose edge or level for each input (ELCR, 0x4D0 and 0x4D1).
///
/// As a device it has the ports' own numbers as offsets.
final class PIC8259: ByteRegisterDevice {
  /// The input of the master that the slave is on.
  static let cascade: UInt8 = 2

  private struct State {
    var master = PIC8259Registers(selectableTriggers: 0xF8)
    var slave = PIC8259Registers(selectableTriggers: 0xDE)
    /// The level of the output.
    var output = false

    /// The slave's output is an input of the master.
    mutating func connect() {
      master.setLine(PIC8259.cascade, level: slave.pending() != nil)
    }
  }

  let name = "interrupt controller"
  private let state = Lock(State())
  private let output: @Sendable (Bool) -> Void

  /// - Parameter output: called when the level of the output changes, with the lock held: it must not call
  ///   back.
  init(output: @escaping @Sendable (Bool) -> Void) { self.output = output }

  /// The level of a line, 0…15, changed. Line 2 does not exist.
  func setLine(_ line: UInt8, level: Bool) {
    guard line < 16, line != Self.cascade else { return }
    change { state in
      if line < 8 {
        state.master.setLine(line, level: level)
      } else {
        state.slave.setLine(line - 8, level: level)
      }
    }
  }

  /// An interrupt acknowledge cycle: the vector, or nil where the output is not up (any more). A request
  /// that has gone meanwhile is answered with the vector of IRQ 7 or 15.
  func acknowledge() -> UInt8? {
    change { state in
      guard state.output else { return nil }
      guard let line = state.master.pending(cascade: Self.cascade) else {
        return state.master.vectorBase | 7
      }
      state.master.acknowledge(line)
      guard line == Self.cascade else { return state.master.vectorBase | line }
      guard let slaveLine = state.slave.pending() else { return state.slave.vectorBase | 7 }
      state.slave.acknowledge(slaveLine)
      // The slave's output falls in the cycle. If it has more, as with automatic end of interrupt, that is
      // a new edge.
      state.master.setLine(Self.cascade, level: false)
      return state.slave.vectorBase | slaveLine
    }
  }

  func readRegister(_ offset: UInt64) -> UInt8 {
    change { state in
      switch offset {
      case 0x20, 0x21: return Self.read(&state.master, isData: offset == 0x21, cascade: Self.cascade)
      case 0xA0, 0xA1:
        let isPoll = state.slave.polls
        let value = Self.read(&state.slave, isData: offset == 0xA1, cascade: nil)
        // A poll may have taken what the slave asked the master for.
        if isPoll, state.slave.pending() == nil { state.master.withdraw(Self.cascade) }
        return value
      case 0x4D0: return state.master.levelTriggered
      case 0x4D1: return state.slave.levelTriggered
      default: return 0xFF
      }
    }
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    change { state in
      switch offset {
      case 0x20: state.master.writeCommand(value)
      case 0x21: state.master.writeData(value)
      case 0xA0: state.slave.writeCommand(value)
      case 0xA1: state.slave.writeData(value)
      case 0x4D0: state.master.setLevelTriggered(value)
      case 0x4D1: state.slave.setLevelTriggered(value)
      default: break
      }
    }
  }

  /// A read after a poll command is an acknowledge cycle: bit 7 and the input's number; without bit 7 where
  /// there is none (data sheet, "Poll Command").
  private static func read(_ chip: inout PIC8259Registers, isData: Bool, cascade: UInt8?) -> UInt8 {
    guard chip.takePoll() else { return chip.read(isData: isData) }
    guard let line = chip.pending(cascade: cascade) else { return 7 }
    chip.acknowledge(line)
    return 0x80 | line
  }

  private func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
    state.withLock { state in
      let result = body(&state)
      state.connect()
      let level = state.master.pending(cascade: Self.cascade) != nil
      if level != state.output {
        state.output = level
        output(level)
      }
      return result
    }
  }

  /// Both controllers, for tests.
  var chips: (master: PIC8259Registers, slave: PIC8259Registers) { state.withLock { ($0.master, $0.slave) } }
}
