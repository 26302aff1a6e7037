import Testing

@testable import Host

@Suite struct DecompressorTests {
  /// Bytes that are neither all alike nor random, in more than two of LZ4's blocks.
  private static let long: [UInt8] = {
    var bytes = [UInt8](repeating: 0x5A, count: 17 << 20)
    for place in stride(from: 0, to: bytes.count, by: 509) {
      bytes[place] = UInt8(truncatingIfNeeded: place >> 7)
    }
    return bytes
  }()
  private static let short = Array("A guest's kernel, a guest's kernel, and once more a guest's kernel.".utf8)

  private func decompress(_ format: CompressionFormat, _ source: [UInt8], capacity: Int)
    throws(DecompressionError)
    -> [UInt8]
  {
    // 64 bytes behind the target are a fence.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity + 64, alignment: 16)
    defer { unsafe memory.deallocate() }
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
    // Sound: the memory is initialized, and stays until the end.
    var target = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<capacity]).mutableBytes
    let count = try unsafe Decompressor.decompress(format, source.span.bytes, into: &target)
    #expect(unsafe memory[capacity...].allSatisfy { $0 == 0xEE })
    return unsafe Array(memory[..<count])
  }

  @Test(arguments: CompressionFormat.allCases)
  func whatWasCompressedComesBack(format: CompressionFormat) throws {
    for bytes in [Self.short, Self.long, [0]] {
      let compressed = SystemCompressor.compress(bytes, format)
      #expect(CompressionFormat(magicOf: compressed) == format)
      #expect(try decompress(format, compressed, capacity: bytes.count) == bytes)
      // More room than is needed.
      #expect(try decompress(format, compressed, capacity: bytes.count + 1000) == bytes)
    }
  }

  @Test(arguments: CompressionFormat.allCases)
  func moreThanThereIsRoomForIsAnError(format: CompressionFormat) {
    for bytes in [Self.short, Self.long] {
      let compressed = SystemCompressor.compress(bytes, format)
      for capacity in [bytes.count - 1, bytes.count / 2, 0] {
        let error = #expect(throws: DecompressionError.self) {
          _ = try decompress(format, compressed, capacity: capacity)
        }
        // LZ4 does not tell the two apart.
        if format != .lz4 { #expect(error == .tooLarge(format, capacity: capacity)) }
      }
    }
  }

  @Test(arguments: CompressionFormat.allCases)
  func whatIsCutOffIsAnErrorOrShorter(format: CompressionFormat) {
    let compressed = SystemCompressor.compress(Self.short, format)
    for count in 0..<compressed.count {
      let cut = Array(compressed[..<count])
      let result = try? decompress(format, cut, capacity: Self.short.count)
      // An LZ4 frame has no end mark: nothing is missing behind its magic number. Zstandard takes no bytes for no
      // frames.
      let mayBeEmpty = count == 0 || format == .lz4 && count == 4
      #expect(result == nil || mayBeEmpty && result!.isEmpty, "\(count)")
    }
  }

  /// And not one about too little room. LZ4's sizes say what is missing.
  @Test(arguments: CompressionFormat.allCases.filter { $0 != .lz4 })
  func whatIsCutOffIsSaidToBe(format: CompressionFormat) {
    for bytes in [Self.short, Self.long] {
      let compressed = SystemCompressor.compress(bytes, format)
      for count in [compressed.count / 3, compressed.count / 2, compressed.count - 9, compressed.count - 1] {
        #expect(throws: DecompressionError.damaged(format, problem: "they end too early"), "\(count)") {
          _ = try decompress(format, Array(compressed[..<count]), capacity: bytes.count)
        }
      }
    }
  }

  @Test(arguments: CompressionFormat.allCases)
  func noChangedByteDoesHarm(format: CompressionFormat) {
    let compressed = SystemCompressor.compress(Self.short, format)
    var failures = 0
    for place in compressed.indices {
      for bit in 0..<8 {
        var changed = compressed
        changed[place] ^= 1 << UInt8(bit)
        do throws(DecompressionError) {
          #expect(try decompress(format, changed, capacity: Self.short.count).count <= Self.short.count)
        } catch {
          failures += 1
          #expect(!error.description.isEmpty)
        }
      }
    }
    #expect(failures > compressed.count)
  }

  @Test func anLZ4FrameMayFollowAnother() throws {
    let two = SystemCompressor.compress(Self.short, .lz4) + SystemCompressor.compress(Self.short, .lz4)
    #expect(try decompress(.lz4, two, capacity: 1000) == Self.short + Self.short)
  }

  @Test func sizesOfLZ4BlocksThatLieAreErrors() {
    let frame = SystemCompressor.compress(Self.short, .lz4)
    let sizes: [UInt32] = [0, UInt32(frame.count - 7), 8 << 20, 0x7FFF_FFFF, 0x8000_0000, .max]
    for size in sizes {
      var lying = frame
      for index in 0..<4 { lying[4 + index] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(index))) }
      #expect(throws: DecompressionError.self, "\(size)") { _ = try decompress(.lz4, lying, capacity: 1000) }
    }
  }

  @Test func aLibraryThatIsNotThereIsNamed() {
    let error = #expect(throws: DecompressionError.self) { _ = try SystemLibrary("libswiftvm-nowhere.so.9") }
    #expect(error?.description.contains("libswiftvm-nowhere.so.9") == true)
    #expect(error?.description.contains("No such file") == true)
    // The C library is there and has no such function.
    let other = #expect(throws: DecompressionError.self) {
      _ = try unsafe SystemLibrary("libc.so.6").function("swiftvm_nowhere")
    }
    #expect(other?.description.contains("swiftvm_nowhere") == true)
  }

  @Test func formatsAreFoundByTheirBeginning() {
    #expect(CompressionFormat(magicOf: []) == nil)
    #expect(CompressionFormat(magicOf: [0x1F]) == nil)
    #expect(CompressionFormat(magicOf: [0xFD, 0x37, 0x7A, 0x58, 0x5A]) == nil)
    #expect(CompressionFormat(magicOf: Array("\u{7F}ELF".utf8)) == nil)
    // bzip2 and LZO, which Linux knows too.
    #expect(CompressionFormat(magicOf: Array("BZh91A".utf8)) == nil)
    #expect(CompressionFormat(magicOf: [0x89, 0x4C, 0x5A, 0x4F, 0, 0x0D]) == nil)
  }
}
