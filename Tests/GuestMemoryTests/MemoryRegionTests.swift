import CLinux
import GuestMemory
import Host
import Testing

@Suite struct MemoryRegionTests {
  @Test(arguments: [
    (0 as UInt64, 0 as UInt64), (1, 0x1000), (0x800, 0x1000), (0x1000, 1), (0x1000, 0xFFF), (0, 0x1001),
    (.max, 0x1000), (0, .max),
  ])
  func wholePagesOnly(base: UInt64, byteCount: UInt64) {
    #expect(throws: GuestMemoryError.misaligned(GuestAddress(base), byteCount: byteCount)) {
      _ = try MemoryRegion(base: GuestAddress(base), byteCount: byteCount)
    }
  }

  @Test(arguments: [
    (0xFFFF_FFFF_FFFF_F000 as UInt64, 0x1000 as UInt64), (0x1000, 0xFFFF_FFFF_FFFF_F000),
    (0x8000_0000_0000_0000, 0x8000_0000_0000_0000), (0, 0x8000_0000_0000_0000),
  ])
  func aRegionMustFitTheAddressSpace(base: UInt64, byteCount: UInt64) {
    #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(base), byteCount: byteCount)) {
      _ = try MemoryRegion(base: GuestAddress(base), byteCount: byteCount)
    }
  }

  @Test(arguments: [MemoryRegion.Backing.anonymous, .memfd])
  func whatTheHostCannotGiveIsASentence(backing: MemoryRegion.Backing) {
    // More than the 47 bits of address space that a process has.
    let error = #expect(throws: GuestMemoryError.self) {
      _ = try MemoryRegion(base: GuestAddress(0), byteCount: 0x7FFF_FFFF_FFFF_F000, backing: backing)
    }
    guard case .hostRefused = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.hasSuffix("use a smaller --mem") == true)
  }

  @Test func overlapIsRefusedInAnyOrder() throws {
    let page: UInt64 = 0x1000
    func region(_ first: UInt64, _ count: UInt64) throws -> MemoryRegion {
      try MemoryRegion(base: GuestAddress(first * page), byteCount: count * page)
    }
    let low = try region(0, 4)
    for (first, count): (UInt64, UInt64) in [(0, 4), (0, 1), (3, 1), (3, 4), (1, 2), (0, 8)] {
      let other = try region(first, count)
      for regions in [[low, other], [other, low]] {
        let error = #expect(throws: GuestMemoryError.self) { _ = try GuestMemory(regions: regions) }
        guard case .overlap = error else {
          Issue.record("\(first), \(count): \(String(describing: error))")
          continue
        }
      }
    }
    // Neighbours do not overlap; a region between two others is found too.
    _ = try GuestMemory(regions: [region(4, 1), low, region(5, 1)])
    #expect(throws: GuestMemoryError.self) {
      _ = try GuestMemory(regions: [region(5, 2), low, region(6, 1)])
    }
  }

  @Test(arguments: [MemoryRegion.Backing.anonymous, .memfd])
  func aHugeRegionCostsNoMemory(backing: MemoryRegion.Backing) throws {
    let size: UInt64 = 1 << 40
    let region: MemoryRegion
    do {
      region = try MemoryRegion(base: GuestAddress(0), byteCount: size, backing: backing)
    } catch {
      // A host that never overcommits may refuse, but only so.
      guard case .hostRefused = error else { throw error }
      return
    }
    let memory = try GuestMemory(regions: [region])
    let offsets: [UInt64] = [0, size / 2, size - 4096]
    for offset in offsets { #expect(!isResident(hostBase(region) + UInt(offset))) }
    try memory.write(0x55 as UInt8, at: GuestAddress(size / 2))
    #expect(isResident(hostBase(region) + UInt(size / 2)))
    #expect(try memory.read(UInt8.self, at: GuestAddress(size / 2)) == 0x55)
    #expect(!isResident(hostBase(region) + UInt(size - 4096)))
    #expect(throws: GuestMemoryError.self) { try memory.read(UInt8.self, at: GuestAddress(size)) }
  }

  @Test func aMemfdIsSharedAndNamed() throws {
    let region = try MemoryRegion(base: GuestAddress(0), byteCount: 0x3000, backing: .memfd)
    let line = try #require(mapsLine(of: hostBase(region)))
    #expect(line.contains("rw-s") && line.contains("/memfd:swiftvm-ram"))
    let memory = try GuestMemory(regions: [region])
    try memory.write(0xDEAD_BEEF as UInt32, at: GuestAddress(0x2FFC))
    #expect(try memory.read(UInt32.self, at: GuestAddress(0x2FFC)) == 0xDEAD_BEEF)
  }

  /// In a process of its own, in which nobody else opens or maps anything.
  @Test func theHostsResourcesGoWithTheRegion() async {
    await #expect(processExitsWith: .success) {
      do {
        let region = try MemoryRegion(base: GuestAddress(0), byteCount: 0x3000, backing: .memfd)
        // The mapping keeps the file; the descriptor is closed.
        precondition(!openFiles().contains { $0.contains("swiftvm-ram") })
        precondition(mapsLine(of: hostBase(region)) != nil)
      }
      precondition(!read("/proc/self/maps").contains("swiftvm-ram"))
    }
  }

  @Test func anonymousMemoryIsPrivate() throws {
    let region = try MemoryRegion(base: GuestAddress(0), byteCount: 0x1000)
    #expect(mapsLine(of: hostBase(region))?.contains("rw-p") == true)
  }

  @Test(arguments: [true, false])
  func hugePagesAreAskedFor(asked: Bool) throws {
    let region = try MemoryRegion(
      base: GuestAddress(0), byteCount: 4 << 20, hugePages: asked)
    // "hg" of VmFlags is the kernel's word for MADV_HUGEPAGE (proc_pid_smaps(5)).
    let flags = vmFlags(of: hostBase(region))
    #expect(flags.contains("rd"))
    #expect(flags.contains("hg") == (asked && hasHugePages))
  }
}

