import Boot
import GuestMemory
import Testing
import X86

/// RAM of so many MiB.
func memory(mebibytes: UInt64) -> PCMemoryLayout { PCMemoryLayout(byteCount: mebibytes << 20) }

/// A request with 16 MiB of RAM.
func request(
  _ bytes: [UInt8], mode: BootRequest.Mode? = nil, in layout: PCMemoryLayout = memory(mebibytes: 16)
) -> BootRequest {
  BootRequest(image: BytesImage(bytes, name: "guest"), memory: layout, mode: mode)
}

/// The plan for some bytes in 16 MiB of RAM.
func plan(
  _ bytes: [UInt8], mode: BootRequest.Mode? = nil, in layout: PCMemoryLayout = memory(mebibytes: 16)
) throws(BootError) -> BootPlan {
  try BootPlan(request(bytes, mode: mode, in: layout))
}

/// The memory of a layout after a plan was carried out in it. What was in memory before is 0xA5
/// everywhere, so that what a plan forgets to clear shows.
func place(_ plan: BootPlan, in layout: PCMemoryLayout = memory(mebibytes: 16)) throws -> GuestMemory {
  let memory = try GuestMemory(
    regions: try layout.ranges.map { try MemoryRegion(base: $0.base, byteCount: $0.byteCount) })
  for range in layout.ranges { try memory.fill(0xA5, at: range.base, byteCount: range.byteCount) }
  try plan.place(into: memory)
  return memory
}

/// The error that making a plan ends with, or nil where it does not fail.
func failure(_ request: BootRequest) -> BootError? {
  do throws(BootError) {
    _ = try BootPlan(request)
    return nil
  } catch {
    return error
  }
}

/// The same for some bytes in 16 MiB of RAM.
func failure(
  _ bytes: [UInt8], mode: BootRequest.Mode? = nil, in layout: PCMemoryLayout = memory(mebibytes: 16)
) -> BootError? {
  failure(request(bytes, mode: mode, in: layout))
}

extension BootPlan {
  /// The only segment of a kind.
  func segment(_ kind: PlannedSegment.Kind) throws -> PlannedSegment {
    let found = segments.filter { $0.kind == kind }
    try #require(found.count == 1)
    return found[0]
  }
}

extension BootError {
  /// The case's name, so that a test can expect a kind of error without its details.
  var kind: String {
    switch self {
    case .unreadable: "unreadable"
    case .cutShort: "cutShort"
    case .empty: "empty"
    case .unsupported: "unsupported"
    case .malformed: "malformed"
    case .tooLarge: "tooLarge"
    case .outsideMemory: "outsideMemory"
    case .noRoom: "noRoom"
    case .overlap: "overlap"
    case .entryOutsideImage: "entryOutsideImage"
    case .optionRefused: "optionRefused"
    case .informationTooLarge: "informationTooLarge"
    case .memory: "memory"
    }
  }
}

extension [UInt8] {
  /// Writes a little-endian integer over the bytes at `offset`.
  mutating func set<Value: FixedWidthInteger>(_ value: Value, at offset: Int) {
    for index in 0..<MemoryLayout<Value>.size {
      self[offset + index] = UInt8(truncatingIfNeeded: value >> Value(index * 8))
    }
  }

  /// The array with zeros up to `count` bytes.
  func padded(to count: Int) -> [UInt8] {
    self + [UInt8](repeating: 0, count: Swift.max(0, count - self.count))
  }
}
