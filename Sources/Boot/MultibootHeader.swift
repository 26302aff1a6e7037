/// The header by which a kernel asks to be started by the Multiboot protocol (Multiboot
/// Specification 0.6.96, 3.1).
struct MultibootHeader: Sendable, Equatable {
  /// The header must lie in so many bytes at the beginning of the file.
  static let searchByteCount = 8192
  /// The first word of the header.
  static let magic: UInt32 = 0x1BAD_B002
  /// The first word of a Multiboot 2 header (Multiboot2 Specification 2.0, 3.1.1).
  static let magic2: UInt32 = 0xE852_50D6
  /// A Multiboot 2 header must lie in so many bytes at the beginning of the file.
  static let searchByteCount2 = 32768

  /// What the kernel asks for.
  struct Flags: OptionSet, Sendable {
    var rawValue: UInt32
    /// Modules begin at page boundaries.
    static let pageAlignedModules = Self(rawValue: 1 << 0)
    /// The amount of memory is told.
    static let memoryInformation = Self(rawValue: 1 << 1)
    /// The video mode is told.
    static let videoMode = Self(rawValue: 1 << 2)
    /// The header's address fields say where to load, not the file's own headers.
    static let addressFields = Self(rawValue: 1 << 16)
    /// Bits 0…15: what must be granted, or the kernel must not be started.
    static let required = Self(rawValue: 0xFFFF)
    /// What can be granted.
    static let known: Self = [.pageAlignedModules, .memoryInformation, .videoMode]
  }

  /// Where the header begins in the file, in bytes.
  let offset: Int
  /// What the kernel asks for.
  let flags: Flags
  /// Where the header is to lie in memory.
  let headerAddress: UInt32
  /// Where loading begins.
  let loadAddress: UInt32
  /// Where the loaded content ends; 0 for the end of the file.
  let loadEndAddress: UInt32
  /// Where memory to be cleared ends; 0 where there is none.
  let bssEndAddress: UInt32
  /// Where the kernel starts.
  let entryAddress: UInt32

  /// Finds the header in the beginning of a file, or returns nil.
  init?(in head: HeaderBytes) {
    let end = min(head.bytes.count, Self.searchByteCount)
    for offset in stride(from: 0, through: end - 12, by: 4) where head.u32(offset) == Self.magic {
      let flags = Flags(rawValue: head.u32(offset + 4))
      guard Self.magic &+ flags.rawValue &+ head.u32(offset + 8) == 0 else { continue }
      // With the address fields the header has 32 bytes, all of which must be in the range.
      guard !flags.contains(.addressFields) || offset + 32 <= end else { continue }
      self.offset = offset
      self.flags = flags
      headerAddress = head.u32(offset + 12)
      loadAddress = head.u32(offset + 16)
      loadEndAddress = head.u32(offset + 20)
      bssEndAddress = head.u32(offset + 24)
      entryAddress = head.u32(offset + 28)
      return
    }
    return nil
  }

  /// Whether the beginning of a file holds a Multiboot 2 header.
  static func hasVersion2(_ head: HeaderBytes) -> Bool {
    let end = min(head.bytes.count, searchByteCount2)
    return stride(from: 0, through: end - 16, by: 8).contains { offset in
      // Magic, architecture, length and checksum add up to zero.
      head.u32(offset) == magic2
        && head.u32(offset) &+ head.u32(offset + 4) &+ head.u32(offset + 8) &+ head.u32(offset + 12) == 0
    }
  }
}
