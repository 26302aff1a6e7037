internal import Engine
internal import Host

/// An I/O APIC: 24 inputs, each of which becomes a message to local APICs (Intel 82093AA data sheet).
///
/// The guest reaches its registers through an index at offset 0 and a data window at offset 0x10. As in
/// KVM's, an access of any width to one of the two counts as one of 32 bits at most, and all else in the
/// range reads as ones.
final class IOAPIC: IODevice {
  /// Where a PC has it: a guest-physical address.
  static let address: UInt64 = 0xFEC0_0000
  /// How many bytes it answers for.
  static let byteCount: UInt64 = 0x100

  let name = "I/O APIC"
  private let localAPICs: LocalAPICSet
  private let registers = Lock(IOAPICRegisters())

  init(localAPICs: LocalAPICSet) { self.localAPICs = localAPICs }

  func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    registers.withLock { registers in
      switch offset {
      case 0x00: UInt64(registers.index)
      case 0x10: UInt64(registers.readSelected())
      default: .max
      }
    }
  }

  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    // Messages go out with the lock held, so that they keep their order: local APICs never call back.
    registers.withLock { registers in
      switch offset {
      case 0x00: registers.index = UInt8(truncatingIfNeeded: value)
      case 0x10:
        registers.writeSelected(UInt32(truncatingIfNeeded: value)) { localAPICs.deliver($0) }
      default: break
      }
    }
  }

  /// The level of an input changed.
  func setPin(_ pin: Int, level: Bool) {
    registers.withLock { $0.setPin(pin, level: level) { localAPICs.deliver($0) } }
  }

  /// A local APIC has dealt with a level-triggered interrupt.
  func endOfInterrupt(_ vector: UInt8) {
    registers.withLock { $0.endOfInterrupt(vector) { localAPICs.deliver($0) } }
  }

  /// The registers, for tests.
  var snapshot: IOAPICRegisters { registers.withLock { $0 } }
}
