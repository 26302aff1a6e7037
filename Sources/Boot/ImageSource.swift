/// The bytes of an image or module: a file, or memory.
///
/// Only headers are read into arrays of ours; what the guest gets is read straight into its memory,
/// so that a big kernel is not copied twice. A source is read by position and may be read more
/// than once: a pipe does not qualify.
public protocol ImageSource: Sendable {
  /// What people call it: a path, or a word for something built in.
  var name: String { get }
  /// The length, in bytes, when it was opened.
  var byteCount: UInt64 { get }

  /// Reads from `offset` (in bytes from the beginning) into `buffer`, and returns how many bytes
  /// were read: fewer than there is room for only where the source ends.
  ///
  /// - Throws: `BootError.unreadable`.
  func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int

  /// Everything was read, for now: what is kept in memory only to be read again soon may go. Most sources
  /// keep nothing.
  func release()
}

extension ImageSource {
  /// Keeps what there is.
  public func release() {}

  /// Fills all of `buffer` from `offset`.
  ///
  /// - Throws: `BootError.unreadable`; `.cutShort` where the source ended earlier, as a file does
  ///   that somebody shortens while it is read.
  func fill(_ buffer: inout MutableRawSpan, from offset: UInt64) throws(BootError) {
    let wanted = buffer.byteCount
    let got = try read(at: offset, into: &buffer)
    // A source that claims more than there was room for is as wrong as one that gives less.
    guard got == wanted else {
      throw .cutShort(image: name, offset: offset, wanted: wanted, got: got)
    }
  }

  /// Reads `count` bytes at `offset` into an array. The caller has bounded `count`.
  ///
  /// - Throws: as `fill`.
  func bytes(at offset: UInt64, count: Int) throws(BootError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var elements = bytes.mutableSpan
    // Sound: every pattern of bits is a UInt8.
    var span = unsafe elements.mutableBytes
    try fill(&span, from: offset)
    return bytes
  }

  /// Whether the `count` bytes at `offset` lie in the source. Any values may be asked for.
  func contains(offset: UInt64, count: UInt64) -> Bool {
    offset <= byteCount && count <= byteCount - offset
  }
}

/// An image in memory: a guest that is built in, or one that a test wrote.
public struct BytesImage: ImageSource, Equatable {
  /// What people call it.
  public let name: String
  /// The content.
  public let bytes: [UInt8]

  /// An image of these bytes.
  public init(_ bytes: [UInt8], name: String) {
    self.bytes = bytes
    self.name = name
  }

  /// The length, in bytes.
  public var byteCount: UInt64 { UInt64(bytes.count) }

  /// Copies from the array. Never throws.
  public func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int {
    guard offset < byteCount else { return 0 }
    let start = Int(offset)
    let count = min(buffer.byteCount, bytes.count - start)
    // Sound: `count` fits in both, and an array never overlaps a buffer that is being written.
    unsafe buffer.withUnsafeMutableBytes { target in
      unsafe bytes.withUnsafeBytes { source in
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
      }
    }
    return count
  }
}
