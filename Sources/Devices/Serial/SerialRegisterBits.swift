// Names of the 16550's registers and their bits (National Semiconductor PC16550D data sheet,
// table II "Summary of Registers").

/// The eight addresses of a 16550, in their order.
enum SerialRegister {
  /// Receiver buffer (read), transmitter holding (write), divisor latch low byte (DLAB = 1).
  static let data: UInt64 = 0
  /// Interrupt enable, or divisor latch high byte (DLAB = 1).
  static let interruptEnable: UInt64 = 1
  /// Interrupt identification (read), FIFO control (write).
  static let interruptIdentification: UInt64 = 2
  static let lineControl: UInt64 = 3
  static let modemControl: UInt64 = 4
  static let lineStatus: UInt64 = 5
  static let modemStatus: UInt64 = 6
  static let scratch: UInt64 = 7
}

/// Interrupt enable register.
struct SerialInterrupts: OptionSet {
  let rawValue: UInt8
  static let receivedData = Self(rawValue: 1 << 0)
  static let transmitterEmpty = Self(rawValue: 1 << 1)
  static let lineStatus = Self(rawValue: 1 << 2)
  static let modemStatus = Self(rawValue: 1 << 3)
  static let all = Self(rawValue: 0x0f)
}

/// Low four bits of the interrupt identification register: the pending cause of highest priority.
enum SerialInterruptCause: UInt8 {
  case none = 0b0001
  case lineStatus = 0b0110
  case receivedData = 0b0100
  case characterTimeout = 0b1100
  case transmitterEmpty = 0b0010
  case modemStatus = 0b0000
}

/// FIFO control register.
struct SerialFIFOControl: OptionSet {
  let rawValue: UInt8
  static let enable = Self(rawValue: 1 << 0)
  static let resetReceiver = Self(rawValue: 1 << 1)
  static let resetTransmitter = Self(rawValue: 1 << 2)
}

/// Line control register: the bits with an effect here. Word length, parity and stop bits have
/// none, because characters are whole bytes on their way to the host.
enum SerialLineControl {
  static let divisorLatchAccess: UInt8 = 1 << 7
}

/// Modem control register.
struct SerialModemControl: OptionSet {
  let rawValue: UInt8
  static let dataTerminalReady = Self(rawValue: 1 << 0)
  static let requestToSend = Self(rawValue: 1 << 1)
  static let out1 = Self(rawValue: 1 << 2)
  static let out2 = Self(rawValue: 1 << 3)
  static let loopback = Self(rawValue: 1 << 4)
  static let all = Self(rawValue: 0x1f)
}

/// Line status register.
struct SerialLineStatus: OptionSet {
  let rawValue: UInt8
  static let dataReady = Self(rawValue: 1 << 0)
  static let overrunError = Self(rawValue: 1 << 1)
  static let breakInterrupt = Self(rawValue: 1 << 4)
  static let transmitterHoldingEmpty = Self(rawValue: 1 << 5)
  static let transmitterEmpty = Self(rawValue: 1 << 6)
  static let errorInFIFO = Self(rawValue: 1 << 7)
}

/// Modem status register, low half: what changed since it was read.
struct SerialModemDeltas: OptionSet {
  let rawValue: UInt8
  static let clearToSend = Self(rawValue: 1 << 0)
  static let dataSetReady = Self(rawValue: 1 << 1)
  static let trailingEdgeOfRing = Self(rawValue: 1 << 2)
  static let dataCarrierDetect = Self(rawValue: 1 << 3)
}

/// The lines from a modem to a serial port, as bits of the modem status register's high half.
public struct SerialModemLines: OptionSet, Sendable {
  /// The bits, in their places in the register.
  public let rawValue: UInt8

  /// The lines whose bits are set in `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// CTS: the other side takes data.
  public static let clearToSend = Self(rawValue: 1 << 4)
  /// DSR: the other side is on.
  public static let dataSetReady = Self(rawValue: 1 << 5)
  /// RI: the telephone rings.
  public static let ringIndicator = Self(rawValue: 1 << 6)
  /// DCD: there is a connection.
  public static let dataCarrierDetect = Self(rawValue: 1 << 7)
  /// The lines of a connection that is up.
  public static let connected: Self = [.clearToSend, .dataSetReady, .dataCarrierDetect]
}
