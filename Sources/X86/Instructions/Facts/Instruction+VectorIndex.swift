extension Instruction {
  /// Bytes of the vector register that is the memory operand's index, as gathers have it
  /// (SDM Vol. 2, 2.3.12); nil where the index is a general register.
  public var vectorIndexWidth: UInt8? {
    guard case .vector(_, let width) = operands[0] else { return nil }
    switch operation {
    // As many indices as elements, of the same width.
    case .vgatherdps, .vgatherqpd, .vpgatherdd, .vpgatherqq: return width
    // Four-byte indices of eight-byte elements: half the width, at least an XMM register.
    case .vgatherdpd, .vpgatherdq: return 16
    // Eight-byte indices of four-byte elements; the destination is never a YMM register.
    case .vgatherqps, .vpgatherqd: return prefixes.contains(.vectorLength) ? 32 : 16
    default: return nil
    }
  }
}
