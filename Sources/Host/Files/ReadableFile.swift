import CLinux

/// A file opened for reading at any position: an image, an initrd.
///
/// A regular file is read where it is; what a pipe delivers is read into memory at the beginning, so that
/// `swiftvm run <(make-image)` works.
public final class ReadableFile: Sendable {
  /// The path, as it was given.
  public let path: String
  /// The length, in bytes, when the file was opened. May be 0.
  public let byteCount: UInt64

  /// The file, or nil where `content` has it all.
  private let descriptor: SharedDescriptor?
  private let content: [UInt8]

  /// Opens the file. Of a pipe, waits until its writer is done.
  ///
  /// - Parameter pipeLimit: the most a pipe may deliver, in bytes.
  /// - Throws: `FileError.system`, `.notAFile`, `.tooLarge`.
  public init(path: String, pipeLimit: Int) throws(FileError) {
    self.path = path
    // Looked at before it is opened, because to open a device may have effects, and looked at again
    // after, because the path may lead elsewhere by then.
    var information = stat()
    // Sound: the pointers are valid for the call.
    guard unsafe stat(path, &information) == 0 else {
      throw .system(path: path, Self.advised(.last("open \(path)")))
    }
    let kind = FileKind(mode: information.st_mode)
    try Self.check(kind, path)
    let file: OwnedDescriptor
    do throws(SystemError) {
      // A pipe is opened blocking: that waits for its writer.
      file = try .open(path, flags: O_RDONLY | O_NOCTTY | (kind == .pipe ? 0 : O_NONBLOCK))
    } catch {
      throw .system(path: path, Self.advised(error))
    }
    let descriptor = SharedDescriptor(file)
    guard unsafe fstat(descriptor.rawValue, &information) == 0 else {
      throw .system(path: path, .last("find the size of \(path)"))
    }
    let openedKind = FileKind(mode: information.st_mode)
    try Self.check(openedKind, path)
    if openedKind == .pipe {
      content = try Self.readAll(descriptor, path, limit: pipeLimit)
      byteCount = UInt64(content.count)
      self.descriptor = nil
    } else {
      content = []
      byteCount = UInt64(max(information.st_size, 0))
      self.descriptor = descriptor
    }
  }

  /// Reads `count` bytes at `offset` into a new array.
  ///
  /// - Throws: `FileError.outOfBounds`, before anything is allocated; `.changed`; `.system`.
  public func readBytes(at offset: UInt64 = 0, count: Int) throws(FileError) -> [UInt8] {
    try checkRange(offset, count)
    var bytes = [UInt8](repeating: 0, count: count)
    var elements = bytes.mutableSpan
    var span = unsafe elements.mutableBytes
    try read(at: offset, into: &span)
    return bytes
  }

  /// Fills `bytes` with what is at `offset`.
  ///
  /// - Throws: `FileError.outOfBounds`, `.changed`, `.system`.
  public func read(at offset: UInt64, into bytes: inout MutableRawSpan) throws(FileError) {
    try unsafe bytes.withUnsafeMutableBytes { buffer throws(FileError) in
      try unsafe read(at: offset, into: buffer)
    }
  }

  /// Fills `buffer` with what is at `offset`: guest memory, for instance.
  ///
  /// - Throws: `FileError.outOfBounds`, `.changed`, `.system`.
  @unsafe
  public func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) {
    try checkRange(offset, buffer.count)
    guard let descriptor else {
      // Sound: the range was checked, and fits an Int because the content does.
      let start = Int(offset)
      unsafe content.withUnsafeBytes {
        unsafe buffer.copyMemory(from: .init(rebasing: $0[start..<start + buffer.count]))
      }
      return
    }
    var done = 0
    while done < buffer.count {
      // Sound: the rest of the buffer begins at `done`. The position fits: it lies in the file.
      let count = retryingOnInterrupt {
        unsafe pread(
          descriptor.rawValue, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + done)
      }
      if count == 0 { throw .changed(path: path, byteCount: byteCount) }
      if count < 0 { throw .system(path: path, .last("read \(path)")) }
      done += count
    }
  }

  private func checkRange(_ offset: UInt64, _ count: Int) throws(FileError) {
    guard count >= 0, offset <= byteCount, UInt64(count) <= byteCount - offset else {
      throw .outOfBounds(path: path, offset: offset, count: count, byteCount: byteCount)
    }
  }

  private static func check(_ kind: FileKind, _ path: String) throws(FileError) {
    switch kind {
    case .regular, .pipe: return
    case .directory: throw .notAFile(path: path, kind: "a directory")
    case .characterDevice: throw .notAFile(path: path, kind: "a character device")
    case .blockDevice: throw .notAFile(path: path, kind: "a block device")
    case .socket: throw .notAFile(path: path, kind: "a socket")
    case .other: throw .notAFile(path: path, kind: "not a file of a known kind")
    }
  }

  /// The failure to open a file, with what to do about the usual ones.
  private static func advised(_ error: SystemError) -> SystemError {
    var error = error
    switch error.errno {
    case ENOENT, ENOTDIR: error.advice = "check the path"
    case EACCES: error.advice = "give yourself the permission to read it"
    default: break
    }
    return error
  }

  private static func readAll(
    _ descriptor: SharedDescriptor, _ path: String, limit: Int
  ) throws(FileError) -> [UInt8] {
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = unsafe piece.withUnsafeMutableBytes { buffer in
        // Sound: the buffer is as large as the size that is passed along.
        retryingOnInterrupt { unsafe CLinux.read(descriptor.rawValue, buffer.baseAddress, buffer.count) }
      }
      if count == 0 { return content }
      if count < 0 { throw .system(path: path, .last("read \(path)")) }
      guard count <= limit - content.count else { throw .tooLarge(path: path, limit: limit) }
      content.append(contentsOf: piece[..<count])
    }
  }
}
