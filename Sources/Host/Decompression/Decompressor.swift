import CLinux

/// Decompresses with the system's libraries, which are loaded at the first use of each: a program that needs
/// none of them pays nothing, and is built without them.
public enum Decompressor {
  /// Decompresses all of `source` into `target`, and returns how many bytes that gave. What the bytes of
  /// `target` behind them are then is not said, nor any of them after an error.
  ///
  /// - Throws: `DecompressionError.libraryUnavailable`; `.damaged`; `.tooLarge` where `target` is too small.
  public static func decompress(
    _ format: CompressionFormat, _ source: RawSpan, into target: inout MutableRawSpan
  ) throws(DecompressionError) -> Int {
    let library = try SystemLibrary(format.library)
    return try unsafe target.withUnsafeMutableBytes { target throws(DecompressionError) in
      try unsafe source.withUnsafeBytes { source throws(DecompressionError) in
        // Sound, all of these: they read `source` and write `target` within their counts, both of which
        // outlive the calls, and the functions come from the library that has them by its soname.
        switch format {
        case .lz4: try unsafe decompressLZ4(source, into: target, by: library)
        case .gzip: try unsafe decompressGzip(source, into: target, by: library)
        case .zstandard: try unsafe decompressZstandard(source, into: target, by: library)
        case .xz: try unsafe decompressXZ(source, into: target, by: library)
        }
      }
    }
  }

  @unsafe
  private static func decompressGzip(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
    by library: borrowing SystemLibrary
  ) throws(DecompressionError) -> Int {
    let initialize = try unsafe library.function("inflateInit2_")
    let inflate = try unsafe library.function("inflate")
    let end = try unsafe library.function("inflateEnd")
    guard let count = UInt32(exactly: source.count) else {
      throw .damaged(.gzip, problem: "they have \(source.count) bytes, which is more than gzip can tell of")
    }
    var (written, left) = (0, 0)
    let result = unsafe swiftvm_gunzip(
      initialize, inflate, end, source.baseAddress, count, target.baseAddress, UInt32(clamping: target.count),
      &written, &left)
    switch result {
    case 1: return Int(written)  // Z_STREAM_END
    // Z_OK and Z_BUF_ERROR: it could not go on. What does not fit leaves at least the checksum and size at the end.
    case 0, -5:
      if written == target.count && left > 0 { throw .tooLarge(.gzip, capacity: target.count) }
      throw .damaged(.gzip, problem: "they end too early")
    default: throw .damaged(.gzip, problem: "\(library.name) says \(result)")
    }
  }

  @unsafe
  private static func decompressZstandard(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
    by library: borrowing SystemLibrary
  ) throws(DecompressionError) -> Int {
    let decompress = try unsafe library.function("ZSTD_decompress")
    let isError = try unsafe library.function("ZSTD_isError")
    let errorCode = try unsafe library.function("ZSTD_getErrorCode")
    let result = unsafe swiftvm_zstd_decompress(
      decompress, target.baseAddress, target.count, source.baseAddress, source.count)
    guard unsafe swiftvm_zstd_is_error(isError, result) != 0 else { return result }
    let code = unsafe swiftvm_zstd_error_code(errorCode, result)
    switch code {
    case 70: throw .tooLarge(.zstandard, capacity: target.count)  // ZSTD_error_dstSize_tooSmall
    case 72: throw .damaged(.zstandard, problem: "they end too early")  // ZSTD_error_srcSize_wrong
    default: throw .damaged(.zstandard, problem: "\(library.name) says \(code)")
    }
  }

  @unsafe
  private static func decompressXZ(
    _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer,
    by library: borrowing SystemLibrary
  ) throws(DecompressionError) -> Int {
    let decompress = try unsafe library.function("lzma_stream_buffer_decode")
    var written = 0
    // A dictionary of 64 MiB is the largest that `xz -9` makes.
    let result = unsafe swiftvm_xz_decompress(
      decompress, 256 << 20, source.baseAddress, source.count, target.baseAddress, target.count, &written)
    if result == 0 { return written }  // LZMA_OK
    // What is whole ends with a magic number (xz-file-format.txt, 2.1.2.4). The codes do not tell: what ends too early
    // is LZMA_DATA_ERROR by the documentation, but LZMA_BUF_ERROR in liblzma 5.4.
    // Sound: the bytes are there until the end of the call.
    let isCutOff = unsafe !source.suffix(2).elementsEqual("YZ".utf8)
    switch result {
    case 9 where isCutOff, 10 where isCutOff: throw .damaged(.xz, problem: "they end too early")
    case 10: throw .tooLarge(.xz, capacity: target.count)  // LZMA_BUF_ERROR
    default: throw .damaged(.xz, problem: "\(library.name) says \(result)")
    }
  }
}
