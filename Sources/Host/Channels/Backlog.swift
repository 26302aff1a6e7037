/// Output that nobody was there to read: the newest bytes up to a limit, the oldest dropped.
struct Backlog {
  private var bytes: [UInt8] = []
  private var start = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  var isEmpty: Bool { start == bytes.count }

  mutating func append(_ new: RawSpan) {
    let kept = new.extracting(last: limit)
    for index in 0..<kept.byteCount {
      // Sound: a byte has no invalid patterns, and the index is in the span.
      bytes.append(unsafe kept.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self))
    }
    start = max(start, bytes.count - limit)
    // Moved down once half of the array is dead: each byte is moved once, not with every write.
    if start > limit {
      bytes.removeFirst(start)
      start = 0
    }
  }

  /// Passes what there is to `write`, which returns how many bytes it took, or -1.
  mutating func drain(_ write: (RawSpan) -> Int) {
    while start < bytes.count {
      // Sound: the elements are bytes, which have no padding.
      let taken = unsafe write(bytes.span.bytes.extracting(start...))
      if taken <= 0 { return }
      start += min(taken, bytes.count - start)
    }
    bytes = []
    start = 0
  }
}
