internal import Boot
internal import Host

/// An image or module in a file, read straight into guest memory.
struct ImageFile: ImageSource {
  private let file: ReadableFile
  let name: String

  /// Opens the file.
  ///
  /// - Parameter limit: the most that is read of a pipe, in bytes: more could not be loaded.
  init(path: String, limit: UInt64) throws(StartError) {
    do throws(FileError) {
      file = try ReadableFile(path: path, pipeLimit: Int(clamping: limit))
    } catch {
      throw .image(error.description)
    }
    name = path
  }

  var byteCount: UInt64 { file.byteCount }

  func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int {
    guard offset < file.byteCount else { return 0 }
    let count = Int(min(UInt64(buffer.byteCount), file.byteCount - offset))
    do throws(FileError) {
      try unsafe buffer.withUnsafeMutableBytes { bytes throws(FileError) in
        // Sound: `count` is at most the buffer's size.
        try unsafe file.read(at: offset, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<count]))
      }
    } catch {
      throw .unreadable(image: name, offset: offset, reason: error.description)
    }
    return count
  }
}
