public import Engine
import Synchronization

/// The reset control register of Intel's chipsets (port 0xcf9; PIIX3 data sheet, 2.5.5).
///
/// It claims all of 0xcf8…0xcfb, where the PCI configuration address register is as well: only a
/// byte at 0xcf9 is meant for the reset register. Were it to claim 0xcf9 alone, the bus would cut
/// that byte out of each configuration address, and looking for PCI devices would reset the guest.
public final class ResetControl: IODevice {
  /// The first port that it claims.
  public static let firstPort: UInt64 = 0xcf8
  /// How many ports it takes.
  public static let portCount: UInt64 = 4

  /// Bit 2: a reset of the processor, at once.
  private static let resetProcessor: UInt8 = 1 << 2
  /// Bit 1: whether that reset takes the rest of the machine with it.
  private static let systemReset: UInt8 = 1 << 1

  /// The device's name.
  public var name: String { "reset control register" }
  private let machine: any MachineControl
  private let register = Atomic<UInt8>(0)

  /// A reset control register that asks `machine` for a reset.
  public init(machine: any MachineControl) {
    self.machine = machine
  }

  /// Gives the kind of reset at 0xcf9, and ones for an absent PCI bus elsewhere.
  public func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    guard offset == 1, width == .byte else { return .max }
    return UInt64(register.load(ordering: .relaxed))
  }

  /// Takes a byte at 0xcf9.
  public func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    guard offset == 1, width == .byte else { return }
    let value = UInt8(truncatingIfNeeded: value)
    register.store(value & Self.systemReset, ordering: .relaxed)
    if value & Self.resetProcessor != 0 {
      machine.requestStop(.reset(by: "the reset control register"))
    }
  }
}
