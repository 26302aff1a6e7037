internal import Host

/// The kernel inside a bzImage, as a file of its own.
///
/// It takes host memory only between the making of a plan and its carrying out: `release` gives that back,
/// and a machine that starts anew unpacks the kernel again.
final class UnpackedKernel: ImageSource {
  let name: String
  private let payload: LinuxPayload
  private let content: Lock<Content>

  /// The unpacked bytes, while they are there.
  private struct Content: ~Copyable {
    var mapping: Mapping?
  }

  var byteCount: UInt64 { UInt64(payload.unpackedByteCount) }

  /// Unpacks `payload`.
  init(_ payload: LinuxPayload) throws(LinuxPayload.Failure) {
    name = "the kernel in \(payload.image.name)"
    self.payload = payload
    content = Lock(Content(mapping: try payload.unpack()))
  }

  func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int {
    guard let start = Int(exactly: offset), start < payload.unpackedByteCount else { return 0 }
    let count = min(buffer.byteCount, payload.unpackedByteCount - start)
    try content.withLock { content throws(BootError) in
      if content.mapping == nil { content.mapping = try unpackAgain() }
      unsafe buffer.withUnsafeMutableBytes { target in
        // Sound: `count` bytes from `start` on are in the mapping, and fit in the buffer.
        guard let base = unsafe content.mapping?.base else { return }
        unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: base + start, count: count))
      }
    }
    return count
  }

  func release() { content.withLock { $0.mapping = nil } }

  private func unpackAgain() throws(BootError) -> Mapping {
    do throws(LinuxPayload.Failure) {
      return try payload.unpack()
    } catch {
      switch error {
      case .image(let error): throw error
      case .obstacle(let obstacle): throw .unreadable(image: name, offset: 0, reason: obstacle.reason)
      }
    }
  }
}
