public import GuestMemory

extension BootPlan {
  /// Puts everything the plan names into `memory`. File content is read straight into guest memory.
  ///
  /// - Parameter memoryIsZero: the memory was never written, so that what must be zero already is;
  ///   clearing it again would only make the host commit pages.
  /// - Throws: `BootError.unreadable`, `.cutShort` where a file changed since it was planned with;
  ///   `.memory` where `memory` is not laid out as planned. Memory may be partly written then.
  public func place(into memory: GuestMemory, memoryIsZero: Bool = false) throws(BootError) {
    for segment in segments {
      switch segment.content {
      case .reserved: continue
      case .bytes(let bytes): try segment.write(bytes, into: memory, memoryIsZero: memoryIsZero)
      case .random(let bytes, let count):
        let random = (0..<count).map { _ in UInt8.random(in: 0 ... .max) }
        try segment.write(bytes + random, into: memory, memoryIsZero: memoryIsZero)
      case .file(let source):
        try segment.read(from: source, into: memory)
        if !memoryIsZero { try segment.clearTail(after: segment.fileByteCount, in: memory) }
      }
    }
    for segment in segments {
      if case .file(let source) = segment.content { source.release() }
    }
  }
}

extension PlannedSegment {
  /// Writes bytes of ours to the beginning of the segment, and zeros after them.
  fileprivate func write(_ bytes: [UInt8], into memory: GuestMemory, memoryIsZero: Bool) throws(BootError) {
    do throws(GuestMemoryError) {
      // Sound: the bytes of a UInt8 are initialized, all of them.
      try unsafe memory.write(bytes.span.bytes, at: address)
    } catch {
      throw .memory(what: name, error)
    }
    if !memoryIsZero { try clearTail(after: UInt64(bytes.count), in: memory) }
  }

  /// Sets what follows the first `count` bytes of the segment to zero.
  fileprivate func clearTail(after count: UInt64, in memory: GuestMemory) throws(BootError) {
    guard memoryByteCount > count, let start = address.advanced(by: count) else { return }
    do throws(GuestMemoryError) {
      try memory.fill(0, at: start, byteCount: memoryByteCount - count)
    } catch {
      throw .memory(what: name, error)
    }
  }

  /// Reads the segment's part of `source` into guest memory, without a buffer between.
  fileprivate func read(from source: any ImageSource, into memory: GuestMemory) throws(BootError) {
    var done: UInt64 = 0
    while done < fileByteCount {
      guard let target = address.advanced(by: done), let offset = (fileOffset ?? 0).adding(done) else {
        throw .memory(what: name, .outOfBounds(address, byteCount: fileByteCount))
      }
      let rest = fileByteCount - done
      // All at once where it lies in one region, as it nearly always does. Where it does not, a
      // page at a time: a region is made of whole pages, so no page is in two.
      let page = min(rest, 4096 - target.rawValue % 4096)
      let whole = unsafe memory.hostAddress(of: target, byteCount: rest)
      guard let count = Int(exactly: unsafe whole == nil ? page : rest),
        let host = unsafe whole ?? memory.hostAddress(of: target, byteCount: page),
        !memory.isReadOnly(target)
      else { throw .memory(what: name, .outOfBounds(target, byteCount: rest)) }
      // Sound: `hostAddress` has checked that these bytes of this process are guest memory, and
      // `memory` keeps them mapped during the call.
      let buffer = unsafe UnsafeMutableRawBufferPointer(start: host, count: count)
      var span = unsafe buffer.mutableBytes
      try source.fill(&span, from: offset)
      done += UInt64(count)
    }
  }
}

extension GuestMemory {
  /// Whether `address` lies in a region that the guest cannot write to.
  fileprivate func isReadOnly(_ address: GuestAddress) -> Bool {
    regions.contains {
      $0.isReadOnly && address >= $0.base && address.rawValue - $0.base.rawValue < $0.byteCount
    }
  }
}

extension UInt64 {
  /// The sum, or nil where it does not fit: for values that come from a file.
  func adding(_ other: UInt64) -> UInt64? {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? nil : sum
  }
}
