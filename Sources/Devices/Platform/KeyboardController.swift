public import Engine
internal import Host

/// The keyboard controller of a PC (Intel 8042; IBM PS/2 Hardware Interface Technical Reference,
/// "Keyboard and Auxiliary Device Controller"), with nothing plugged in.
///
/// Guests want it for what else hangs on it: the reset line and the A20 gate. What is sent to the
/// absent keyboard or mouse is answered at once with 0xfe and the timeout bit, which is what the
/// controller says when nobody acknowledges; the mouse's port fails its test. So a driver is done
/// with looking in microseconds, where silence would cost it half a second for each attempt.
public final class KeyboardController: ByteRegisterDevice {
  /// The port of the output buffer and of command parameters.
  public static let dataPort: UInt64 = 0x60
  /// The port of the status register and of commands.
  public static let commandPort: UInt64 = 0x64
  /// Its interrupt.
  public static let gsi: UInt32 = 1

  private static let commandOffset: UInt64 = commandPort - dataPort

  /// Bits of the status register.
  private enum Status {
    static let outputBufferFull: UInt8 = 1 << 0
    static let selfTestPassed: UInt8 = 1 << 2
    static let lastWriteWasCommand: UInt8 = 1 << 3
    static let notInhibited: UInt8 = 1 << 4
    static let auxiliaryData: UInt8 = 1 << 5
    static let timeout: UInt8 = 1 << 6
  }

  /// Bits of the command byte (byte 0 of the controller's memory).
  private enum CommandByte {
    static let keyboardInterrupt: UInt8 = 1 << 0
    static let selfTestPassed: UInt8 = 1 << 2
    static let keyboardDisabled: UInt8 = 1 << 4
    static let auxiliaryDisabled: UInt8 = 1 << 5
  }

  /// Bits of the output port.
  private enum OutputPort {
    static let notReset: UInt8 = 1 << 0
    static let a20: UInt8 = 1 << 1
    static let keyboardInterrupt: UInt8 = 1 << 4
    static let auxiliaryInterrupt: UInt8 = 1 << 5
    static let others: UInt8 = 0b1100_1100
  }

  private struct State {
    var memory = InlineArray<32, UInt8>(repeating: 0)
    var output: UInt8 = 0
    var isOutputFull = false
    /// Which of the timeout and auxiliary bits belong to `output`.
    var outputFlags: UInt8 = 0
    var lastWriteWasCommand = false
    /// The command whose parameter byte comes next.
    var waiting: UInt8?
    var level = false
  }

  /// The device's name.
  public var name: String { "keyboard controller" }
  private let machine: any MachineControl
  private let gate: A20Gate
  private let interrupt: InterruptLine
  private let state: Lock<State>

  /// A keyboard controller that switches `gate`, and asks `machine` for a reset.
  public init(machine: any MachineControl, gate: A20Gate, interrupt: InterruptLine) {
    self.machine = machine
    self.gate = gate
    self.interrupt = interrupt
    var state = State()
    // As firmware leaves it: tested, the keyboard's interrupt on.
    state.memory[0] = CommandByte.keyboardInterrupt | CommandByte.selfTestPassed
    self.state = Lock(state)
  }

  /// Its two ports; what lies between them is not its own.
  public var attachments: [BusAttachment] {
    [
      BusAttachment(base: Self.dataPort, byteCount: 1, device: self),
      BusAttachment(base: Self.commandPort, byteCount: 1, device: self, firstOffset: Self.commandOffset),
    ]
  }

  func readRegister(_ offset: UInt64) -> UInt8 {
    state.withLock { state in
      guard offset != Self.commandOffset else { return status(state) }
      // An empty buffer gives the last byte again.
      state.isOutputFull = false
      state.outputFlags = 0
      settle(&state)
      return state.output
    }
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    let resets = state.withLock { state in
      state.lastWriteWasCommand = offset == Self.commandOffset
      let resets =
        if offset == Self.commandOffset {
          execute(value, &state)
        } else if let command = state.waiting {
          takeParameter(value, of: command, &state)
        } else {
          sendToKeyboard(&state)
        }
      settle(&state)
      return resets
    }
    if resets { machine.requestStop(.reset(by: "the keyboard controller")) }
  }

