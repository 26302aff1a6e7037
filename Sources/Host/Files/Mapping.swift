import CLinux

/// A range of the process's memory made with mmap, with one owner that unmaps it.
@safe
public struct Mapping: ~Copyable, @unchecked Sendable {
  /// The first byte.
  @unsafe public let base: UnsafeMutableRawPointer
  /// The length, in bytes.
  public let byteCount: Int

  /// What the memory is made of.
  public enum Source {
    /// Private zero pages; with `isReserved` false, no swap space is set aside (MAP_NORESERVE).
    case anonymous(isReserved: Bool)
    /// A file, from its beginning, shared with whoever else maps it.
    case shared(descriptor: Int32)
  }

  /// Maps `byteCount` bytes for reading and writing.
  ///
  /// - Throws: the failure of mmap, named by `purpose`.
  public init(byteCount: Int, source: Source, purpose: String) throws(SystemError) {
    let flags: Int32
    var descriptor: Int32 = -1
    switch source {
    case .anonymous(let isReserved):
      flags = MAP_PRIVATE | MAP_ANONYMOUS | (isReserved ? 0 : MAP_NORESERVE)
    case .shared(let file):
      flags = MAP_SHARED
      descriptor = file
    }
    let address = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, descriptor, 0)
    guard let address = unsafe address, Int(bitPattern: address) != -1 else {
      throw .last("map \(byteCount) bytes for \(purpose)")
    }
    unsafe base = address
    self.byteCount = byteCount
  }

  deinit { unsafe munmap(base, byteCount) }

  /// Passes on advice to the kernel (madvise); advice that is refused changes nothing.
  public func advise(_ advice: Int32) { _ = unsafe madvise(base, byteCount, advice) }

  /// Has the host make the pages of a range ready to be written to, all in one call: a fault for each page costs
  /// about as much as to fill it (MADV_POPULATE_WRITE, Linux 5.14). A host that cannot leaves them to the faults.
  ///
  /// - Parameter range: in bytes from `base`; what lies outside of the mapping is left out.
  /// - Returns: whether the host did.
  @discardableResult
  public func populate(_ range: Range<Int>) -> Bool {
    let pageSize = 4096
    let range = range.clamped(to: 0..<byteCount)
    let start = range.lowerBound / pageSize * pageSize
    // Sound: the range lies in the mapping, which begins at a page.
    return unsafe madvise(base + start, range.upperBound - start, MADV_POPULATE_WRITE) == 0
  }
}
