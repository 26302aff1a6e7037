/// One 64-bit paging-structure entry (SDM Vol. 3A, tables 4-14…4-20); 32-bit paging uses the low half.
public struct PageTableEntry: NamedBits, Equatable {
  /// The entry's value.
  public var rawValue: UInt64

  /// The entry with this value.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// P: the entry is in use.
  @inlinable public static var present: Self { Self(rawValue: 1 << 0) }
  /// R/W: writes are allowed.
  @inlinable public static var writable: Self { Self(rawValue: 1 << 1) }
  /// U/S: user mode has access.
  @inlinable public static var user: Self { Self(rawValue: 1 << 2) }
  /// PWT: write-through.
  @inlinable public static var writeThrough: Self { Self(rawValue: 1 << 3) }
  /// PCD: uncached.
  @inlinable public static var cacheDisable: Self { Self(rawValue: 1 << 4) }
  /// A: the CPU used the entry.
  @inlinable public static var accessed: Self { Self(rawValue: 1 << 5) }
  /// D: the CPU wrote to the page. Only in an entry that maps a page.
  @inlinable public static var dirty: Self { Self(rawValue: 1 << 6) }
  /// PS: the entry maps a large page. Above the lowest level only.
  @inlinable public static var pageSize: Self { Self(rawValue: 1 << 7) }
  /// G: the translation survives a load of CR3.
  @inlinable public static var global: Self { Self(rawValue: 1 << 8) }
  /// XD or NX: no instruction fetch.
  @inlinable public static var noExecute: Self { Self(rawValue: 1 << 63) }

  /// PAT of an entry that maps a 4 KiB page: bit 7, which is PS elsewhere.
  public static let pageAttributeSmall = Self(rawValue: 1 << 7)
  /// PAT of an entry that maps a larger page: bit 12.
  public static let pageAttributeLarge = Self(rawValue: 1 << 12)

  /// The named bits that mean the same at every level, in ascending order.
  public static let bitNames: [(bit: Self, name: String)] = [
    (.present, "P"),
    (.writable, "W"),
    (.user, "U"),
    (.writeThrough, "PWT"),
    (.cacheDisable, "PCD"),
    (.accessed, "A"),
    (.dirty, "D"),
    (.pageSize, "PS"),
    (.global, "G"),
    (.noExecute, "NX"),
  ]

  /// The address bits of an entry that refers to a table or maps a 4 KiB page: 12…51.
  @inlinable public static var addressMask4K: UInt64 { 0x000F_FFFF_FFFF_F000 }
  /// The address bits of an entry that maps a 2 MiB page: 21…51.
  @inlinable public static var addressMask2M: UInt64 { 0x000F_FFFF_FFE0_0000 }
  /// The address bits of an entry that maps a 1 GiB page: 30…51.
  @inlinable public static var addressMask1G: UInt64 { 0x000F_FFFF_C000_0000 }

  /// The protection key of an entry that maps a page, 0…15: bits 59…62.
  @inlinable public var protectionKey: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 59 & 15) }
}

/// What a page allows beside reading.
public struct PagePermissions: OptionSet, Sendable, Equatable {
  /// The permissions as bits of our own.
  public var rawValue: UInt8

  /// The permissions with these bits.
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Writes.
  @inlinable public static var writable: Self { Self(rawValue: 1 << 0) }
  /// Instruction fetches.
  @inlinable public static var executable: Self { Self(rawValue: 1 << 1) }
  /// Access from user mode.
  @inlinable public static var user: Self { Self(rawValue: 1 << 2) }
  /// Writes and instruction fetches, supervisor only.
  public static let all: Self = [.writable, .executable]
}