@Suite struct PCMemoryLayoutTests {
  private let gibibyte: UInt64 = 1 << 30

  private func ranges(_ byteCount: UInt64) -> [[UInt64]] {
    PCMemoryLayout(byteCount: byteCount).ranges.map { [$0.base.rawValue, $0.byteCount] }
  }

  @Test func ramBelow3GiBIsOneRange() {
    for size in [4096, 64 << 20, 3 * gibibyte - 4096, 3 * gibibyte] {
      #expect(
        ranges(size) == [[0, size]])
    }
  }

  @Test func theRestBeginsAt4GiB() {
    for extra in [4096, gibibyte, 100 * gibibyte] {
      #expect(
        ranges(3 * gibibyte + extra) == [[0, 3 * gibibyte], [4 * gibibyte, extra]])
    }
  }

  @Test func theHoleIsNoMemory() throws {
    let memory = try GuestMemory(pcWithByteCount: 5 * gibibyte)
    #expect(memory.byteCount == 5 * gibibyte)
    let (low, high) = (3 * gibibyte, 4 * gibibyte)
    try memory.write(0x11 as UInt8, at: GuestAddress(low - 1))
    try memory.write(0x22 as UInt8, at: GuestAddress(high))
    for address in [low, low + 1, 0xFEC0_0000, 0xFEE0_0000, high - 1] {
      #expect(throws: GuestMemoryError.outOfBounds(GuestAddress(address), byteCount: 1)) {
        try memory.read(UInt8.self, at: GuestAddress(address))
      }
    }
    // Half in the hole, from either side, and right across it.
    for (address, count): (UInt64, UInt64) in [
      (low - 4, 8), (high - 4, 8), (low - 1, gibibyte + 2), (low - 1, gibibyte + 1), (low, gibibyte),
    ] {
      #expect(!memory.contains(GuestAddress(address), byteCount: count))
      #expect(throws: GuestMemoryError.self) {
        try memory.fill(0xFF, at: GuestAddress(address), byteCount: count)
      }
    }
    #expect(throws: GuestMemoryError.self) { try memory.read(UInt64.self, at: GuestAddress(low - 4)) }
    #expect(throws: GuestMemoryError.self) { try memory.write(0 as UInt64, at: GuestAddress(high - 4)) }
    #expect(try memory.read(UInt8.self, at: GuestAddress(low - 1)) == 0x11)
    #expect(try memory.read(UInt8.self, at: GuestAddress(high)) == 0x22)
    #expect(try memory.read(UInt8.self, at: GuestAddress(6 * gibibyte - 1)) == 0)
    #expect(throws: GuestMemoryError.self) { try memory.read(UInt8.self, at: GuestAddress(6 * gibibyte)) }
  }

  private static let impossibleSizes: [UInt64] = [
    0, 1, 4095, 4097, 0xC000_0001, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_F000, 0xFFFF_FFFE_FFFF_F000,
    0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_F000,
  ]

  @Test(arguments: impossibleSizes)
  func sizesThatCannotBeAreErrorsAndNoTraps(byteCount: UInt64) {
    #expect(throws: GuestMemoryError.self) { _ = try GuestMemory(pcWithByteCount: byteCount) }
  }
}

