public import Engine
public import Host
import Synchronization

/// A serial port of a PC: an NS 16550A UART (National Semiconductor PC16550D data sheet) between
/// the guest and a byte channel of the host.
///
/// A character takes no time on the wire; a guest that sends faster than the host takes waits in
/// its OUT instruction. At most 16 characters of input (one with the FIFO off) are held here, and
/// the channel is told when there is room again: nothing the guest or the host does makes this
/// grow or lose input. The interrupt output is not gated by OUT2, although a PC's board does that:
/// QEMU and kvmtool do not either, and small guests that never set OUT2 are written against them.
///
/// Locking: the registers and the interrupt line are guarded by one lock, which is never held
/// while the channel is called. So a channel may wait in `write` for as long as it likes, and may
/// call `receive` from within `receiverHasRoom`.
public final class SerialPort: IODevice, ByteReceiver, ByteRegisterDevice {
  /// How many ports it takes.
  public static let portCount: UInt64 = 8
  /// The first port of COM1, whose interrupt is `com1GSI`.
  public static let com1Port: UInt64 = 0x3f8
  /// The first port of COM2, whose interrupt is `com2GSI`.
  public static let com2Port: UInt64 = 0x2f8
  /// The interrupt of COM1.
  public static let com1GSI: UInt32 = 4
  /// The interrupt of COM2.
  public static let com2GSI: UInt32 = 3

  /// The device's name.
  public let name: String
  private let channel: any ByteChannel
  private let interrupt: InterruptLine
  private let state = Mutex(State())

  private struct State {
    var registers = SerialRegisters()
    /// The level that the interrupt controller was told last.
    var level = false
    /// Whether the channel was offered less room than it wanted, and waits to be told of more.
    var isHostWaiting = false
  }

  /// A serial port with this line and interrupt; it attaches itself to `channel`.
  ///
  /// The interrupt controller must not call back into the port from `setLine`.
  public init(name: String = "serial port COM1", channel: any ByteChannel, interrupt: InterruptLine) {
    self.name = name
    self.channel = channel
    self.interrupt = interrupt
    channel.attach(WeakReceiver(port: self))
  }

  /// Keeps the port and its channel from holding on to each other for ever.
  private final class WeakReceiver: ByteReceiver {
    private weak let port: SerialPort?
    init(port: SerialPort) { self.port = port }
    func receive(_ bytes: RawSpan) -> Int { port?.receive(bytes) ?? bytes.byteCount }
  }

  // MARK: - The guest's side

  func readRegister(_ offset: UInt64) -> UInt8 {
    let (value, drained) = state.withLock { state in
      let value = state.registers.read(offset)
      return (value, settle(&state))
    }
    if drained { channel.receiverHasRoom() }
    return value
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    let (transmits, drained) = state.withLock { state in
      if offset == SerialRegister.data, !state.registers.isDivisorLatchAccessible {
        if !state.registers.isLoopback {
          state.registers.beginTransmission()
          _ = settle(&state)
          return (true, false)
        }
        state.registers.loopBack(value)
      } else {
        state.registers.write(offset, value)
      }
      return (false, settle(&state))
    }
    if transmits {
      channel.write(byte: value)
      endTransmission()
    }
    if drained { channel.receiverHasRoom() }
  }

  /// Takes a string output; one of bytes to the transmitter reaches the host in one piece.
  public func write(string items: RawSpan, offset: UInt64, width: AccessWidth) {
    let transmits = state.withLock { state in
      guard offset == SerialRegister.data, width == .byte, !state.registers.isDivisorLatchAccessible,
        !state.registers.isLoopback
      else { return false }
      state.registers.beginTransmission()
      _ = settle(&state)
      return true
    }
    guard transmits else { return writeOneByOne(items, offset: offset, width: width) }
    channel.write(items)
    endTransmission()
  }

  private func endTransmission() {
    state.withLock { state in
      state.registers.endTransmission()
      _ = settle(&state)
    }
  }

  // MARK: - The host's side

  /// Takes input for the guest, as much as the receiver has room for.
  public func receive(_ bytes: RawSpan) -> Int {
    state.withLock { state in
      let count = min(bytes.byteCount, state.registers.receiverRoom)
      for index in 0..<count { state.registers.append(bytes.byte(at: index)) }
      if count < bytes.byteCount { state.isHostWaiting = true }
      _ = settle(&state)
      return count
    }
  }

  /// Lets the guest see a break on the line: how Linux is sent a magic SysRq.
  ///
  /// With the receiver full it is an overrun, as on a real line.
  public func receiveBreak() {
    state.withLock { state in
      guard !state.registers.isLoopback else { return }
      state.registers.append(0, isBreak: true)
      _ = settle(&state)
    }
  }

  /// Sets the lines from the modem. At first they are those of a connection that is up.
  public func setModemLines(_ lines: SerialModemLines) {
    state.withLock { state in
      state.registers.setModemInputs(lines)
      _ = settle(&state)
    }
  }

  // MARK: -

  /// Brings the interrupt line to the registers' level, and returns whether the channel is to be
  /// told of room now. Called with the lock held, so that changes of level keep their order.
  private func settle(_ state: inout State) -> Bool {
    if state.registers.droppedInterrupt {
      state.registers.droppedInterrupt = false
      drive(false, &state)
    }
    drive(state.registers.interruptLevel, &state)
    // Not before the guest has read all there is: waking the host for each character would cost
    // more than the character.
    guard state.isHostWaiting, state.registers.receiver.isEmpty, state.registers.receiverRoom > 0 else {
      return false
    }
    state.isHostWaiting = false
    return true
  }

  private func drive(_ level: Bool, _ state: inout State) {
    guard level != state.level else { return }
    state.level = level
    interrupt.set(level)
  }
}
