/// Why `PageTableBuilder` refused.
public enum PageTableBuilderError: Error, Equatable {
  /// The range for tables does not begin at a multiple of 4096, or lies beyond the physical addresses.
  case badTableRange(Range<UInt64>)
  /// The range for tables is full.
  case outOfTableSpace(tables: Range<UInt64>)
  /// Addresses and size must be multiples of 4096.
  case misaligned(virtual: UInt64, physical: UInt64, byteCount: UInt64)
  /// The virtual range is not canonical, crosses the hole in the middle, or wraps around.
  case badVirtualRange(virtual: UInt64, byteCount: UInt64)
  /// The physical range goes beyond the CPU's physical addresses.
  case badPhysicalRange(physical: UInt64, byteCount: UInt64)
  /// This virtual address is mapped already.
  case alreadyMapped(virtual: UInt64)
}

extension PageTableBuilderError: CustomStringConvertible {
  /// The error as a sentence.
  public var description: String {
    switch self {
    case .badTableRange(let range):
      "The physical range \(hex(range.lowerBound))..<\(hex(range.upperBound)) cannot hold page tables: "
        + "it must begin at a multiple of 4096 and lie within the CPU's physical addresses."
    case .outOfTableSpace(let range):
      "The \(range.upperBound &- range.lowerBound) bytes at \(hex(range.lowerBound)) are too few for the page "
        + "tables: give a larger range, or map with larger pages."
    case .misaligned(let virtual, let physical, let byteCount):
      "Cannot map \(hex(byteCount)) bytes at \(hex(virtual)) to \(hex(physical)): "
        + "both addresses and the size must be multiples of 4096."
    case .badVirtualRange(let virtual, let byteCount):
      "Cannot map \(hex(byteCount)) bytes at \(hex(virtual)): "
        + "the virtual range is not canonical from its first to its last byte."
    case .badPhysicalRange(let physical, let byteCount):
      "Cannot map \(hex(byteCount)) bytes to \(hex(physical)): "
        + "the range ends beyond the CPU's physical addresses."
    case .alreadyMapped(let virtual):
      "The virtual address \(hex(virtual)) is mapped already: map each page once."
    }
  }
}
