/// A set of interrupt vectors: the 256 bits of IRR, ISR and TMR (SDM Vol. 3A, 11.8.4).
struct VectorSet: Sendable {
  /// Bits 32·i to 32·i+31 in element i, as a local APIC shows them.
  private(set) var words = InlineArray<8, UInt32>(repeating: 0)

  /// Whether the vector is in the set.
  subscript(vector: UInt8) -> Bool {
    get { words[Int(vector >> 5)] & 1 << UInt32(vector & 31) != 0 }
    set {
      let bit: UInt32 = 1 << UInt32(vector & 31)
      if newValue { words[Int(vector >> 5)] |= bit } else { words[Int(vector >> 5)] &= ~bit }
    }
  }

  /// The highest vector in the set.
  var highest: UInt8? {
    for index in (0..<8).reversed() where words[index] != 0 {
      return UInt8(truncatingIfNeeded: index * 32 + 31 - words[index].leadingZeroBitCount)
    }
    return nil
  }
}
