/// Builds the 4- or 5-level page tables that a guest starts with (SDM Vol. 3A, 4.5).
///
/// The tables are made here first; `write` then stores them in guest memory. The physical range for
/// the tables is the caller's choice and is filled from its beginning; `usedRange` tells how much of
/// it was needed.
///
/// A page is as large as the alignment of both addresses and the remaining size allow, and 1 GiB
/// pages are used only if the caller says that the guest's CPUID has them (`pdpe1gb`). Entries come
/// with A and D set, so that the CPU has no reason to write to the tables. An entry that refers to a
/// table allows a write or user access where any page below it does.
public struct PageTableBuilder: Sendable {
  /// How many levels of tables a translation goes through.
  public enum Levels: Int, Sendable {
    /// PML4: 48-bit virtual addresses.
    case four = 4
    /// PML5: 57-bit virtual addresses, with CR4.LA57.
    case five = 5
  }

  /// The number of levels.
  public let levels: Levels
  /// The physical range that tables may occupy.
  public let tableRange: Range<UInt64>
  /// Whether 1 GiB pages may be used.
  public let allowsGigabytePages: Bool
  /// The width of a physical address, 32…52.
  public let physicalAddressBits: UInt8

  /// Whether a page without `.executable` was mapped: EFER.NXE must then be set.
  public private(set) var usesNoExecute = false
  /// The tables, 512 entries each, in the order of their addresses.
  private var entries: [UInt64] = []

  /// A builder with an empty top table.
  ///
  /// - Parameters:
  ///   - tables: the physical addresses the tables may occupy; it begins at a multiple of 4096.
  ///   - levels: 4, or 5 where the guest starts with CR4.LA57.
  ///   - allowsGigabytePages: the guest's CPUID has `pdpe1gb` (leaf 0x8000_0001, EDX bit 26).
  ///   - physicalAddressBits: the width of the guest's physical addresses; 32…52 is what counts.
  /// - Throws: `badTableRange`, or `outOfTableSpace` where not even the top table fits.
  public init(
    tables: Range<UInt64>, levels: Levels = .four, allowsGigabytePages: Bool = false,
    physicalAddressBits: UInt8 = 52
  ) throws(PageTableBuilderError) {
    self.levels = levels
    self.tableRange = tables
    self.allowsGigabytePages = allowsGigabytePages
    self.physicalAddressBits = min(max(physicalAddressBits, 32), 52)
    guard tables.lowerBound & 0xFFF == 0, tables.upperBound <= 1 << UInt64(self.physicalAddressBits) else {
      throw .badTableRange(tables)
    }
    _ = try allocateTable()
  }

  /// The physical address of the top table: what CR3 holds.
  public var root: UInt64 { tableRange.lowerBound }

  /// The physical range that the tables made so far occupy.
  public var usedRange: Range<UInt64> {
    tableRange.lowerBound..<tableRange.lowerBound + UInt64(entries.count) * 8
  }

  /// Maps `byteCount` bytes at the virtual address `virtual` to the physical address `physical`.
  ///
  /// On an error nothing is changed.
  ///
  /// - Parameters:
  ///   - virtual: a canonical address, a multiple of 4096.
  ///   - physical: a multiple of 4096.
  ///   - byteCount: a multiple of 4096.
  ///   - permissions: what the pages allow beside reading.
  public mutating func map(
    virtual: UInt64, physical: UInt64, byteCount: UInt64, permissions: PagePermissions = .all
  ) throws(PageTableBuilderError) {
    guard (virtual | physical | byteCount) & 0xFFF == 0 else {
      throw .misaligned(virtual: virtual, physical: physical, byteCount: byteCount)
    }
    guard byteCount != 0 else { return }
    guard isCanonicalRange(virtual, byteCount) else {
      throw .badVirtualRange(virtual: virtual, byteCount: byteCount)
    }
    let (lastByte, overflow) = physical.addingReportingOverflow(byteCount - 1)
    guard !overflow, lastByte >> UInt64(physicalAddressBits) == 0 else {
      throw .badPhysicalRange(physical: physical, byteCount: byteCount)
    }

    // A copy takes the changes, so that an error half-way leaves no half of a mapping.
    var changed = self
    var virtual = virtual
    var physical = physical
    var rest = byteCount
    while rest != 0 {
      let level = changed.pageLevel(virtual: virtual, physical: physical, rest: rest)
      let done = try changed.mapPages(
        virtual: virtual, physical: physical, byteCount: rest, level: level, permissions: permissions)
      // These may pass the last address, after the last page only.
      virtual &+= done
      physical &+= done
      rest -= done
    }
    self = changed
  }

  /// Maps the physical addresses from 0 to `byteCount` to themselves.
  ///
  /// - Parameters:
  ///   - byteCount: a multiple of 4096.
  ///   - permissions: what the pages allow beside reading.
  public mutating func mapIdentity(
    byteCount: UInt64, permissions: PagePermissions = .all
  ) throws(PageTableBuilderError) {
    try map(virtual: 0, physical: 0, byteCount: byteCount, permissions: permissions)
  }

  /// Stores the tables: calls `store` with the physical address and the value of each entry, empty
  /// ones included, in ascending order of address.
  ///
  /// - Throws: whatever `store` throws.
  public func write<Failure: Error>(
    _ store: (_ physical: UInt64, _ value: UInt64) throws(Failure) -> Void
  ) throws(Failure) {
    var address = tableRange.lowerBound
    for entry in entries {
      try store(address, entry)
      address += 8
    }
  }