@Suite struct GuestAddressTests {
  @Test func advancingDoesNotWrap() {
    #expect(GuestAddress(1).advanced(by: 2) == GuestAddress(3))
    #expect(GuestAddress(.max).advanced(by: 0) == GuestAddress(.max))
    #expect(GuestAddress(.max).advanced(by: 1) == nil)
    #expect(GuestAddress(1 << 63).advanced(by: 1 << 63) == nil)
  }

  @Test func addressesAreOrderedAndReadable() {
    #expect(GuestAddress(0x7FFF_FFFF_FFFF_FFFF) < GuestAddress(0x8000_0000_0000_0000))
    #expect(GuestAddress(0xFEE0_0000).description == "0xfee00000")
    #expect(
      GuestMemoryError.outOfBounds(GuestAddress(0x1000), byteCount: 8).description
        == "the 8 bytes at guest-physical 0x1000 do not lie in guest memory")
  }
}

// MARK: What the kernel says of our memory

private func hostBase(_ region: MemoryRegion) -> UInt { unsafe UInt(bitPattern: region.hostBase) }

/// Whether the page at an address takes host memory (mincore(2)).
private func isResident(_ page: UInt) -> Bool {
  var vector: UInt8 = 0
  // Sound: asks about one page, which needs one byte; the page is not accessed.
  return unsafe mincore(UnsafeMutableRawPointer(bitPattern: page), 4096, &vector) == 0 && vector & 1 == 1
}

private func read(_ path: String) -> String {
  guard let file = try? OwnedDescriptor.open(path, flags: O_RDONLY) else { return "" }
  var result: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = unsafe piece.withUnsafeMutableBytes { buffer in
      // Sound: the size of the buffer is passed along.
      unsafe CLinux.read(file.rawValue, buffer.baseAddress, buffer.count)
    }
    if count <= 0 { break }
    result += piece[..<count]
  }
  return String(decoding: result, as: UTF8.self)
}

/// Whether a line of maps or smaps is the head of the mapping that holds `address`.
private func isHead(_ line: Substring, of address: UInt) -> Bool {
  guard let range = line.split(separator: " ").first else { return false }
  let ends = range.split(separator: "-").compactMap { UInt($0, radix: 16) }
  return ends.count == 2 && ends[0] <= address && address < ends[1]
}

private func mapsLine(of address: UInt) -> String? {
  read("/proc/self/maps").split(separator: "\n").first { isHead($0, of: address) }.map(String.init)
}

private func vmFlags(of address: UInt) -> [Substring] {
  let lines = read("/proc/self/smaps").split(separator: "\n")
  guard let head = lines.firstIndex(where: { isHead($0, of: address) }) else { return [] }
  return lines[head...].first { $0.hasPrefix("VmFlags:") }?.split(separator: " ") ?? []
}

private var hasHugePages: Bool {
  unsafe access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) == 0
}

/// What the process's open descriptors lead to.
private func openFiles() -> [String] {
  (0..<1024).compactMap { descriptor in
    // Sound: as many bytes are read as there is room for, and only those that came are used.
    unsafe withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      let path = "/proc/self/fd/\(descriptor)"
      let count = unsafe readlink(path, buffer.baseAddress!.assumingMemoryBound(to: CChar.self), buffer.count)
      return unsafe count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
  }
}
