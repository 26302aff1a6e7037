public import Engine

/// A port that ends the machine: the value that the guest writes becomes its status.
///
/// `StopReason.guestExit` has all 32 bits of it. A process's exit status has 8: for a status above
/// 255 to mean something to a shell or a CI job, whoever runs the machine must look at the reason.
public final class ExitPort: IODevice {
  /// What a written value says.
  public enum Style: Sendable, Equatable {
    /// The value is the status: zero is success.
    case raw
    /// The status is `(value << 1) | 1`, as QEMU's `isa-debug-exit` has it: never zero. The top
    /// bit of a 32-bit value is lost, as there.
    case qemu
  }

  /// Where it usually is, for us and for QEMU.
  public static let defaultPort: UInt64 = 0xf4
  /// How many ports it takes: room for a 32-bit value at the first.
  public static let portCount: UInt64 = 4

  /// The device's name.
  public var name: String { "exit port" }
  /// What a written value says.
  public let style: Style
  private let machine: any MachineControl

  /// An exit port of this style; `machine` is what it stops.
  public init(style: Style = .raw, machine: any MachineControl) {
    self.style = style
    self.machine = machine
  }

  /// Gives zero, as QEMU's does.
  public func read(offset: UInt64, width: AccessWidth) -> UInt64 { 0 }

  /// Stops the machine. Only a write that begins at the first port counts.
  public func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    guard offset == 0 else { return }
    let value = UInt32(truncatingIfNeeded: value & ExitBuffer.allOnes(width: width.byteCount))
    switch style {
    case .raw: machine.requestStop(.guestExit(status: value))
    case .qemu: machine.requestStop(.guestExit(status: value << 1 | 1))
    }
  }
}
