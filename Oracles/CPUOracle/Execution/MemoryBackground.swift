/// What the data pages hold before every test case: the same bytes every time, so that a case is a
/// few patches and not eight kilobytes.
@safe
final class MemoryBackground {
  private let template: UInt64
  private let storage: UnsafeMutableRawPointer

  init() {
    let byteCount = Int(ArenaLayout.dataByteCount)
    unsafe storage = .allocate(byteCount: byteCount, alignment: 64)
    template = UInt64(UInt(bitPattern: unsafe storage))
    Self.fill(template, byteCount: ArenaLayout.dataByteCount, seed: 1)
  }

  deinit { unsafe storage.deallocate() }

  /// Fills the page that cannot be written.
  static func fill(readOnlyPage address: UInt64) {
    fill(address, byteCount: ArenaLayout.readOnlyByteCount, seed: 2)
  }

  private static func fill(_ address: UInt64, byteCount: UInt64, seed: UInt64) {
    var source = RandomSource(seed: seed)
    for offset in stride(from: 0, to: byteCount, by: 8) {
      HostMemory.store(source.edgeValue(), at: address + offset)
    }
  }

  /// Puts the background alone at `address`.
  func copy(to address: UInt64) {
    HostMemory.copy(from: template, to: address, byteCount: ArenaLayout.dataByteCount)
  }

  /// Puts the background and the test's own bytes into the data pages that are kept at `address`.
  func prepare(_ address: UInt64, for test: TestCase) {
    HostMemory.copy(from: template, to: address, byteCount: ArenaLayout.dataByteCount)
    for index in 0..<test.patchCount {
      let patch = test.patches[index]
      put(patch.address, patch.low, into: address)
      put(patch.address &+ 8, patch.high, into: address)
    }
  }

  /// Writes what of eight bytes lies in the pages.
  private func put(_ target: UInt64, _ value: UInt64, into address: UInt64) {
    for index in UInt64(0)..<8 {
      let offset = target &+ index &- ArenaLayout.data
      if offset < ArenaLayout.dataByteCount {
        HostMemory.store(UInt8(truncatingIfNeeded: value >> (8 * index)), at: address + offset)
      }
    }
  }
}
