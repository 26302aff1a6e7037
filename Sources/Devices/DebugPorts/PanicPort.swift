public import Engine
import Synchronization

/// The pvpanic ISA device (QEMU, docs/specs/pvpanic): a guest's kernel says that it panicked.
public final class PanicPort: ByteRegisterDevice {
  /// Where it usually is.
  public static let defaultPort: UInt64 = 0x505
  /// How many ports it takes.
  public static let portCount: UInt64 = 1

  /// Bit 0: the guest panicked, and its host should deal with it.
  static let panicked: UInt8 = 1 << 0
  /// Bit 1: the guest panicked, and its crash kernel deals with it.
  static let crashLoaded: UInt8 = 1 << 1

  /// The device's name.
  public var name: String { "panic port" }
  private let machine: any MachineControl
  private let crashLoads = Atomic<UInt64>(0)

  /// A panic port; `machine` is what it stops.
  public init(machine: any MachineControl) {
    self.machine = machine
  }

  /// How many times the guest panicked and went on into a crash kernel of its own.
  public var crashLoadedCount: UInt64 { crashLoads.load(ordering: .relaxed) }

  /// Gives the events that are understood.
  func readRegister(_ offset: UInt64) -> UInt8 { Self.panicked | Self.crashLoaded }

  func writeRegister(_ offset: UInt64, _ value: UInt8) {
    // The machine goes on after this one: stopping it would cost the guest its crash dump.
    if value & Self.crashLoaded != 0 { crashLoads.wrappingAdd(1, ordering: .relaxed) }
    if value & Self.panicked != 0 { machine.requestStop(.guestPanic) }
  }
}
