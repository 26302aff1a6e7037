/// The disk that the BIOS reads from: the file of a boot sector, in memory, and how its sectors are counted.
struct BIOSDisk {
  /// The guest-physical address of its first sector.
  var address: UInt32 = 0
  /// Its sectors of 512 bytes.
  var sectorCount: UInt32
  /// Cylinders: at most 1024, as INT 13h can tell.
  var cylinders: UInt16
  /// Heads, 1 to 255.
  var heads: UInt16
  /// Sectors on a track, 1 to 63.
  var sectorsPerTrack: UInt16
  /// The number that programs know it by: 0 the first floppy disk, 0x80 the first hard disk.
  var drive: UInt8
  /// What INT 13h AH=08h calls that kind of floppy disk; 0 for a hard disk.
  var floppyType: UInt8

  /// The bytes that its sectors take.
  var byteCount: UInt64 { UInt64(sectorCount) * 512 }

  /// The sizes of floppy disks in bytes, with their cylinders, sectors on a track and types. All have two sides.
  private static let floppies: [(byteCount: UInt64, cylinders: UInt16, sectors: UInt16, type: UInt8)] = [
    (360 << 10, 40, 9, 1), (720 << 10, 80, 9, 3), (1200 << 10, 80, 15, 2), (1440 << 10, 80, 18, 4),
    (2880 << 10, 80, 36, 6),
  ]

  /// The disk in a file of this length, of which `head` is the beginning.
  ///
  /// A file exactly as long as a floppy disk is one. Of a hard disk its own first sector may say how it is
  /// divided, as the file system or the partition table were made for that; else it has 16 heads and 63 sectors.
  ///
  /// - Parameter byteCount: below 4 GiB.
  init(byteCount: UInt64, head: HeaderBytes) {
    sectorCount = UInt32(clamping: byteCount / 512 + (byteCount % 512 == 0 ? 0 : 1))
    if let floppy = Self.floppies.first(where: { $0.byteCount == byteCount }) {
      (cylinders, heads, sectorsPerTrack) = (floppy.cylinders, 2, floppy.sectors)
      (drive, floppyType) = (0, floppy.type)
      return
    }
    (heads, sectorsPerTrack) =
      Self.division(byFileSystem: head) ?? Self.division(byPartitions: head, sectorCount: sectorCount) ?? (
        16, 63
      )
    (drive, floppyType) = (UInt8(BootSector.driveNumber), 0)
    let track = UInt32(heads) * UInt32(sectorsPerTrack)
    cylinders = UInt16(clamping: min(max(1, (UInt64(sectorCount) + UInt64(track) - 1) / UInt64(track)), 1024))
  }

  /// What a FAT file system's first sector says (Microsoft's FAT specification, "BPB").
  private static func division(byFileSystem head: HeaderBytes) -> (heads: UInt16, sectors: UInt16)? {
    guard head.u8(0) == 0xEB || head.u8(0) == 0xE9, head.u16(11) == 512, head.u8(16) > 0 else { return nil }
    return check(heads: head.u16(26), sectors: head.u16(24))
  }

  /// What the ends of partitions say: a partition ends with the last sector of a cylinder. Where the partition
  /// table would be there may be code instead: in a table each entry begins with 0 or 0x80, and lies on the disk.
  private static func division(byPartitions head: HeaderBytes, sectorCount: UInt32) -> (
    heads: UInt16, sectors: UInt16
  )? {
    let entries = Array(stride(from: 446, to: 510, by: 16))
    guard entries.allSatisfy({ head.u8($0) & 0x7F == 0 }) else { return nil }
    for entry in entries where head.u32(entry + 12) > 0 && head.u8(entry + 5) > 0 {
      guard UInt64(head.u32(entry + 8)) + UInt64(head.u32(entry + 12)) <= sectorCount else { return nil }
      if let found = check(heads: UInt16(head.u8(entry + 5)) + 1, sectors: UInt16(head.u8(entry + 6) & 63)) {
        return found
      }
    }
    return nil
  }

  private static func check(heads: UInt16, sectors: UInt16) -> (heads: UInt16, sectors: UInt16)? {
    (1...255).contains(heads) && (1...63).contains(sectors) ? (heads, sectors) : nil
  }
}
