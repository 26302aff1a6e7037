/// The paging modes of x86 (SDM Vol. 3A, 4.1.1).
public enum PagingMode: Sendable, Hashable {
  /// CR0.PG is clear: linear addresses are physical ones.
  case none
  /// Two levels of 4-byte entries, pages of 4 KiB and 4 MiB.
  case bits32
  /// Three levels of 8-byte entries, pages of 4 KiB and 2 MiB, 32-bit linear addresses.
  case pae
  /// Four levels of 8-byte entries, pages of 4 KiB, 2 MiB and 1 GiB, 48-bit linear addresses.
  case fourLevel
  /// Five levels of 8-byte entries, 57-bit linear addresses.
  case fiveLevel

  /// The mode that the control registers of `state` select.
  public init(_ state: CPUState) {
    if !state.cr0.contains([.paging, .protectionEnable]) {
      self = .none
    } else if state.efer.contains(.longModeActive) {
      self = state.cr4.contains(.linearAddress57) ? .fiveLevel : .fourLevel
    } else {
      self = state.cr4.contains(.physicalAddressExtension) ? .pae : .bits32
    }
  }

  /// How many tables a translation to a 4 KiB page reads.
  @inlinable public var levels: Int {
    switch self {
    case .none: 0
    case .bits32: 2
    case .pae: 3
    case .fourLevel: 4
    case .fiveLevel: 5
    }
  }

  /// How many bits of a linear address count.
  @inlinable public var linearAddressBits: Int {
    switch self {
    case .none, .bits32, .pae: 32
    case .fourLevel: 48
    case .fiveLevel: 57
    }
  }
}

extension PagingMode: CustomStringConvertible {
  /// The manual's name of the mode.
  public var description: String {
    switch self {
    case .none: "no paging"
    case .bits32: "32-bit paging"
    case .pae: "PAE paging"
    case .fourLevel: "4-level paging"
    case .fiveLevel: "5-level paging"
    }
  }
}

/// Whether the bits of `address` above the lowest `bits` all equal its highest used bit, as 64-bit
/// mode demands (SDM Vol. 1, 3.3.7.1). `bits` is 48, or 57 with CR4.LA57.
@inlinable public func isCanonical(_ address: UInt64, bits: Int) -> Bool {
  let unused = Int64(64 - bits)
  return (Int64(bitPattern: address) << unused) >> unused == Int64(bitPattern: address)
}
