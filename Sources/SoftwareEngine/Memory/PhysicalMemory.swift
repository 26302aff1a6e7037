internal import GuestMemory

/// The machine's RAM by physical address, as host memory.
@safe
final class PhysicalMemory {
  /// One region: `memory` keeps it mapped.
  @unsafe
  struct Region {
    var base: UInt64
    var byteCount: UInt64
    var host: UnsafeMutableRawPointer
    var isReadOnly: Bool
  }

  private let memory: GuestMemory
  private let regions: [Region]
  /// The largest one, where most addresses lie: looked at first.
  @unsafe private let largest: Region

  /// See `GuestMemory.writeCount`.
  var writeCount: UInt64 { memory.writeCount }

  init(_ memory: GuestMemory) {
    self.memory = memory
    // Sound: `memory` is kept, and with it every region's mapping.
    unsafe regions = memory.regions.map {
      unsafe Region(
        base: $0.base.rawValue, byteCount: $0.byteCount, host: $0.hostBase, isReadOnly: $0.isReadOnly)
    }
    // A machine without memory has a region of no bytes, in which no address lies.
    let none = unsafe Region(
      base: 0, byteCount: 0, host: UnsafeMutableRawPointer(bitPattern: 4096).unsafelyUnwrapped,
      isReadOnly: true)
    unsafe largest = regions.max { unsafe $0.byteCount < $1.byteCount } ?? none
  }

  /// The host address of the page at `page`, a multiple of 4096; nil where there is no RAM.
  @inline(__always)
  func host(ofPage page: UInt64) -> (address: UnsafeMutableRawPointer, isReadOnly: Bool)? {
    let offset = unsafe page &- largest.base
    // Sound: regions are whole pages.
    if unsafe offset < largest.byteCount {
      return unsafe (largest.host + Int(truncatingIfNeeded: offset), largest.isReadOnly)
    }
    return unsafe hostElsewhere(page)
  }

  @unsafe @inline(never)
  private func hostElsewhere(_ page: UInt64) -> (address: UnsafeMutableRawPointer, isReadOnly: Bool)? {
    for index in unsafe regions.indices {
      let region = unsafe regions[index]
      let offset = unsafe page &- region.base
      // Sound: regions are whole pages.
      if unsafe offset < region.byteCount {
        return unsafe (region.host + Int(truncatingIfNeeded: offset), region.isReadOnly)
      }
    }
    return nil
  }

  /// Reads a little-endian number, 4 or 8 bytes that do not cross a page; nil where there is no RAM.
  func load<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at address: UInt64) -> Value? {
    guard let page = unsafe host(ofPage: address & ~0xFFF) else { return nil }
    let offset = Int(address & 0xFFF)
    guard offset <= 4096 - MemoryLayout<Value>.size else { return nil }
    // Sound: the bytes lie in the page.
    return unsafe page.address.loadUnaligned(fromByteOffset: offset, as: type)
  }
}
