/// The headers of an ELF executable for x86 (System V ABI, gABI chapters 4 and 5), checked: every
/// range that a segment names lies in the file, and no range wraps around.
struct ELFImage: Sendable {
  /// A program header.
  struct Segment: Sendable, Equatable {
    /// PT_LOAD: to be loaded.
    static let load: UInt32 = 1
    /// PT_INTERP: the path of a dynamic linker.
    static let interpreter: UInt32 = 3
    /// PT_NOTE: notes.
    static let note: UInt32 = 4

    /// The header's place in the table.
    var index: Int
    /// p_type.
    var type: UInt32
    /// p_flags.
    var flags: UInt32
    /// p_offset: where the content begins in the file.
    var fileOffset: UInt64
    /// p_vaddr: where the program expects it once paging is on.
    var virtualAddress: UInt64
    /// p_paddr: where it is loaded.
    var physicalAddress: UInt64
    /// p_filesz.
    var fileByteCount: UInt64
    /// p_memsz.
    var memoryByteCount: UInt64
    /// p_align.
    var alignment: UInt64
  }

  /// The magic number at the beginning of every ELF file.
  static let magic: [UInt8] = [0x7F, 0x45, 0x4C, 0x46]
  /// The size of the largest file header, in bytes.
  static let headerByteCount = 64
  /// The most that the table of program headers may take, in bytes: what Linux allows too.
  static let tableByteLimit = 64 << 10

  /// ELFCLASS64.
  let is64Bit: Bool
  /// e_entry.
  let entry: UInt64
  /// The program headers, in the order of the file.
  let segments: [Segment]

  /// The segments that are loaded: of type PT_LOAD, and not empty.
  var loadable: [Segment] { segments.filter { $0.type == Segment.load && $0.memoryByteCount > 0 } }

  /// Reads the headers. `head` is the beginning of the file, and begins with the magic number.
  ///
  /// - Throws: `BootError.unsupported` for an ELF file of another kind, `.malformed`, or the failure
  ///   to read.
  init(_ source: any ImageSource, head: HeaderBytes) throws(BootError) {
    func malformed(_ offset: Int, _ problem: String) -> BootError {
      .malformed(image: source.name, offset: UInt64(offset), problem: problem)
    }
    let fileClass = head.u8(4)
    guard fileClass == 1 || fileClass == 2 else {
      throw malformed(4, "its ELF class is \(fileClass); 1 (32-bit) and 2 (64-bit) exist")
    }
    is64Bit = fileClass == 2
    let headerSize = is64Bit ? 64 : 52
    guard head.bytes.count >= headerSize else {
      throw malformed(head.bytes.count, "the file ends within its ELF header of \(headerSize) bytes")
    }
    try ELFKind.check(source, head: head, is64Bit: is64Bit)

    entry = is64Bit ? head.u64(24) : UInt64(head.u32(24))
    let tableOffset = is64Bit ? head.u64(32) : UInt64(head.u32(28))
    let entrySize = Int(head.u16(is64Bit ? 54 : 42))
    let count = Int(head.u16(is64Bit ? 56 : 44))
    guard count > 0 else {
      throw .unsupported(
        image: source.name, what: "an ELF file without program headers",
        advice: "Nothing in it says what to load. Link it as an executable.")
    }
    guard count != 0xFFFF else {
      throw malformed(is64Bit ? 56 : 44, "it claims 65535 program headers or more, which no kernel has")
    }
    guard entrySize == (is64Bit ? 56 : 32) else {
      throw malformed(
        is64Bit ? 54 : 42, "its program headers have \(entrySize) bytes each instead of \(is64Bit ? 56 : 32)")
    }
    let tableSize = count * entrySize
    guard tableSize <= Self.tableByteLimit else {
      throw malformed(is64Bit ? 56 : 44, "it claims \(count) program headers, which no kernel has")
    }
    guard source.contains(offset: tableOffset, count: UInt64(tableSize)) else {
      throw malformed(
        is64Bit ? 32 : 28,
        "its \(count) program headers at \(hex(tableOffset)) lie beyond the end of the file")
    }
    let table = HeaderBytes(bytes: try source.bytes(at: tableOffset, count: tableSize))
    var segments: [Segment] = []
    segments.reserveCapacity(count)
    for index in 0..<count {
      let segment = Segment(table, at: index * entrySize, is64Bit: is64Bit, index: index)
      if let problem = segment.problem(in: source) {
        throw .malformed(
          image: source.name, offset: tableOffset &+ UInt64(index * entrySize),
          problem: "program header \(index) \(problem)")
      }
      segments.append(segment)
    }
    self.segments = segments
    guard !loadable.isEmpty else {
      throw .unsupported(
        image: source.name, what: "an ELF file without a segment to load (PT_LOAD)",
        advice: "Link it as an executable.")
    }
    guard !segments.contains(where: { $0.type == Segment.interpreter }) else {
      throw .unsupported(
        image: source.name, what: "a dynamically linked program for an operating system",
        advice:
          "A guest image runs on the bare machine: link it with -static -nostdlib and its own entry point.")
    }
  }

  /// The guest-physical address that `e_entry` stands for.
  ///
  /// It is a virtual address by the standard, so it is translated by the segment that has it among
  /// its virtual addresses. Where none does it is taken as physical: Linux's vmlinux is made so.
  var physicalEntry: UInt64 {
    for segment in loadable
    where entry >= segment.virtualAddress && entry - segment.virtualAddress < segment.memoryByteCount {
      return segment.physicalAddress &+ (entry - segment.virtualAddress)
    }
    return entry
  }
}

extension ELFImage.Segment {
  /// Reads the program header at `offset` of the table.
  fileprivate init(_ table: HeaderBytes, at offset: Int, is64Bit: Bool, index: Int) {
    self.index = index
    type = table.u32(offset)
    if is64Bit {
      flags = table.u32(offset + 4)
      fileOffset = table.u64(offset + 8)
      virtualAddress = table.u64(offset + 16)
      physicalAddress = table.u64(offset + 24)
      fileByteCount = table.u64(offset + 32)
      memoryByteCount = table.u64(offset + 40)
      alignment = table.u64(offset + 48)
    } else {
      fileOffset = UInt64(table.u32(offset + 4))
      virtualAddress = UInt64(table.u32(offset + 8))
      physicalAddress = UInt64(table.u32(offset + 12))
      fileByteCount = UInt64(table.u32(offset + 16))
      memoryByteCount = UInt64(table.u32(offset + 20))
      flags = table.u32(offset + 24)
      alignment = UInt64(table.u32(offset + 28))
    }
  }

  /// What is wrong with a header that is going to be used, or nil.
  fileprivate func problem(in source: any ImageSource) -> String? {
    guard type == Self.load || type == Self.note else { return nil }
    guard source.contains(offset: fileOffset, count: fileByteCount) else {
      return "names \(fileByteCount) bytes at \(hex(fileOffset)), beyond the end of the file "
        + "(\(source.byteCount) bytes)"
    }
    guard type == Self.load else { return nil }
    guard memoryByteCount >= fileByteCount else {
      return "takes less memory (\(memoryByteCount) bytes) than it has content (\(fileByteCount) bytes)"
    }
    guard physicalAddress.adding(memoryByteCount) != nil else {
      return "wraps around the end of the address space: \(memoryByteCount) bytes at \(hex(physicalAddress))"
    }
    return nil
  }
}
