internal import GuestMemory

/// How a segment's content gets into guest memory.
extension PlannedSegment {
  /// Writes bytes of ours to the beginning of the segment.
  ///
  /// - Returns: how many, in bytes.
  func write(_ bytes: [UInt8], into memory: GuestMemory) throws(BootError) -> UInt64 {
    do throws(GuestMemoryError) {
      try memory.write(bytes, at: address)
    } catch {
      throw .memory(what: name, error)
    }
    return UInt64(bytes.count)
  }

  /// Sets what follows the first `count` bytes of the segment to zero.
  func clearTail(after count: UInt64, in memory: GuestMemory) throws(BootError) {
    guard memoryByteCount > count, let start = address.advanced(by: count) else { return }
    do throws(GuestMemoryError) {
      try memory.fill(0, at: start, byteCount: memoryByteCount - count)
    } catch {
      throw .memory(what: name, error)
    }
  }

  /// Reads part of the segment's content from `source` into guest memory, without a buffer between.
  ///
  /// - Parameters:
  ///   - start: where the part begins in the segment, in bytes.
  ///   - prepare: called with each range of memory and its length in bytes, before it is filled.
  func read(
    _ start: UInt64, count total: UInt64, from source: any ImageSource, into memory: GuestMemory,
    prepare: (GuestAddress, UInt64) -> Void
  ) throws(BootError) {
    var done: UInt64 = 0
    while done < total {
      guard let position = start.adding(done), let target = address.advanced(by: position),
        let offset = (fileOffset ?? 0).adding(position)
      else { throw .memory(what: name, .outOfBounds(address, byteCount: fileByteCount)) }
      let rest = total - done
      // All at once where it lies in one region, as it nearly always does. Where it does not, a
      // page at a time: a region is made of whole pages, so no page is in two.
      let page = min(rest, 4096 - target.rawValue % 4096)
      let whole = unsafe memory.hostAddress(of: target, byteCount: rest)
      guard let count = Int(exactly: unsafe whole == nil ? page : rest),
        let host = unsafe whole ?? memory.hostAddress(of: target, byteCount: page),
        !memory.isReadOnly(target)
      else { throw .memory(what: name, .outOfBounds(target, byteCount: rest)) }
      prepare(target, UInt64(count))
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
