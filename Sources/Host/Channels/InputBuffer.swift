/// The bytes that were read from the host and not yet taken by the receiver: at most 4 KiB.
struct InputBuffer {
  static let capacity = 4096

  private var bytes: [UInt8] = []
  private var start = 0
  private var end = 0

  var isEmpty: Bool { start == end }
  var freeByteCount: Int { Self.capacity - (end - start) }

  /// Offers what there is to `receiver` until it takes less than it is offered.
  mutating func offer(to receiver: any ByteReceiver) {
    while start < end {
      // Sound: the elements are bytes, which have no padding.
      let taken = unsafe receiver.receive(bytes.span.bytes.extracting(start..<end))
      let offered = end - start
      // A receiver that claims more than it was offered must not move us past the end.
      start += min(max(taken, 0), offered)
      if taken < offered { return }
    }
  }

  /// Has `read` fill the free room, and keeps of that what `filter` keeps. Returns what `read` returned.
  mutating func fill(
    filter: (@Sendable (UInt8) -> UInt8?)?, read: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: Self.capacity) }
    if start == end {
      start = 0
      end = 0
    } else if end == Self.capacity {
      for index in start..<end { bytes[index - start] = bytes[index] }
      end -= start
      start = 0
    }
    let count = unsafe bytes.withUnsafeMutableBytes { buffer in
      // Sound: `end` is at most the capacity, which is the buffer's size.
      unsafe read(UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
    }
    guard count > 0 else { return count }
    let limit = end + count
    guard let filter else {
      end = limit
      return count
    }
    for index in end..<limit {
      if let kept = filter(bytes[index]) {
        bytes[end] = kept
        end += 1
      }
    }
    return count
  }
}
