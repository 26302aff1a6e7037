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

  /// See `GuestMemory.writeCount`.
  var writeCount: UInt64 { memory.writeCount }

  init(_ memory: GuestMemory) {
    self.memory = memory
    // Sound: `memory` is kept, and with it every region's mapping.
    unsafe regions = memory.regions.map {
      unsafe Region(
        base: $0.base.rawValue, byteCount: $0.byteCount, host: $0.hostBase, isReadOnly: $0.isReadOnly)
    }
  }

  /// The host address of the page at `page`, a multiple of 4096; nil where there is no RAM.
  @inline(__always)
  func host(ofPage page: UInt64) -> (address: UnsafeMutableRawPointer, isReadOnly: Bool)? {
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
