/// The six entries of a local APIC's local vector table (SDM Vol. 3A, 11.5.1).
struct LocalVectorTable: Sendable {
  /// The entries, in the order of their registers, 0x320…0x370.
  enum Source: Int, CaseIterable, Sendable {
    case timer, thermal, performance, lint0, lint1, error

    /// The bits that software may set.
    var writableBits: UInt32 {
      switch self {
      case .timer: 0x7_00FF
      case .thermal, .performance: 0x1_07FF
      case .lint0, .lint1: 0x1_A7FF
      case .error: 0x1_00FF
      }
    }
  }

  /// Bit 16: nothing is delivered.
  static let masked: UInt32 = 1 << 16
  /// Bit 15 of LINT0 and LINT1: level-triggered.
  static let levelTriggered: UInt32 = 1 << 15
  /// Bit 14 of LINT0 and LINT1: a level-triggered interrupt was accepted and is not dealt with yet.
  static let remoteIRR: UInt32 = 1 << 14

  private var entries = InlineArray<6, UInt32>(repeating: LocalVectorTable.masked)

  /// An entry's register.
  subscript(source: Source) -> UInt32 {
    get { entries[source.rawValue] }
    set { entries[source.rawValue] = newValue }
  }

  /// Whether the entry delivers nothing.
  func isMasked(_ source: Source) -> Bool { self[source] & Self.masked != 0 }

  /// What the entry delivers.
  func mode(_ source: Source) -> InterruptMessage.DeliveryMode {
    // Timer and error entries have no such field: their bits are 0, which is `fixed`.
    InterruptMessage.DeliveryMode(bits: self[source] >> 8)
  }

  /// The entry's vector.
  func vector(_ source: Source) -> UInt8 { UInt8(truncatingIfNeeded: self[source]) }

  /// Masks every entry, as switching the APIC off by software does (SDM Vol. 3A, 11.4.7.2).
  mutating func maskAll() {
    for index in 0..<6 { entries[index] |= Self.masked }
  }
}