  // MARK: - With the lock held

  private func status(_ state: borrowing State) -> UInt8 {
    var status = Status.notInhibited | state.outputFlags
    if state.isOutputFull { status |= Status.outputBufferFull }
    if state.memory[0] & CommandByte.selfTestPassed != 0 { status |= Status.selfTestPassed }
    if state.lastWriteWasCommand { status |= Status.lastWriteWasCommand }
    return status
  }

  /// Carries out a command; returns whether it resets the machine.
  private func execute(_ command: UInt8, _ state: inout State) -> Bool {
    state.waiting = nil
    switch command {
    case 0x20...0x3f: answer(state.memory[Int(command & 0x1f)], &state)
    case 0x60...0x7f, 0xd1, 0xd2, 0xd3, 0xd4: state.waiting = command
    case 0xa7: state.memory[0] |= CommandByte.auxiliaryDisabled
    case 0xa8: state.memory[0] &= ~CommandByte.auxiliaryDisabled
    case 0xa9: answer(0x01, &state)  // The auxiliary port's clock line is stuck: there is no port.
    case 0xaa:
      state.memory[0] |= CommandByte.selfTestPassed
      answer(0x55, &state)
    case 0xab: answer(0x00, &state)  // The keyboard's interface is in order.
    case 0xad: state.memory[0] |= CommandByte.keyboardDisabled
    case 0xae: state.memory[0] &= ~CommandByte.keyboardDisabled
    case 0xc0: answer(0x80, &state)  // Input port: the key lock is open.
    case 0xd0: answer(outputPort(state), &state)
    case 0xdd: gate.isOpen = false
    case 0xdf: gate.isOpen = true
    case 0xf0...0xff: return command & OutputPort.notReset == 0  // Pulses the lines whose bits are 0.
    default: break
    }
    return false
  }

  /// Takes the byte after a command; returns whether it resets the machine.
  private func takeParameter(_ value: UInt8, of command: UInt8, _ state: inout State) -> Bool {
    state.waiting = nil
    switch command {
    case 0xd1:
      gate.isOpen = value & OutputPort.a20 != 0
      return value & OutputPort.notReset == 0
    case 0xd2, 0xd3:
      // Back to the guest as if a device had sent it. Without an auxiliary port 0xd3 comes as the
      // keyboard's, which is how Linux finds out.
      answer(value, &state)
    case 0xd4:
      answer(0xfe, flags: Status.timeout | Status.auxiliaryData, &state)
    default:
      state.memory[Int(command & 0x1f)] = value
    }
    return false
  }

  /// A byte for the keyboard, which is not there.
  private func sendToKeyboard(_ state: inout State) -> Bool {
    // Sending to the keyboard enables it, whatever was set before.
    state.memory[0] &= ~CommandByte.keyboardDisabled
    answer(0xfe, flags: Status.timeout, &state)
    return false
  }

  private func outputPort(_ state: borrowing State) -> UInt8 {
    var port = OutputPort.others | OutputPort.notReset
    if gate.isOpen { port |= OutputPort.a20 }
    if state.isOutputFull {
      let isAuxiliary = state.outputFlags & Status.auxiliaryData != 0
      port |= isAuxiliary ? OutputPort.auxiliaryInterrupt : OutputPort.keyboardInterrupt
    }
    return port
  }

  /// Puts a byte into the output buffer, over one that the guest did not fetch.
  private func answer(_ value: UInt8, flags: UInt8 = 0, _ state: inout State) {
    state.output = value
    state.outputFlags = flags
    // The interrupt of a byte that was never fetched must not hide that of this one.
    if state.isOutputFull { drive(false, &state) }
    state.isOutputFull = true
  }

  private func settle(_ state: inout State) {
    drive(
      state.isOutputFull && state.outputFlags & Status.auxiliaryData == 0
        && state.memory[0] & CommandByte.keyboardInterrupt != 0, &state)
  }

  private func drive(_ level: Bool, _ state: inout State) {
    guard level != state.level else { return }
    state.level = level
    interrupt.set(level)
  }
}
