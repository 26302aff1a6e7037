import GuestMemory
import Host
import Testing

@testable import Boot

/// A big image whose reads take turns with those of other threads, and fail from some offset on.
private final class SharedImage: ImageSource {
  let name = "shared"
  let bytes: [UInt8]
  let failsFrom: UInt64
  /// How many reads were under way, how many were at once at the most, and how many there were.
  private let reads = Lock((now: 0, most: 0, count: 0))
  private let releases = Lock(0)

  init(byteCount: Int, failsFrom: UInt64 = .max) {
    // Different in each page and in each piece.
    bytes = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 17) }
    self.failsFrom = failsFrom
  }

  var byteCount: UInt64 { UInt64(bytes.count) }
  var readCount: Int { reads.withLock { $0.count } }
  var mostAtOnce: Int { reads.withLock { $0.most } }
  var releaseCount: Int { releases.withLock { $0 } }

  func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int {
    reads.withLock {
      $0.now += 1
      $0.count += 1
      $0.most = max($0.most, $0.now)
    }
    defer { reads.withLock { $0.now -= 1 } }
    if offset >= failsFrom { throw .unreadable(image: name, offset: offset, reason: "Input/output error") }
    return try BytesImage(bytes, name: name).read(at: offset, into: &buffer)
  }

  func release() { releases.withLock { $0 += 1 } }
}

struct BootPlacementTests {
  private let layout = PCMemoryLayout(byteCount: 32 << 20)

  /// A plan for an image that is no multiple of a page long, at an address that is no multiple of a piece.
  private func plan(_ image: SharedImage) throws -> BootPlan {
    var request = BootRequest(image: image, memory: layout, mode: .long)
    request.loadAddress = 0x10_3000
    return try BootPlan(request)
  }

  private func memory() throws -> GuestMemory { try GuestMemory(pcWithByteCount: 32 << 20) }

  @Test(arguments: [1, 2, 5])
  func anyNumberOfThreadsDoesTheSame(threadCount: Int) throws {
    let image = SharedImage(byteCount: 9 << 20 | 123)
    let memory = try memory()
    let placement = BootPlacement(of: try plan(image), into: memory, memoryIsZero: true)
    #expect(placement.fileByteCount == 9 << 20 | 123)
    let threads = try (0..<threadCount).map { try HostThread.start(name: "test\($0)") { placement.work() } }
    for thread in threads { thread.join() }
    try placement.finish()
    #expect(try memory.readBytes(at: GuestAddress(0x10_3000), count: image.bytes.count) == image.bytes)
    #expect(
      try memory.readBytes(at: GuestAddress(0x10_3000 + image.byteCount), count: 4096).allSatisfy { $0 == 0 })
    #expect(image.releaseCount == 1)
    #expect(image.mostAtOnce <= threadCount)
    // The head was read to plan with.
    #expect(image.readCount > 18)
  }

  @Test func theFirstFailureIsToldWhoeverMeetsIt() throws {
    for threadCount in [1, 4] {
      let image = SharedImage(byteCount: 9 << 20, failsFrom: 3 << 20)
      let placement = BootPlacement(of: try plan(image), into: try memory())
      let threads = try (0..<threadCount).map { try HostThread.start(name: "test\($0)") { placement.work() } }
      for thread in threads { thread.join() }
      // Pieces end at multiples of half a MiB of guest memory.
      #expect(
        throws: BootError.unreadable(
          image: "shared", offset: 0x30_0000 + 0x7_D000, reason: "Input/output error")
      ) {
        try placement.finish()
      }
      #expect(image.releaseCount == 0)
    }
  }

  @Test func whatIsCancelledIsNotBegun() throws {
    let image = SharedImage(byteCount: 4 << 20)
    let placement = BootPlacement(of: try plan(image), into: try memory(), memoryIsZero: true)
    let planned = image.readCount
    placement.cancel()
    placement.work()
    #expect(image.readCount == planned)
  }
}
