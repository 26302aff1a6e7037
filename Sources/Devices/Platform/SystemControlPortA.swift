public import Engine
import Synchronization

/// System control port A of the PS/2 and its successors (port 0x92): fast A20 and fast reset.
public final class SystemControlPortA: ByteRegisterDevice {
  /// Where it is.
  public static let defaultPort: UInt64 = 0x92
  /// How many ports it takes.
  public static let portCount: UInt64 = 1

  private static let reset: UInt8 = 1 << 0
  private static let a20: UInt8 = 1 << 1

  /// The device's name.
  public var name: String { "system control port A" }
  private let machine: any MachineControl
  private let gate: A20Gate
  /// The bits without a meaning here: watchdog status, disk lamps. They are only kept.
  private let others = Atomic<UInt8>(0)

  /// A port A that switches `gate`, and asks `machine` for a reset.
  public init(machine: any MachineControl, gate: A20Gate) {
    self.machine = machine
    self.gate = gate
  }

  func readRegister(_ offset: UInt64) -> UInt8 {
    others.load(ordering: .relaxed) | (gate.isOpen ? Self.a20 : 0)
  }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    others.store(value & ~(Self.a20 | Self.reset), ordering: .relaxed)
    gate.isOpen = value & Self.a20 != 0
    if value & Self.reset != 0 { machine.requestStop(.reset(by: "system control port A")) }
  }
}
