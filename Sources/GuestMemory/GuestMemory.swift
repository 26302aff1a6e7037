internal import Synchronization

/// The guest's physical memory: some regions, and access to them that cannot leave them.
///
/// Every address and length may come from the guest. Each is checked, with overflow, before use;
/// what does not lie in memory is a thrown error, never a trap. The guest runs while we read: a
/// caller that needs a value twice reads it once into a local.
public final class GuestMemory: Sendable {
  /// The regions in ascending order of address; none overlap.
  public let regions: [MemoryRegion]
  private let writes = Atomic<UInt64>(0)

  /// Memory made of these regions.
  ///
  /// - Throws: `GuestMemoryError.overlap`.
  public init(regions: [MemoryRegion]) throws(GuestMemoryError) {
    let sorted = regions.sorted { $0.base < $1.base }
    for (low, high) in zip(sorted, sorted.dropFirst())
    where high.base.rawValue - low.base.rawValue < low.byteCount {
      throw .overlap(high.base, byteCount: high.byteCount)
    }
    self.regions = sorted
  }

  /// RAM of `byteCount` bytes laid out as on a PC (`PCMemoryLayout`).
  public convenience init(
    pcWithByteCount byteCount: UInt64, backing: MemoryRegion.Backing = .anonymous, hugePages: Bool = false
  ) throws(GuestMemoryError) {
    var regions: [MemoryRegion] = []
    for range in PCMemoryLayout(byteCount: byteCount).ranges {
      regions.append(
        try MemoryRegion(
          base: range.base, byteCount: range.byteCount, backing: backing, hugePages: hugePages))
    }
    try self.init(regions: regions)
  }

  /// Changes with every write from this side. An engine that keeps decoded code compares it with what it
  /// was when the code was decoded.
  public var writeCount: UInt64 { writes.load(ordering: .acquiring) }

  /// Says that memory was written to by its host address, as a device does that moves data itself.
  public func noteWrite() { writes.wrappingAdd(1, ordering: .releasing) }

  /// All RAM, in bytes.
  public var byteCount: UInt64 { regions.reduce(0) { $0 + $1.byteCount } }

  /// Whether the `byteCount` bytes at `address` all lie in memory.
  public func contains(_ address: GuestAddress, byteCount: UInt64) -> Bool {
    var address = address
    var rest = byteCount
    while rest > 0 {
      guard let region = region(holding: address) else { return false }
      let available = region.byteCount - (address.rawValue - region.base.rawValue)
      if rest <= available { return true }
      rest -= available
      guard let next = address.advanced(by: available) else { return false }
      address = next
    }
    return true
  }

  // MARK: Typed access

