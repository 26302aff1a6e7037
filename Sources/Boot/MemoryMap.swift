public import GuestMemory

/// The map of physical memory that a guest is given: the ranges and kinds of a BIOS's INT 15h
/// AX=E820h (ACPI specification 15, "System Address Map Interfaces").
///
/// Multiboot, PVH and Linux all use these kinds and numbers; only the layout of an entry differs.
public struct MemoryMap: Sendable, Equatable {
  /// What a range is, with its number in every one of the protocols.
  public enum Kind: UInt32, Sendable {
    /// RAM for the guest to use as it likes.
    case usable = 1
    /// Not for use.
    case reserved = 2
    /// ACPI tables: free once the guest has read them.
    case acpiReclaimable = 3
    /// ACPI memory to be preserved across sleep.
    case acpiNonVolatile = 4
    /// RAM that is broken.
    case unusable = 5
  }

  /// One range.
  public struct Entry: Sendable, Equatable {
    /// The first address.
    public var address: UInt64
    /// The length, in bytes; never 0.
    public var byteCount: UInt64
    /// What the range is.
    public var kind: Kind

    /// A range.
    public init(address: UInt64, byteCount: UInt64, kind: Kind) {
      self.address = address
      self.byteCount = byteCount
      self.kind = kind
    }

    /// The first address after the range.
    public var end: UInt64 { address &+ byteCount }
  }

  /// The ranges in ascending order; none overlap. What lies between them does not exist.
  public let entries: [Entry]

  /// The map of a PC with this RAM: the first 640 KiB less the extended BIOS data area are usable,
  /// the legacy video and ROM area is reserved, so is the range of interrupt controllers and
  /// firmware below 4 GiB, and all other RAM is usable.
  public init(_ layout: PCMemoryLayout) {
    var entries: [Entry] = []
    func add(_ kind: Kind, from start: UInt64, to end: UInt64) {
      if start < end { entries.append(Entry(address: start, byteCount: end - start, kind: kind)) }
    }
    for range in layout.ranges {
      let start = range.base.rawValue
      let end = start + range.byteCount
      if start == 0 {
        add(.usable, from: 0, to: min(end, BootLayout.lowMemoryEnd))
        add(.reserved, from: BootLayout.lowMemoryEnd, to: min(end, BootLayout.highMemoryStart))
        add(.usable, from: BootLayout.highMemoryStart, to: end)
        add(.reserved, from: BootLayout.platformStart, to: PCMemoryLayout.holeEnd)
      } else {
        add(.usable, from: start, to: end)
      }
    }
    self.entries = entries
  }

  /// The map with these bytes, which lie in one usable range, reserved.
  func reserving(_ address: UInt64, byteCount: UInt64) -> MemoryMap {
    let end = address &+ byteCount
    var changed: [Entry] = []
    for entry in entries {
      guard entry.kind == .usable, address >= entry.address, end <= entry.end, address < end else {
        changed.append(entry)
        continue
      }
      for (start, end, kind) in [
        (entry.address, address, Kind.usable), (address, end, .reserved), (end, entry.end, .usable),
      ] where start < end {
        changed.append(Entry(address: start, byteCount: end - start, kind: kind))
      }
    }
    return MemoryMap(entries: changed)
  }

  private init(entries: [Entry]) { self.entries = entries }

  /// The usable ranges, in ascending order.
  public var usable: [Entry] { entries.filter { $0.kind == .usable } }

  /// Whether the `byteCount` bytes at `address` all lie in one usable range. Any values may be
  /// asked for; no byte at all is usable only at an address that is.
  public func isUsable(_ address: UInt64, byteCount: UInt64) -> Bool {
    entries.contains {
      $0.kind == .usable && address >= $0.address && address - $0.address < $0.byteCount
        && byteCount <= $0.byteCount - (address - $0.address)
    }
  }

  /// The end of usable RAM below 4 GiB: where the highest 32-bit range ends.
  public var endBelow4GiB: UInt64 {
    usable.last { $0.address < PCMemoryLayout.holeEnd }?.end ?? 0
  }

  /// The end of all usable RAM.
  public var end: UInt64 { usable.last?.end ?? 0 }

  /// The usable memory from `address` to the first gap, in KiB; 0 where none begins there.
  func kibibytes(from address: UInt64) -> UInt64 {
    (usable.first { $0.address == address }?.byteCount ?? 0) / 1024
  }
}
