import Glibc
import GuestMemory
import Testing

/// Two adjacent regions, the second read-only, a hole, and a third region.
private func fixture() throws -> GuestMemory {
  try GuestMemory(regions: [
    MemoryRegion(base: GuestAddress(0x8000), byteCount: 0x1000),
    MemoryRegion(base: GuestAddress(0), byteCount: 0x2000),
    MemoryRegion(base: GuestAddress(0x2000), byteCount: 0x1000, isReadOnly: true),
    MemoryRegion(base: GuestAddress(0x3000), byteCount: 0x1000),
  ])
}

private func write(_ bytes: [UInt8], to memory: GuestMemory, at address: UInt64) throws(GuestMemoryError) {
  // Sound: bytes have no padding.
  try unsafe memory.write(bytes.span.bytes, at: GuestAddress(address))
}

private func load(_ bytes: [UInt8], into memory: GuestMemory, at address: UInt64) throws(GuestMemoryError) {
  // Sound: bytes have no padding.
  try unsafe memory.load(bytes.span.bytes, at: GuestAddress(address))
}

@Suite struct GuestMemoryAccessTests {
  @Test func integersAreLittleEndian() throws {
    let memory = try fixture()
    try memory.write(0x1122_3344_5566_7788 as UInt64, at: GuestAddress(0x101))
    #expect(
      try memory.readBytes(at: GuestAddress(0x101), count: 8)
        == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    #expect(try memory.read(UInt16.self, at: GuestAddress(0x102)) == 0x6677)
    #expect(try memory.read(UInt32.self, at: GuestAddress(0x105)) == 0x1122_3344)
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x108)) == 0x11)
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x109)) == 0)
  }

  @Test func newMemoryIsZero() throws {
    let memory = try fixture()
    #expect(try memory.readBytes(at: GuestAddress(0), count: 0x4000).allSatisfy { $0 == 0 })
    #expect(memory.byteCount == 0x5000)
    #expect(memory.regions.map(\.base.rawValue) == [0, 0x2000, 0x3000, 0x8000])
  }

  @Test func theLastByteAndTheOneAfter() throws {
    let memory = try fixture()
    for last in [0x3FFF as UInt64, 0x8FFF] {
      try memory.write(0xAB as UInt8, at: GuestAddress(last))
      #expect(try memory.read(UInt8.self, at: GuestAddress(last)) == 0xAB)
      #expect(memory.contains(GuestAddress(last), byteCount: 1))
      #expect(!memory.contains(GuestAddress(last), byteCount: 2))
      #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(last), byteCount: 2)) {
        try memory.read(UInt16.self, at: GuestAddress(last))
      }
      #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(last), byteCount: 8)) {
        try memory.write(0 as UInt64, at: GuestAddress(last))
      }
      #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(last + 1), byteCount: 1)) {
        try memory.read(UInt8.self, at: GuestAddress(last + 1))
      }
      // What was refused changed nothing.
      #expect(try memory.read(UInt8.self, at: GuestAddress(last)) == 0xAB)
    }
  }

  @Test func aRangeThatWrapsIsRefused() throws {
    let top = try MemoryRegion(base: GuestAddress(0xFFFF_FFFF_FFFF_E000), byteCount: 0x1000)
    let low = try MemoryRegion(base: GuestAddress(0), byteCount: 0x1000)
    let memory = try GuestMemory(regions: [top, low])
    #expect(try memory.read(UInt64.self, at: GuestAddress(0xFFFF_FFFF_FFFF_EFF8)) == 0)
    // Not the end of a string.
    try memory.write(0x61 as UInt8, at: GuestAddress(0xFFFF_FFFF_FFFF_EFFF))
    for address: UInt64 in [0xFFFF_FFFF_FFFF_EFFF, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_F000] {
      for count: UInt64 in [2, 0x1000, 0x2000, 0xFFFF_FFFF, .max, .max - 4095] {
        #expect(!memory.contains(GuestAddress(address), byteCount: count))
        #expect(throws: GuestMemoryError.self) {
          try memory.fill(1, at: GuestAddress(address), byteCount: count)
        }
      }
      #expect(throws: GuestMemoryError.self) { try memory.read(UInt64.self, at: GuestAddress(address)) }
      #expect(throws: GuestMemoryError.self) { try memory.write(1 as UInt64, at: GuestAddress(address)) }
      #expect(throws: GuestMemoryError.self) { try memory.readBytes(at: GuestAddress(address), count: .max) }
      #expect(throws: GuestMemoryError.self) { try memory.readString(at: GuestAddress(address), limit: .max) }
      #expect(unsafe memory.hostAddress(of: GuestAddress(address), byteCount: .max) == nil)
    }
    // The bytes at 0 are not what follows the top.
    #expect(try memory.read(UInt8.self, at: GuestAddress(0)) == 0)
  }

  @Test func lengthsADriverMayLieAbout() throws {
    let memory = try fixture()
    // Descriptor lengths of 0 and 4 GiB less one, at 0, in the hole, past all memory.
    for address: UInt64 in [0, 1, 0x4000, 0x8000, 0x9000, 0xFFFF_FFFF_FFFF_FFFF] {
      #expect(memory.contains(GuestAddress(address), byteCount: 0))
      #expect(!memory.contains(GuestAddress(address), byteCount: 0xFFFF_FFFF))
      #expect(try memory.readBytes(at: GuestAddress(address), count: 0).isEmpty)
      try memory.fill(0xFF, at: GuestAddress(address), byteCount: 0)
      try write([], to: memory, at: address)
      #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(address), byteCount: 0xFFFF_FFFF)) {
        try memory.readBytes(at: GuestAddress(address), count: 0xFFFF_FFFF)
      }
      #expect(throws: GuestMemoryError.self) {
        try memory.readBytes(at: GuestAddress(address), count: -1)
      }
      #expect(throws: GuestMemoryError.self) {
        try memory.readBytes(at: GuestAddress(address), count: .min)
      }
    }
    #expect(try memory.readBytes(at: GuestAddress(0), count: 0x4000).allSatisfy { $0 == 0 })
  }

  @Test func whatIsReadIsAsLongAsItWasAskedFor() throws {
    let memory = try fixture()
    for count in [0, 1, 7, 4096, 4097, 0x4000] {
      #expect(try memory.readBytes(at: GuestAddress(0), count: count).count == count)
    }
    #expect(throws: GuestMemoryError.self) { try memory.readBytes(at: GuestAddress(0), count: 0x4001) }
  }

  @Test func valuesStraddleAdjacentRegions() throws {
    let memory = try fixture()
    try load([0x44, 0x33, 0x22, 0x11], into: memory, at: 0x1FFE)
    #expect(try memory.read(UInt32.self, at: GuestAddress(0x1FFE)) == 0x1122_3344)
    let bytes = (0..<0x3000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try load(bytes, into: memory, at: 0x800)
    #expect(try memory.readBytes(at: GuestAddress(0x800), count: 0x3000) == bytes)
    // Host memory is contiguous only in one region.
    #expect(unsafe memory.hostAddress(of: GuestAddress(0x1FFE), byteCount: 4) == nil)
    #expect(unsafe memory.hostAddress(of: GuestAddress(0x1FFC), byteCount: 4) != nil)
    #expect(unsafe memory.hostAddress(of: GuestAddress(0x4000), byteCount: 1) == nil)

    let writable = try GuestMemory(regions: [
      MemoryRegion(base: GuestAddress(0), byteCount: 0x1000),
      MemoryRegion(base: GuestAddress(0x1000), byteCount: 0x1000),
    ])
    try writable.write(0xAABB_CCDD as UInt32, at: GuestAddress(0xFFD))
    #expect(try writable.readBytes(at: GuestAddress(0xFFD), count: 4) == [0xDD, 0xCC, 0xBB, 0xAA])
    try writable.fill(0x5A, at: GuestAddress(0xFF0), byteCount: 0x20)
    #expect(try writable.readBytes(at: GuestAddress(0xFF0), count: 0x20).allSatisfy { $0 == 0x5A })
    #expect(try writable.read(UInt8.self, at: GuestAddress(0xFEF)) == 0)
    #expect(try writable.read(UInt8.self, at: GuestAddress(0x1010)) == 0)
  }

  @Test func aReadOnlyRegionTakesNoWrites() throws {
    let memory = try fixture()
    try load([1, 2, 3, 4], into: memory, at: 0x2000)
    for address: UInt64 in [0x2000, 0x2FFF, 0x1FFF] {
      #expect(throws: GuestMemoryError.readOnly(GuestAddress(address), byteCount: 2)) {
        try memory.write(0xFFFF as UInt16, at: GuestAddress(address))
      }
      #expect(throws: GuestMemoryError.readOnly(GuestAddress(address), byteCount: 2)) {
        try write([0xFF, 0xFF], to: memory, at: address)
      }
      #expect(throws: GuestMemoryError.readOnly(GuestAddress(address), byteCount: 2)) {
        try memory.fill(0xFF, at: GuestAddress(address), byteCount: 2)
      }
    }
    // A write over all of it, begun in writable memory, changes nothing there either.
    #expect(throws: GuestMemoryError.readOnly(GuestAddress(0x1000), byteCount: 0x3000)) {
      try memory.fill(0xFF, at: GuestAddress(0x1000), byteCount: 0x3000)
    }
    #expect(try memory.readBytes(at: GuestAddress(0x1000), count: 0x1000).allSatisfy { $0 == 0 })
    #expect(try memory.readBytes(at: GuestAddress(0x2000), count: 4) == [1, 2, 3, 4])
    // Neighbours are writable to their last and from their first byte.
    try memory.write(1 as UInt8, at: GuestAddress(0x1FFF))
    try memory.write(1 as UInt8, at: GuestAddress(0x3000))
  }

  @Test func aLoadThatDoesNotFitWritesNothing() throws {
    let memory = try fixture()
    #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(0x3FFE), byteCount: 3)) {
      try load([1, 2, 3], into: memory, at: 0x3FFE)
    }
    #expect(try memory.read(UInt16.self, at: GuestAddress(0x3FFE)) == 0)
  }

  @Test func structuresAreReadAndWrittenWhole() throws {
    struct Descriptor: BitwiseCopyable, Equatable {
      var address: UInt64
      var length: UInt32
      var flags: UInt16
      var next: UInt16
    }
    let memory = try fixture()
    let descriptor = Descriptor(address: 0x1234, length: 0xFFFF_FFFF, flags: 3, next: 9)
    for address: UInt64 in [0, 3, 0xFFF1] where address < 0x4000 {
      try memory.write(descriptor, at: GuestAddress(address))
      #expect(try memory.read(Descriptor.self, at: GuestAddress(address)) == descriptor)
    }
    #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(0x8FF1), byteCount: 16)) {
      try memory.read(Descriptor.self, at: GuestAddress(0x8FF1))
    }
  }

  @Test func noMemoryAtAll() throws {
    let memory = try GuestMemory(regions: [])
    #expect(memory.byteCount == 0)
    #expect(!memory.contains(GuestAddress(0), byteCount: 1))
    #expect(throws: GuestMemoryError.self) { try memory.read(UInt8.self, at: GuestAddress(0)) }
  }

  /// A model that knows each byte alone, and thousands of random accesses around the edges.
  @Test func randomAccessesAgreeWithAModel() throws {
    let memory = try fixture()
    var model: [UInt64: UInt8] = [:]
    for region in memory.regions {
      for offset in 0..<region.byteCount { model[region.base.rawValue + offset] = 0 }
    }
    let readOnly: Range<UInt64> = 0x2000..<0x3000
    let edges: [UInt64] = [0, 0x1000, 0x2000, 0x3000, 0x4000, 0x8000, 0x9000, .max]
    var generator = SystemRandomNumberGenerator()
    for step in 0..<20_000 {
      let address = edges.randomElement()! &+ UInt64.random(in: 0..<24, using: &generator) &- 12
      let count = Int.random(in: 0..<24, using: &generator)
      let cells = (0..<UInt64(count)).map { address.addingReportingOverflow($0) }
      let isInside = cells.allSatisfy { !$0.overflow && model[$0.partialValue] != nil }
      let isWritable = isInside && !cells.contains { readOnly.contains($0.partialValue) }
      #expect(memory.contains(GuestAddress(address), byteCount: UInt64(count)) == isInside)
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: step &+ $0) }
      switch step % 4 {
      case 0:
        let read = try? memory.readBytes(at: GuestAddress(address), count: count)
        #expect(read == (isInside ? cells.map { model[$0.partialValue]! } : nil))
      case 1:
        let done: Void? = try? write(bytes, to: memory, at: address)
        #expect((done != nil) == isWritable)
        if isWritable { for (cell, byte) in zip(cells, bytes) { model[cell.partialValue] = byte } }
      case 2:
        let done: Void? = try? load(bytes, into: memory, at: address)
        #expect((done != nil) == isInside)
        if isInside { for (cell, byte) in zip(cells, bytes) { model[cell.partialValue] = byte } }
      default:
        let value = UInt32.random(in: 0 ... .max, using: &generator)
        let four = (0..<UInt64(4)).map { address.addingReportingOverflow($0) }
        let fits = four.allSatisfy { !$0.overflow && model[$0.partialValue] != nil }
        let takes = fits && !four.contains { readOnly.contains($0.partialValue) }
        let done: Void? = try? memory.write(value, at: GuestAddress(address))
        #expect((done != nil) == takes)
        if takes {
          for (index, cell) in four.enumerated() {
            model[cell.partialValue] = UInt8(truncatingIfNeeded: value >> (8 * index))
          }
        }
        let read = try? memory.read(UInt32.self, at: GuestAddress(address))
        #expect((read != nil) == fits)
        if takes { #expect(read == value) }
      }
    }
    for region in memory.regions {
      let bytes = try memory.readBytes(at: region.base, count: Int(region.byteCount))
      #expect(bytes.indices.allSatisfy { bytes[$0] == model[region.base.rawValue + UInt64($0)] })
    }
  }
}

