import CLinux
import Host

/// Compresses with the libraries that the code under test decompresses with, by functions that it does not use.
enum SystemCompressor {
  /// `bytes` in this format, as the format's own program makes it.
  static func compress(_ bytes: [UInt8], _ format: CompressionFormat) -> [UInt8] {
    switch format {
    case .lz4: lz4(bytes)
    case .gzip: gzip(bytes)
    case .zstandard: zstandard(bytes)
    case .xz: xz(bytes)
    }
  }

  private static func function<Signature>(_ name: String, of format: CompressionFormat, _: Signature.Type)
    -> Signature
  {
    // Sound: the signatures are those of the libraries' headers.
    let library = unsafe dlopen(format.library, RTLD_NOW)!
    return unsafe unsafeBitCast(dlsym(library, name)!, to: Signature.self)
  }

  /// What `write` leaves in an array that is large enough, given the array and its capacity.
  private static func output(
    of bytes: [UInt8], _ write: (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>, Int) -> Int
  ) -> [UInt8] {
    unsafe [UInt8](unsafeUninitializedCapacity: bytes.count + bytes.count / 8 + 4096) { buffer, count in
      count = unsafe bytes.withUnsafeBufferPointer { source in
        // An empty array has no address; no library reads what is behind it.
        let some = unsafe source.baseAddress ?? UnsafePointer(buffer.baseAddress!)
        return unsafe write(some, buffer.baseAddress!, buffer.count)
      }
    }
  }

  /// `lz4 -l`: blocks of 8 MiB.
  private static func lz4(_ bytes: [UInt8]) -> [UInt8] {
    typealias Compress =
      @convention(c) (UnsafePointer<UInt8>, UnsafeMutablePointer<UInt8>, Int32, Int32) -> Int32
    let compress = unsafe function("LZ4_compress_default", of: .lz4, Compress.self)
    var frame: [UInt8] = [0x02, 0x21, 0x4C, 0x18]
    for start in stride(from: 0, to: bytes.count, by: 8 << 20) {
      let piece = Array(bytes[start..<min(start + 8 << 20, bytes.count)])
      let block = unsafe output(of: piece) { source, target, capacity in
        Int(unsafe compress(source, target, Int32(piece.count), Int32(capacity)))
      }
      for shift in [0, 8, 16, 24] { frame.append(UInt8(truncatingIfNeeded: block.count >> shift)) }
      frame += block
    }
    return frame
  }

  private static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    typealias Stream = UnsafeMutablePointer<swiftvm_zlib_stream>
    let begin = unsafe function(
      "deflateInit2_", of: .gzip,
      (@convention(c) (Stream, Int32, Int32, Int32, Int32, Int32, UnsafePointer<CChar>, Int32) -> Int32).self)
    let deflate = unsafe function("deflate", of: .gzip, (@convention(c) (Stream, Int32) -> Int32).self)
    let end = unsafe function("deflateEnd", of: .gzip, (@convention(c) (Stream) -> Int32).self)
    return unsafe output(of: bytes) { source, target, capacity in
      var stream = unsafe swiftvm_zlib_stream()
      let size = Int32(unsafe MemoryLayout<swiftvm_zlib_stream>.size)
      precondition(unsafe begin(&stream, 6, 8, 31, 8, 0, "1.2.11", size) == 0)
      unsafe stream.next_in = source
      unsafe stream.available_in = UInt32(bytes.count)
      unsafe stream.next_out = target
      unsafe stream.available_out = UInt32(capacity)
      precondition(unsafe deflate(&stream, 4) == 1)
      let count = unsafe Int(stream.total_out)
      _ = unsafe end(&stream)
      return count
    }
  }

  private static func zstandard(_ bytes: [UInt8]) -> [UInt8] {
    typealias Compress =
      @convention(c) (
        UnsafeMutablePointer<UInt8>, Int, UnsafePointer<UInt8>, Int, Int32
      ) -> Int
    let compress = unsafe function("ZSTD_compress", of: .zstandard, Compress.self)
    return unsafe output(of: bytes) { source, target, capacity in
      unsafe compress(target, capacity, source, bytes.count, 3)
    }
  }

  private static func xz(_ bytes: [UInt8]) -> [UInt8] {
    typealias Encode =
      @convention(c) (
        UInt32, UInt32, UnsafeRawPointer?, UnsafePointer<UInt8>, Int, UnsafeMutablePointer<UInt8>,
        UnsafeMutablePointer<Int>, Int
      ) -> Int32
    let encode = unsafe function("lzma_easy_buffer_encode", of: .xz, Encode.self)
    return unsafe output(of: bytes) { source, target, capacity in
      var count = 0
      // LZMA_CHECK_CRC32, as the kernel's build asks for.
      precondition(unsafe encode(1, 1, nil, source, bytes.count, target, &count, capacity) == 0)
      return count
    }
  }
}
