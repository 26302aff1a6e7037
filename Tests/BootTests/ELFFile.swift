/// An ELF file put together byte by byte, so that a test can make any field lie.
struct ELFFile {
  struct Header {
    var type: UInt32 = 1
    var flags: UInt32 = 5
    var offset: UInt64 = 0
    var virtual: UInt64 = 0
    var physical: UInt64 = 0
    var fileSize: UInt64 = 0
    var memorySize: UInt64 = 0
    var alignment: UInt64 = 1
  }

  var is64Bit = true
  var type: UInt16 = 2
  var machine: UInt16 = 62
  var byteOrder: UInt8 = 1
  var entry: UInt64 = 0x10_0000
  var headers: [Header] = []
  /// What follows the program headers.
  var content: [UInt8] = []
  /// Fields that lie, where they do.
  var tableOffset: UInt64?
  var entrySize: UInt16?
  var count: UInt16?

  /// Where `content` begins in the file.
  var contentOffset: UInt64 { UInt64((is64Bit ? 64 : 52) + headers.count * (is64Bit ? 56 : 32)) }

  /// A file with one segment, loaded at `address`: `code`, and `bss` bytes of zeros.
  static func simple(
    is64Bit: Bool = true, code: [UInt8] = [0xF4, 0x90, 0x90, 0x90], at address: UInt64 = 0x10_0000,
    bss: UInt64 = 0
  ) -> ELFFile {
    var file = ELFFile(is64Bit: is64Bit, machine: is64Bit ? 62 : 3, entry: address)
    file.add(code, at: address, bss: bss)
    return file
  }

  /// Adds a segment with this content. Offsets of earlier segments are kept right.
  mutating func add(
    _ bytes: [UInt8], type: UInt32 = 1, at physical: UInt64, virtual: UInt64? = nil, bss: UInt64 = 0,
    flags: UInt32 = 5, alignment: UInt64 = 1
  ) {
    for index in headers.indices { headers[index].offset += is64Bit ? 56 : 32 }
    headers.append(Header())
    headers[headers.count - 1] = Header(
      type: type, flags: flags, offset: contentOffset + UInt64(content.count), virtual: virtual ?? physical,
      physical: physical, fileSize: UInt64(bytes.count), memorySize: UInt64(bytes.count) + bss,
      alignment: alignment)
    content += bytes
  }

  /// The content of an ELF note.
  static func note(
    type: UInt32 = 18, name: String = "Xen\0", content: [UInt8], nameSize: UInt32? = nil,
    contentSize: UInt32? = nil
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 12)
    bytes.set(nameSize ?? UInt32(name.utf8.count), at: 0)
    bytes.set(contentSize ?? UInt32(content.count), at: 4)
    bytes.set(type, at: 8)
    bytes += Array(name.utf8)
    while bytes.count % 4 != 0 { bytes.append(0) }
    bytes += content
    while bytes.count % 4 != 0 { bytes.append(0) }
    return bytes
  }

  /// A note that names a 32-bit entry point.
  static func entryNote(_ entry: UInt32) -> [UInt8] {
    var content = [UInt8](repeating: 0, count: 4)
    content.set(entry, at: 0)
    return note(content: content)
  }

  /// The file.
  var bytes: [UInt8] {
    var file = [UInt8](repeating: 0, count: is64Bit ? 64 : 52)
    file.replaceSubrange(0..<4, with: [0x7F, 0x45, 0x4C, 0x46])
    file[4] = is64Bit ? 2 : 1
    file[5] = byteOrder
    file[6] = 1
    file.set(type, at: 16)
    file.set(machine, at: 18)
    file.set(UInt32(1), at: 20)
    let table = tableOffset ?? (is64Bit ? 64 : 52)
    if is64Bit {
      file.set(entry, at: 24)
      file.set(table, at: 32)
      file.set(UInt16(64), at: 52)
      file.set(entrySize ?? 56, at: 54)
      file.set(count ?? UInt16(headers.count), at: 56)
    } else {
      file.set(UInt32(truncatingIfNeeded: entry), at: 24)
      file.set(UInt32(truncatingIfNeeded: table), at: 28)
      file.set(UInt16(52), at: 40)
      file.set(entrySize ?? 32, at: 42)
      file.set(count ?? UInt16(headers.count), at: 44)
    }
    for header in headers { file += header.bytes(is64Bit: is64Bit) }
    return file + content
  }
}

extension ELFFile.Header {
  func bytes(is64Bit: Bool) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: is64Bit ? 56 : 32)
    bytes.set(type, at: 0)
    if is64Bit {
      bytes.set(flags, at: 4)
      for (index, value) in [offset, virtual, physical, fileSize, memorySize, alignment].enumerated() {
        bytes.set(value, at: 8 + index * 8)
      }
    } else {
      for (index, value) in [offset, virtual, physical, fileSize, memorySize].enumerated() {
        bytes.set(UInt32(truncatingIfNeeded: value), at: 4 + index * 4)
      }
      bytes.set(flags, at: 24)
      bytes.set(UInt32(truncatingIfNeeded: alignment), at: 28)
    }
    return bytes
  }
}
