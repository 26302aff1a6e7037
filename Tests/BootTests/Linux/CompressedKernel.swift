import Boot

/// A bzImage with an ELF file as its payload. "Compressed" are they without getting smaller, so that a test
/// needs nothing but the formats' documents.
enum CompressedKernel {
  /// Where the ELF file's code goes.
  static let address: UInt64 = 0x40_0000
  /// Its code.
  static let code: [UInt8] = [0x90, 0x90, 0xF4, 0xEB, 0xFE]

  /// The ELF file: `code`, and zeros behind it.
  static let elf = ELFFile.simple(code: code, at: address, bss: 0x2000).bytes

  /// An LZ4 legacy frame with one block, all of it literals (lz4_Block_format.md).
  static func lz4(_ bytes: [UInt8]) -> [UInt8] {
    var block: [UInt8] = []
    if bytes.count < 15 {
      block.append(UInt8(bytes.count << 4))
    } else {
      block.append(0xF0)
      block += [UInt8](repeating: 255, count: (bytes.count - 15) / 255)
      block.append(UInt8((bytes.count - 15) % 255))
    }
    block += bytes
    let frame: [UInt8] = [0x02, 0x21, 0x4C, 0x18]
    return frame + number(block.count) + block
  }

  /// A gzip member with one block that is stored (RFC 1951, 3.2.4; RFC 1952). Its size is a part of it.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    var checksum: UInt32 = .max
    for byte in bytes {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    let count = UInt16(bytes.count)
    let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 1]
    let sizes: [UInt8] = [count, ~count].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    return header + sizes + bytes + number(Int(~checksum)) + number(bytes.count)
  }

  /// Four bytes, little-endian.
  static func number(_ value: Int) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  /// The LZ4 payload with the ELF file.
  static var payload: [UInt8] { lz4(elf) + number(elf.count) }

  /// A bzImage with this payload, which begins 0x300 bytes into its protected-mode code.
  static func image(
    _ payload: [UInt8] = CompressedKernel.payload, _ change: (inout LinuxImage) -> Void = { _ in }
  ) -> [UInt8] {
    var image = LinuxImage.modern
    image.payloadOffset = 0x300
    image.payloadLength = UInt32(payload.count)
    image.codeByteCount = (0x300 + payload.count + 15) / 16 * 16
    change(&image)
    var bytes = image.bytes
    let start = image.codeOffset + 0x300
    bytes.replaceSubrange(start..<start + payload.count, with: payload)
    return bytes
  }

  /// The same with this ELF file, by LZ4.
  static func image(elf: ELFFile) -> [UInt8] { image(lz4(elf.bytes) + number(elf.bytes.count)) }
}
