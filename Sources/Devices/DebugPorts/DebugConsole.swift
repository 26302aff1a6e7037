public import Host

/// The debug console of Bochs and QEMU (`port_e9_hack`, `isa-debugcon`): a port whose bytes go
/// straight to the host. The simplest way for a guest to say something.
public final class DebugConsole: ByteRegisterDevice {
  /// Where it usually is.
  public static let defaultPort: UInt64 = 0xe9
  /// How many ports it takes.
  public static let portCount: UInt64 = 1

  /// The device's name.
  public var name: String { "debug console" }
  private let channel: any ByteChannel

  /// A debug console that writes to `channel`.
  public init(channel: any ByteChannel) {
    self.channel = channel
  }

  /// Gives 0xe9, whatever the port: how a guest finds out that there is a console.
  func readRegister(_ offset: UInt64) -> UInt8 { 0xe9 }

  func writeRegister(_ offset: UInt64, _ value: UInt8) { channel.write(byte: value) }

  /// Takes a string output: the bytes reach the host in one piece.
  public func write(string items: RawSpan, offset: UInt64, width: AccessWidth) {
    // Wider items have bytes for the ports above, which are not the console's.
    guard width == .byte else { return writeOneByOne(items, offset: offset, width: width) }
    channel.write(items)
  }
}