  /// Reads a value of a fixed layout; multi-byte integers are little-endian, as x86 is.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`.
  public func read<Value: BitwiseCopyable>(_ type: Value.Type = Value.self, at address: GuestAddress)
    throws(GuestMemoryError) -> Value
  {
    let count = UInt64(MemoryLayout<Value>.size)
    if let region = region(holding: address), region.contains(address, byteCount: count) {
      // Sound: the range was just checked; loadUnaligned asks for no alignment.
      return unsafe region.hostBase.loadUnaligned(
        fromByteOffset: Int(address.rawValue - region.base.rawValue), as: type)
    }
    // The value may straddle two adjacent regions.
    let bytes = try readBytes(at: address, count: Int(count))
    return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: type) }
  }

  /// Writes a value of a fixed layout.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`, `.readOnly`.
  public func write<Value: BitwiseCopyable>(_ value: Value, at address: GuestAddress) throws(GuestMemoryError)
  {
    let count = UInt64(MemoryLayout<Value>.size)
    if let region = region(holding: address), region.contains(address, byteCount: count), !region.isReadOnly {
      // Sound: the range was just checked; storeBytes asks for no alignment.
      unsafe region.hostBase.storeBytes(
        of: value, toByteOffset: Int(address.rawValue - region.base.rawValue), as: Value.self)
      noteWrite()
      return
    }
    var copy = value
    try unsafe Swift.withUnsafeBytes(of: &copy) { source throws(GuestMemoryError) in
      try unsafe write(source.bytes, at: address)
    }
  }

  // MARK: Bulk access

  /// Copies guest memory into a new array. `count` must be one that the caller has bounded.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`; nothing is allocated then.
  public func readBytes(at address: GuestAddress, count: Int) throws(GuestMemoryError) -> [UInt8] {
    guard count >= 0, contains(address, byteCount: UInt64(count)) else {
      throw .outOfBounds(address, byteCount: UInt64(max(count, 0)))
    }
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      var done = 0
      unsafe forEachPiece(at: address, byteCount: count) { host, size, _ in
        unsafe (UnsafeMutableRawPointer(buffer.baseAddress! + done)).copyMemory(from: host, byteCount: size)
        done += size
      }
      initialized = count
    }
  }

  /// Copies bytes into guest memory.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`, `.readOnly`; nothing is written then.
  public func write(_ bytes: RawSpan, at address: GuestAddress) throws(GuestMemoryError) {
    try checkWritable(address, byteCount: UInt64(bytes.byteCount))
    defer { noteWrite() }
    unsafe bytes.withUnsafeBytes { source in
      unsafe forEachPiece(at: address, byteCount: source.count) { host, size, offset in
        unsafe host.copyMemory(from: source.baseAddress! + offset, byteCount: size)
      }
    }
  }

  /// Copies an array's bytes into guest memory.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`, `.readOnly`; nothing is written then.
  public func write(_ bytes: [UInt8], at address: GuestAddress) throws(GuestMemoryError) {
    // Sound: every pattern of bits is a UInt8, and the span does not outlive the call.
    try unsafe write(bytes.span.bytes, at: address)
  }

  /// Copies bytes into guest memory, read-only regions included: how a ROM gets its content.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`; nothing is written then.
  public func load(_ bytes: RawSpan, at address: GuestAddress) throws(GuestMemoryError) {
    guard contains(address, byteCount: UInt64(bytes.byteCount)) else {
      throw .outOfBounds(address, byteCount: UInt64(bytes.byteCount))
    }
    defer { noteWrite() }
    unsafe bytes.withUnsafeBytes { source in
      unsafe forEachPiece(at: address, byteCount: source.count) { host, size, offset in
        unsafe host.copyMemory(from: source.baseAddress! + offset, byteCount: size)
      }
    }
  }

  /// Sets `byteCount` bytes to `value`.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`, `.readOnly`; nothing is written then.
  public func fill(_ value: UInt8, at address: GuestAddress, byteCount: UInt64) throws(GuestMemoryError) {
    try checkWritable(address, byteCount: byteCount)
    defer { noteWrite() }
    unsafe forEachPiece(at: address, byteCount: Int(byteCount)) { host, size, _ in
      unsafe host.initializeMemory(as: UInt8.self, repeating: value, count: size)
    }
  }

  /// Reads a NUL-terminated string of at most `limit` bytes, without the NUL. Bytes that are not
  /// UTF-8 are repaired.
  ///
  /// - Throws: `GuestMemoryError.outOfBounds`, `.unterminatedString`.
  public func readString(at address: GuestAddress, limit: Int) throws(GuestMemoryError) -> String {
    var bytes: [UInt8] = []
    while bytes.count < limit {
      guard let next = address.advanced(by: UInt64(bytes.count)) else {
        throw .outOfBounds(address, byteCount: UInt64(limit))
      }
      let byte = try read(UInt8.self, at: next)
      if byte == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    throw .unterminatedString(address, limit: limit)
  }

  // MARK: Host access

  /// Where the `byteCount` bytes at `address` are in this process, for code that must share them
  /// with the kernel or a device ring. Nil where they do not lie in one region.
  @unsafe
  public func hostAddress(of address: GuestAddress, byteCount: UInt64) -> UnsafeMutableRawPointer? {
    guard let region = region(holding: address), region.contains(address, byteCount: byteCount) else {
      return nil
    }
    return unsafe region.hostBase + Int(address.rawValue - region.base.rawValue)
  }

  /// Has the host make the pages of a range ready, of which the caller will fill each: one call in place of a fault
  /// for every page. Without it the same happens, but slower.
  ///
  /// - Returns: whether the host did; not where the bytes do not lie in one region.
  @discardableResult
  public func populate(_ address: GuestAddress, byteCount: UInt64) -> Bool {
    region(holding: address)?.populate(address, byteCount: byteCount) ?? false
  }

  /// The region in which `address` lies.
  @inline(__always)
  func region(holding address: GuestAddress) -> MemoryRegion? {
    // A machine has two or three regions: a straight search beats a clever one.
    for region in regions where region.contains(address, byteCount: 1) { return region }
    return nil
  }

  private func checkWritable(_ address: GuestAddress, byteCount: UInt64) throws(GuestMemoryError) {
    guard contains(address, byteCount: byteCount) else { throw .outOfBounds(address, byteCount: byteCount) }
    guard byteCount > 0 else { return }
    let last = address.rawValue + (byteCount - 1)
    for region in regions where region.isReadOnly {
      let regionLast = region.base.rawValue + (region.byteCount - 1)
      if address.rawValue <= regionLast && last >= region.base.rawValue {
        throw .readOnly(address, byteCount: byteCount)
      }
    }
  }

  /// Calls `body` with the host memory of each piece of a range that `contains` accepted: its
  /// first byte, its size, and its offset in the range.
  private func forEachPiece(
    at address: GuestAddress, byteCount: Int, _ body: (UnsafeMutableRawPointer, Int, Int) -> Void
  ) {
    var done = 0
    while done < byteCount {
      guard let piece = address.advanced(by: UInt64(done)), let region = region(holding: piece) else {
        return
      }
      let offset = piece.rawValue - region.base.rawValue
      let size = Int(min(UInt64(byteCount - done), region.byteCount - offset))
      unsafe body(region.hostBase + Int(offset), size, done)
      done += size
    }
  }
}
