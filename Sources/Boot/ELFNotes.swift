/// One entry of an ELF file's PT_NOTE segment.
struct ELFNote {
  /// What the content means, to the vendor.
  let type: UInt32
  /// The vendor's name, its NUL included.
  let name: [UInt8]
  /// The note's own bytes.
  let content: [UInt8]
  /// Where the note begins in the file.
  let offset: UInt64
}

extension ELFImage {
  /// The first note of this vendor and type, in whichever PT_NOTE segment it is. `vendor` includes
  /// the NUL.
  ///
  /// - Throws: `BootError.malformed`, or the failure to read.
  func note(_ vendor: [UInt8], type: UInt32, in source: any ImageSource) throws(BootError) -> ELFNote? {
    try firstNote(in: source) { $0.type == type && $0.name == vendor }
  }

  /// The first note that `matches`, in whichever PT_NOTE segment it is.
  ///
  /// - Throws: `BootError.malformed`, or the failure to read.
  func firstNote(in source: any ImageSource, where matches: (ELFNote) -> Bool) throws(BootError) -> ELFNote? {
    for segment in segments where segment.type == Segment.note {
      if let note = try ELFNotes(segment, source).first(where: matches) { return note }
    }
    return nil
  }
}

/// The notes of one PT_NOTE segment (System V ABI, gABI chapter 5, "Note Section").
///
/// Each is three 32-bit words (size of the name, size of the content, type), the name, and the
/// content, both padded to 4 bytes, or to 8 where the segment's alignment is 8.
struct ELFNotes {
  /// How much of a segment is looked at, in bytes: a kernel's notes take a few hundred. What
  /// follows is left unread.
  static let byteLimit: UInt64 = 64 << 10

  private let header: HeaderBytes
  private let fileOffset: UInt64
  private let alignment: Int
  private let isComplete: Bool
  private let imageName: String

  /// The notes of a PT_NOTE segment, whose range in the file was checked.
  ///
  /// - Throws: the failure to read.
  init(_ segment: ELFImage.Segment, _ source: any ImageSource) throws(BootError) {
    let count = Int(min(segment.fileByteCount, Self.byteLimit))
    header = HeaderBytes(bytes: try source.bytes(at: segment.fileOffset, count: count))
    fileOffset = segment.fileOffset
    alignment = segment.alignment == 8 ? 8 : 4
    isComplete = UInt64(count) == segment.fileByteCount
    imageName = source.name
  }

  /// The first note that `matches`.
  ///
  /// - Throws: `BootError.malformed` where a note goes beyond its segment.
  func first(where matches: (ELFNote) -> Bool) throws(BootError) -> ELFNote? {
    let end = header.bytes.count
    var offset = 0
    // Each round goes on by 12 bytes at least, so this ends.
    while offset <= end - 12 {
      // Sizes have 32 bits and Int has 64: these sums cannot overflow.
      let nameEnd = offset + 12 + Int(header.u32(offset))
      let contentStart = padded(nameEnd)
      let contentEnd = contentStart + Int(header.u32(offset + 4))
      guard contentEnd <= end else {
        if !isComplete { return nil }
        throw .malformed(
          image: imageName, offset: fileOffset &+ UInt64(offset),
          problem:
            "a note has \(contentEnd - offset) bytes, more than are left in its segment (\(end - offset))")
      }
      let note = ELFNote(
        type: header.u32(offset + 8), name: Array(header.bytes[offset + 12..<nameEnd]),
        content: Array(header.bytes[contentStart..<contentEnd]), offset: fileOffset &+ UInt64(offset))
      if matches(note) { return note }
      offset = padded(contentEnd)
    }
    return nil
  }

  private func padded(_ offset: Int) -> Int { (offset + alignment - 1) / alignment * alignment }
}
