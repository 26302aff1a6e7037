public import Engine
public import Host

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
  private let core: SerialCore

  /// A serial port with this line and interrupt; it attaches itself to `channel`.
  ///
  /// The interrupt controller must not call back into the port from `setLine`.
  public init(name: String = "serial port COM1", channel: any ByteChannel, interrupt: InterruptLine) {
    self.name = name
    self.channel = channel
    core = SerialCore(interrupt: interrupt)
    channel.attach(core)
  }

  // MARK: - The guest's side

  func readRegister(_ offset: UInt64) -> UInt8 {
    let (value, hostHasRoom) = core.withRegisters { $0.read(offset) }
    if hostHasRoom { channel.receiverHasRoom() }
    return value
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    let (transmits, hostHasRoom) = core.withRegisters { registers in
      guard offset == SerialRegister.data, !registers.isDivisorLatchAccessible else {
        registers.write(offset, value)
        return false
      }
      if registers.isLoopback {
        registers.loopBack(value)
        return false
      }
      registers.beginTransmission()
      return true
    }
    if transmits {
      channel.write(byte: value)
      endTransmission()
    }
    if hostHasRoom { channel.receiverHasRoom() }
  }

  /// Takes a string output; one of bytes to the transmitter reaches the host in one piece.
  public func write(string items: RawSpan, offset: UInt64, width: AccessWidth) {
    let (transmits, _) = core.withRegisters { registers in
      guard offset == SerialRegister.data, width == .byte, !registers.isDivisorLatchAccessible,
        !registers.isLoopback
      else { return false }
      registers.beginTransmission()
      return true
    }
    guard transmits else { return writeOneByOne(items, offset: offset, width: width) }
    channel.write(items)
    endTransmission()
  }

  private func endTransmission() {
    _ = core.withRegisters { $0.endTransmission() }
  }

  // MARK: - The host's side

  /// Takes input for the guest, as much as the receiver has room for, and returns how much that is.
  public func receive(_ bytes: RawSpan) -> Int { core.receive(bytes) }

  /// Lets the guest see a break on the line: how Linux is sent a magic SysRq.
  ///
  /// With the receiver full it is an overrun, as on a real line.
  public func receiveBreak() {
    _ = core.withRegisters { registers in
      if !registers.isLoopback { registers.append(0, isBreak: true) }
    }
  }

  /// Sets the lines from the modem. At first they are those of a connection that is up.
  public func setModemLines(_ lines: SerialModemLines) {
    _ = core.withRegisters { $0.setModemInputs(lines) }
  }
}