@Suite struct GuestStringTests {
  @Test func stringsEndAtTheirNUL() throws {
    let memory = try fixture()
    try load(Array("console=ttyS0\0quiet".utf8), into: memory, at: 0x10)
    #expect(try memory.readString(at: GuestAddress(0x10), limit: 100) == "console=ttyS0")
    #expect(try memory.readString(at: GuestAddress(0x10), limit: 14) == "console=ttyS0")
    #expect(try memory.readString(at: GuestAddress(0), limit: 1) == "")
  }

  @Test func theLimitCountsTheNUL() throws {
    let memory = try fixture()
    try load(Array("abc\0".utf8), into: memory, at: 0)
    for limit in [Int.min, -1, 0, 1, 3] {
      #expect(throws: GuestMemoryError.unterminatedString(GuestAddress(0), limit: limit)) {
        try memory.readString(at: GuestAddress(0), limit: limit)
      }
    }
    #expect(try memory.readString(at: GuestAddress(0), limit: 4) == "abc")
    #expect(try memory.readString(at: GuestAddress(0), limit: .max) == "abc")
  }

  @Test func aStringThatRunsOutOfMemoryIsRefused() throws {
    let memory = try fixture()
    try memory.fill(0x61, at: GuestAddress(0x3FF0), byteCount: 16)
    #expect(throws: GuestMemoryError.self) { try memory.readString(at: GuestAddress(0x3FF0), limit: 17) }
    #expect(throws: GuestMemoryError.unterminatedString(GuestAddress(0x3FF0), limit: 16)) {
      try memory.readString(at: GuestAddress(0x3FF0), limit: 16)
    }
    #expect(throws: GuestMemoryError.self) { try memory.readString(at: GuestAddress(0x5000), limit: 16) }
    #expect(throws: GuestMemoryError.self) { try memory.readString(at: GuestAddress(.max), limit: 16) }
  }

  @Test func aStringMayStraddleRegions() throws {
    let memory = try fixture()
    try load(Array("straddle\0".utf8), into: memory, at: 0x1FFC)
    #expect(try memory.readString(at: GuestAddress(0x1FFC), limit: 64) == "straddle")
  }

  @Test func bytesThatAreNotUTF8AreRepaired() throws {
    let memory = try fixture()
    try load([0x61, 0xFF, 0xC3, 0x62, 0], into: memory, at: 0)
    #expect(try memory.readString(at: GuestAddress(0), limit: 64) == "a\u{FFFD}\u{FFFD}b")
    try load([0xC3, 0xA9, 0], into: memory, at: 0)
    #expect(try memory.readString(at: GuestAddress(0), limit: 64) == "é")
  }
}

