import Boot
import GuestMemory
import Testing

/// A source whose file was shortened after it was opened.
private struct ShrunkImage: ImageSource {
  let name = "shrunk"
  let bytes: [UInt8]
  let byteCount: UInt64

  func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int {
    try BytesImage(bytes, name: name).read(at: offset, into: &buffer)
  }
}

/// A source that grows shorter once it was planned with, or that fails.
private final class TreacherousImage: ImageSource {
  let name = "treacherous"
  let byteCount: UInt64
  private let whole: BytesImage
  private let headLimit: UInt64

  /// Gives the bytes below `headLimit` only.
  init(_ bytes: [UInt8], headLimit: UInt64) {
    whole = BytesImage(bytes, name: name)
    byteCount = UInt64(bytes.count)
    self.headLimit = headLimit
  }

  func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int {
    guard offset < headLimit else {
      throw .unreadable(image: name, offset: offset, reason: "Input/output error")
    }
    return try whole.read(at: offset, into: &buffer)
  }
}

struct ImageSourceTests {
  private func read(_ image: BytesImage, at offset: UInt64, count: Int) throws -> (Int, [UInt8]) {
    var bytes = [UInt8](repeating: 0xEE, count: count)
    var elements = bytes.mutableSpan
    // Sound: every pattern of bits is a UInt8.
    var span = unsafe elements.mutableBytes
    return (try image.read(at: offset, into: &span), bytes)
  }

  @Test func bytesAreReadByPosition() throws {
    let image = BytesImage([1, 2, 3, 4, 5], name: "five")
    #expect(try read(image, at: 1, count: 3) == (3, [2, 3, 4]))
    #expect(try read(image, at: 3, count: 4) == (2, [4, 5, 0xEE, 0xEE]))
    #expect(try read(image, at: 5, count: 1) == (0, [0xEE]))
    #expect(try read(image, at: .max, count: 1) == (0, [0xEE]))
    #expect(try read(image, at: 2, count: 0) == (0, []))
  }

  @Test func aFileThatIsShorterThanItsLengthIsRefused() {
    let source = ShrunkImage(bytes: [0xF4], byteCount: 2)
    let error = failure(BootRequest(image: source, memory: memory(mebibytes: 16)))
    #expect(error == .cutShort(image: "shrunk", offset: 0, wanted: 2, got: 1))
  }

  @Test func aFileThatShrinksAfterPlanningIsNoticedOnPlacing() throws {
    // 64 KiB: only the head is read to plan.
    let source = ShrunkImage(bytes: [UInt8](repeating: 0x90, count: 40 << 10), byteCount: 64 << 10)
    let plan = try BootPlan(BootRequest(image: source, memory: memory(mebibytes: 16)))
    #expect(throws: BootError.cutShort(image: "shrunk", offset: 0, wanted: 64 << 10, got: 40 << 10)) {
      try place(plan)
    }
  }

  @Test func aFailureToReadIsPassedOn() throws {
    var file = ELFFile.simple()
    file.add([UInt8](repeating: 0x90, count: 64 << 10), at: 0x20_0000)
    let source = TreacherousImage(file.bytes, headLimit: 128)
    let plan = try BootPlan(BootRequest(image: source, memory: memory(mebibytes: 16)))
    let error = #expect(throws: BootError.self) { try place(plan) }
    #expect(error?.kind == "unreadable")
    #expect(error?.description.contains("Input/output error") == true)
  }

  @Test func memoryOfAnotherLayoutIsRefused() throws {
    let plan = try plan([0xF4], mode: .long)
    let error = #expect(throws: BootError.self) { try place(plan, in: PCMemoryLayout(byteCount: 1 << 20)) }
    #expect(error?.kind == "memory")
  }

  @Test func readOnlyMemoryIsRefused() throws {
    let rom = try GuestMemory(
      regions: [try MemoryRegion(base: GuestAddress(0), byteCount: 1 << 20, isReadOnly: true)])
    let plan = try plan([0xF4])
    let error = #expect(throws: BootError.self) { try plan.place(into: rom) }
    #expect(error?.kind == "memory")
  }

  @Test func aSegmentMayCrossFromOneRegionToTheNext() throws {
    let memory = try GuestMemory(
      regions: [
        try MemoryRegion(base: GuestAddress(0), byteCount: 0x11000),
        try MemoryRegion(base: GuestAddress(0x11000), byteCount: 0x10000),
      ])
    let bytes = (0..<0x3000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    try plan(bytes, mode: .real16).place(into: memory)
    #expect(try memory.readBytes(at: GuestAddress(0x10000), count: bytes.count) == bytes)
  }
}
