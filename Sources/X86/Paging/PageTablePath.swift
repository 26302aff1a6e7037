/// One paging-structure entry that a translation read.
public struct PageTableVisit: Sendable, Hashable {
  /// The level: 1 is the table whose entries map 4 KiB pages; the top is 2, 3, 4 or 5.
  public var level: Int
  /// The physical address of the entry.
  public var address: UInt64
  /// What it held: 8 bytes, or 4 in 32-bit paging.
  public var value: UInt64

  /// An entry.
  @inlinable public init(level: Int, address: UInt64, value: UInt64) {
    self.level = level
    self.address = address
    self.value = value
  }

  /// The manual's short name for an entry of this level.
  public var name: String { Self.name(ofLevel: level) }

  /// The manual's short name for an entry of a level: "PTE", "PDE", "PDPTE", "PML4E", "PML5E".
  public static func name(ofLevel level: Int) -> String {
    switch level {
    case 1: "PTE"
    case 2: "PDE"
    case 3: "PDPTE"
    default: "PML\(level)E"
    }
  }
}

/// The entries that a translation read, from the top table down: at most five, kept without an
/// allocation.
public struct PageTablePath: Sendable, RandomAccessCollection {
  @usableFromInline var visits: InlineArray<5, PageTableVisit>
  @usableFromInline var visitCount = 0
  /// How many entries there are.
  @inlinable public var count: Int { visitCount }

  /// No entry.
  @inlinable public init() {
    visits = InlineArray(repeating: PageTableVisit(level: 0, address: 0, value: 0))
  }

  /// Adds an entry at the end; there is room for five, as many as paging has levels.
  @inlinable mutating func append(_ visit: PageTableVisit) {
    guard visitCount < 5 else { return }
    visits[visitCount] = visit
    visitCount += 1
  }

  /// 0.
  @inlinable public var startIndex: Int { 0 }
  /// `count`.
  @inlinable public var endIndex: Int { visitCount }

  /// The entry at `index`, which must be below `count`.
  @inlinable public subscript(index: Int) -> PageTableVisit {
    precondition(index >= 0 && index < visitCount, "The index is beyond the entries that were read.")
    return visits[index]
  }
}

extension PageTablePath: Equatable {
  /// Whether both hold the same entries in the same order.
  public static func == (left: Self, right: Self) -> Bool { left.elementsEqual(right) }
}

extension PageTablePath: CustomStringConvertible {
  /// One line for each entry: its name, address, value and the bits that are set.
  public var description: String {
    map { visit in
      let name = visit.name + String(repeating: " ", count: Swift.max(0, 6 - visit.name.utf8.count))
      let flags = PageTableEntry(rawValue: visit.value & 0x8000_0000_0000_01FF).setBitNames
      return "\(name)at \(hex(visit.address, digits: 12)) = \(hex(visit.value, digits: 16))"
        + (flags.isEmpty ? "" : "  " + flags.joined(separator: " "))
    }.joined(separator: "\n")
  }
}