@Suite struct PopulatingTests {
  @Test func populatedPagesAreFilledWithoutFaults() throws {
    let memory = try GuestMemory(pcWithByteCount: 4 << 20)
    #expect(memory.populate(GuestAddress(0x10_0123), byteCount: 1 << 20))
    let before = pageFaults()
    try memory.fill(0xAB, at: GuestAddress(0x10_0123), byteCount: 1 << 20)
    let after = pageFaults()
    try memory.fill(0xAB, at: GuestAddress(0x28_0123), byteCount: 1 << 20)
    // 257 pages; a host that uses huge pages has a fault for each of those.
    #expect(after - before < 10)
    #expect(pageFaults() > after)
  }

  @Test func whatIsNotInOneRegionIsLeftToTheFaults() throws {
    let memory = try fixture()
    #expect(!memory.populate(GuestAddress(0x3000), byteCount: 0x1001))
    #expect(!memory.populate(GuestAddress(0x4000), byteCount: 1))
    #expect(!memory.populate(GuestAddress(0x8000), byteCount: .max))
    #expect(memory.populate(GuestAddress(0x3000), byteCount: 0x1000))
  }
}

/// How many page faults this thread has had (RUSAGE_THREAD is 1).
private func pageFaults() -> Int {
  var usage = rusage()
  // Sound: the pointer is valid for the call.
  unsafe getrusage(.init(1), &usage)
  return usage.ru_minflt
}
