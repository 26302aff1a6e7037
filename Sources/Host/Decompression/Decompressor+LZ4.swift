import CLinux

extension Decompressor {
  /// The most that a block of a legacy frame decompresses to: 8 MiB.
  private static let blockCapacity = 8 << 20
  /// The most that a block of so many bytes takes when it cannot be compressed (LZ4_COMPRESSBOUND).
  private static let blockByteLimit = blockCapacity + blockCapacity / 255 + 16

  /// A legacy frame: the magic number, then blocks, each behind its size in four bytes. There is no end
  /// mark: it ends with the content, or before another magic number, which begins the next frame.
  @unsafe
  static func decompressLZ4(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
    by library: borrowing SystemLibrary
  ) throws(DecompressionError) -> Int {
    let decompress = try unsafe library.function("LZ4_decompress_safe")
    let magic: UInt32 = 0x184C_2102
    var position = 0
    var written = 0
    while position < source.count {
      guard source.count - position >= 4 else {
        throw .damaged(.lz4, problem: "they end within the size of a block, at byte \(position)")
      }
      // Sound: the four bytes are there.
      let size = unsafe UInt32(littleEndian: source.loadUnaligned(fromByteOffset: position, as: UInt32.self))
      position += 4
      if size == magic { continue }
      guard size <= blockByteLimit, size <= source.count - position, size > 0 else {
        throw .damaged(
          .lz4,
          problem:
            "the block at byte \(position) claims \(size) bytes, of \(source.count - position) there are")
      }
      let room = min(blockCapacity, target.count - written)
      // Sound: `size` bytes are there to read, and `room` to write. Both fit an Int32.
      let block = unsafe UnsafeRawBufferPointer(rebasing: source[position..<position + Int(size)])
      let space = unsafe UnsafeMutableRawBufferPointer(rebasing: target[written..<written + room])
      let count = unsafe swiftvm_lz4_decompress(
        decompress, block.baseAddress, Int32(size), space.baseAddress, Int32(room))
      guard count >= 0, count <= room else {
        // It does not say which of the two it is.
        throw .damaged(
          .lz4,
          problem: "the block at byte \(position) is no LZ4 block, or decompresses to more than \(room) bytes"
        )
      }
      written += Int(count)
      position += Int(size)
    }
    return written
  }
}
