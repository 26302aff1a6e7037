/// The port of the power-on self-test codes: firmware and small guests write there how far they
/// got, and Linux writes to it to pass a microsecond. The last code is kept for crash reports.
public final class POSTPort: ByteRegisterDevice {
  /// Where it is.
  public static let defaultPort: UInt64 = 0x80
  /// How many ports it takes.
  public static let portCount: UInt64 = 1

  /// The device's name.
  public var name: String { "POST code port" }
  /// The code. No port is written more often by Linux.
  public var latch: ByteLatch? { code }
  private let code = ByteLatch()

  /// A port to which no code was written yet.
  public init() {}

  /// The last code written, or nil.
  public var lastCode: UInt8? { code.byte }

  /// Gives the last code, as the latch behind the port on a PC does; ones before the first.
  func readRegister(_ offset: UInt64) -> UInt8 { lastCode ?? 0xff }

  func writeRegister(_ offset: UInt64, _ value: UInt8) { code.store(value) }
}
