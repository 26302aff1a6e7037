public import GuestMemory

/// One range of guest memory that a boot plan uses, and what it holds.
public struct PlannedSegment: Sendable {
  /// What a range is for.
  public enum Kind: String, Sendable {
    /// Part of the image.
    case image
    /// A module.
    case module
    /// The global descriptor table.
    case descriptorTable = "descriptor table"
    /// The page tables.
    case pageTables = "page tables"
    /// What the boot protocol hands over: its structures, the memory map, the command lines.
    case bootInformation = "boot information"
    /// Left alone for the guest's first stack.
    case stack
    /// Left alone for a kernel to unpack itself to.
    case workspace
    /// What a PC's firmware leaves for the guest: ACPI and multiprocessor tables.
    case firmwareTables = "firmware tables"
    /// The BIOS and its data.
    case bios = "BIOS"
    /// The content of the disk that the BIOS reads from.
    case disk
  }

  /// What the image says may be done with a range. Nothing enforces it: paging is the guest's.
  public struct Permissions: OptionSet, Sendable, CustomStringConvertible {
    /// The bits of an ELF program header's p_flags.
    public var rawValue: UInt32

    /// The permissions with these bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Execution (PF_X).
    public static let execute = Self(rawValue: 1)
    /// Writing (PF_W).
    public static let write = Self(rawValue: 2)
    /// Reading (PF_R).
    public static let read = Self(rawValue: 4)

    /// Three characters as `ls` prints them: "r-x".
    public var description: String {
      (contains(.read) ? "r" : "-") + (contains(.write) ? "w" : "-") + (contains(.execute) ? "x" : "-")
    }
  }

  /// Where the bytes of a range come from.
  enum Content: Sendable {
    /// `fileByteCount` bytes at `fileOffset` of a source; the rest of the range is zero.
    case file(any ImageSource)
    /// These bytes; the rest of the range is zero.
    case bytes([UInt8])
    /// These bytes and then so many random ones, new each time; the rest of the range is zero.
    case random(after: [UInt8], count: Int)
    /// Nothing: the range is only kept free.
    case reserved
  }

  /// What the range is for.
  public let kind: Kind
  /// What the range is called in messages: "segment 1 of kernel.elf".
  public let name: String
  /// The first address.
  public let address: GuestAddress
  /// The bytes used in memory; those past `fileByteCount` are zero.
  public let memoryByteCount: UInt64
  /// Where the content begins in its file; nil where it comes from no file.
  public let fileOffset: UInt64?
  /// The bytes that come from the file.
  public let fileByteCount: UInt64
  /// What the image says may be done with the range.
  public let permissions: Permissions
  /// Whether the content is counted (`fileOffset`) in what was unpacked of the image, not in its file.
  public let isUnpacked: Bool

  let content: Content

  init(
    kind: Kind, name: String, address: GuestAddress, memoryByteCount: UInt64, fileOffset: UInt64? = nil,
    fileByteCount: UInt64 = 0, permissions: Permissions = [.read, .write], content: Content,
    isUnpacked: Bool = false
  ) {
    self.kind = kind
    self.name = name
    self.address = address
    self.memoryByteCount = memoryByteCount
    self.fileOffset = fileOffset
    self.fileByteCount = fileByteCount
    self.permissions = permissions
    self.content = content
    self.isUnpacked = isUnpacked
  }

  /// The last address used. The planner has checked that the range is not empty and does not wrap.
  public var lastAddress: GuestAddress { GuestAddress(address.rawValue &+ (memoryByteCount &- 1)) }

  /// Whether `address` lies in the range.
  public func contains(_ address: GuestAddress) -> Bool {
    address >= self.address && address.rawValue - self.address.rawValue < memoryByteCount
  }
}
