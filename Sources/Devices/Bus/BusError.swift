/// Why a bus could not be made of its attachments.
public enum BusError: Error, Sendable, Equatable, CustomStringConvertible {
  /// This device was attached with a range of no bytes.
  case emptyRange(device: String, bus: Bus.Kind, base: UInt64)
  /// This device's range goes past the last address of the bus.
  case rangePastEnd(device: String, bus: Bus.Kind, base: UInt64, byteCount: UInt64)
  /// Two devices claim the same address, `address` being the first such.
  case overlap(device: String, other: String, bus: Bus.Kind, address: UInt64)

  /// A whole sentence: what was refused, why, and what to do next.
  public var description: String {
    switch self {
    case .emptyRange(let device, let bus, let base):
      "Cannot attach the \(device) at \(bus) \(Self.hexadecimal(base)): its range has no bytes; "
        + "attach it with the number of bytes it answers."
    case .rangePastEnd(let device, let bus, let base, let byteCount):
      "Cannot attach the \(device) at \(bus) \(Self.hexadecimal(base)): its \(byteCount) bytes go past "
        + "the last address, \(Self.hexadecimal(bus.lastAddress)); choose a lower base."
    case .overlap(let device, let other, let bus, let address):
      "Cannot attach both the \(device) and the \(other): both claim \(bus) "
        + "\(Self.hexadecimal(address)); move one of them."
    }
  }

  private static func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }
}
