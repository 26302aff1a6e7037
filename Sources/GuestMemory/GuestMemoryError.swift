/// An access to guest memory, or the making of it, was refused.
public enum GuestMemoryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The range does not lie in RAM from its first to its last byte (or wraps around).
  case outOfBounds(GuestAddress, byteCount: UInt64)
  /// The range touches read-only memory.
  case readOnly(GuestAddress, byteCount: UInt64)
  /// No end of the string within the limit.
  case unterminatedString(GuestAddress, limit: Int)
  /// Two regions claim the same addresses.
  case overlap(GuestAddress, byteCount: UInt64)
  /// A region whose base or size is not a multiple of the 4 KiB page, or of size 0.
  case misaligned(GuestAddress, byteCount: UInt64)
  /// The host did not give the memory.
  case hostRefused(String)

  /// A sentence that names the range.
  public var description: String {
    switch self {
    case .outOfBounds(let address, let count):
      "the \(count) bytes at guest-physical \(address) do not lie in guest memory"
    case .readOnly(let address, let count):
      "the \(count) bytes at guest-physical \(address) are read-only"
    case .unterminatedString(let address, let limit):
      "the string at guest-physical \(address) does not end within \(limit) bytes"
    case .overlap(let address, let count):
      "the region of \(count) bytes at guest-physical \(address) overlaps another one"
    case .misaligned(let address, let count):
      "the region of \(count) bytes at guest-physical \(address) is not made of whole 4 KiB pages"
    case .hostRefused(let reason):
      "the host gave no memory for the guest: \(reason); use a smaller --mem"
    }
  }
}
