/// Where RAM lies in a PC's physical address space.
///
/// RAM starts at 0. What does not fit below 3 GiB continues at 4 GiB: the range between is left to
/// devices (PCI, I/O APIC at 0xFEC0_0000, local APIC at 0xFEE0_0000, firmware under 4 GiB).
public struct PCMemoryLayout: Sendable, Equatable {
  /// A range of guest-physical addresses.
  public struct Range: Sendable, Equatable {
    /// The first address.
    public var base: GuestAddress
    /// The length, in bytes.
    public var byteCount: UInt64
  }

  /// End of low RAM where there is more than fits: 3 GiB.
  public static let holeStart: UInt64 = 0xC000_0000
  /// Begin of high RAM: 4 GiB.
  public static let holeEnd: UInt64 = 0x1_0000_0000

  /// The ranges of RAM: one, or two where there are more than 3 GiB.
  public let ranges: [Range]

  /// The layout for `byteCount` bytes of RAM in all.
  public init(byteCount: UInt64) {
    let low = min(byteCount, Self.holeStart)
    var ranges = [Range(base: GuestAddress(0), byteCount: low)]
    if byteCount > low {
      ranges.append(Range(base: GuestAddress(Self.holeEnd), byteCount: byteCount - low))
    }
    self.ranges = ranges
  }
}