  /// The tables as they must stand in memory from `root` on.
  public var bytes: [UInt8] {
    // The tables are little-endian, as is the host: only x86 hosts run x86 guests here.
    // Sound: the array's memory is initialized and outlives the copy.
    unsafe entries.withUnsafeBytes { source in
      unsafe [UInt8](unsafeUninitializedCapacity: source.count) { target, count in
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
        count = source.count
      }
    }
  }

  /// The bytes that a page at this level maps: level 1 is 4 KiB, 2 is 2 MiB, 3 is 1 GiB.
  private static func pageByteCount(level: Int) -> UInt64 { 1 << UInt64(12 + 9 * (level - 1)) }

  /// Whether every address of the range is canonical and on the same side of the hole.
  private func isCanonicalRange(_ first: UInt64, _ byteCount: UInt64) -> Bool {
    let (last, overflow) = first.addingReportingOverflow(byteCount - 1)
    let bits = 12 + 9 * levels.rawValue
    return !overflow && isCanonical(first, bits: bits) && isCanonical(last, bits: bits)
      && first >> 63 == last >> 63
  }

  /// The level whose pages are the largest that fit here.
  private func pageLevel(virtual: UInt64, physical: UInt64, rest: UInt64) -> Int {
    for level in [3, 2] where level < 3 || allowsGigabytePages {
      let size = Self.pageByteCount(level: level)
      // A range already split into smaller tables must go on with smaller pages.
      if (virtual | physical) & (size - 1) == 0, rest >= size, !hasTable(virtual: virtual, level: level) {
        return level
      }
    }
    return 1
  }

  /// Whether the entry for `virtual` at `level` exists and refers to a table.
  private func hasTable(virtual: UInt64, level: Int) -> Bool {
    var table = 0
    for current in stride(from: levels.rawValue, through: level, by: -1) {
      let entry = PageTableEntry(rawValue: entries[Self.index(table, virtual, current)])
      guard entry.contains(.present), !entry.contains(.pageSize) else { return false }
      if current == level { return true }
      table = tableNumber(entry)
    }
    return false
  }

  /// Maps pages of one level from `virtual` on, making the tables above them as needed: at least one,
  /// and as many as lie in one table and have no smaller mapping in their way. Returns their bytes.
  private mutating func mapPages(
    virtual: UInt64, physical: UInt64, byteCount: UInt64, level: Int, permissions: PagePermissions
  ) throws(PageTableBuilderError) -> UInt64 {
    var allowed: PageTableEntry = [.present, .accessed]
    if permissions.contains(.writable) { allowed.insert(.writable) }
    if permissions.contains(.user) { allowed.insert(.user) }

    var table = 0
    for current in stride(from: levels.rawValue, to: level, by: -1) {
      let index = Self.index(table, virtual, current)
      var entry = PageTableEntry(rawValue: entries[index])
      if !entry.contains(.present) {
        entry = PageTableEntry(rawValue: try allocateTable())
      } else if entry.contains(.pageSize) {
        throw .alreadyMapped(virtual: virtual)
      }
      entry.formUnion(allowed)
      entries[index] = entry.rawValue
      table = tableNumber(entry)
    }

    let index = Self.index(table, virtual, level)
    guard entries[index] == 0 else { throw .alreadyMapped(virtual: virtual) }
    var entry = allowed.union(.dirty)
    if level > 1 { entry.insert(.pageSize) }
    if !permissions.contains(.executable) {
      entry.insert(.noExecute)
      usesNoExecute = true
    }
    let size = Self.pageByteCount(level: level)
    let inTable = 512 - Int(virtual >> UInt64(12 + 9 * (level - 1)) & 511)
    let count = Int(min(byteCount / size, UInt64(inTable)))
    var done = 0
    while done < count, entries[index + done] == 0 {
      entries[index + done] = entry.rawValue | (physical &+ UInt64(done) &* size)
      done += 1
    }
    return UInt64(done) * size
  }

  /// The index in `entries` of the entry that translates `virtual` in table number `table` at `level`.
  private static func index(_ table: Int, _ virtual: UInt64, _ level: Int) -> Int {
    table * 512 + Int(virtual >> UInt64(12 + 9 * (level - 1)) & 511)
  }

  /// The number of the table that an entry of ours refers to.
  private func tableNumber(_ entry: PageTableEntry) -> Int {
    Int((entry.rawValue & PageTableEntry.addressMask4K) - tableRange.lowerBound) / 4096
  }

  /// Adds an empty table and returns its physical address.
  private mutating func allocateTable() throws(PageTableBuilderError) -> UInt64 {
    let address = tableRange.lowerBound + UInt64(entries.count) * 8
    guard tableRange.upperBound - address >= 4096 else { throw .outOfTableSpace(tables: tableRange) }
    entries.append(contentsOf: repeatElement(0, count: 512))
    return address
  }
}

extension PageTableBuilder: CustomStringConvertible {
  /// Where the tables are and how much of their range they take, not what they hold.
  public var description: String {
    "\(levels.rawValue)-level page tables at \(hex(root)), \(entries.count / 512) of "
      + "\((tableRange.upperBound - tableRange.lowerBound) / 4096) tables used"
  }
}
