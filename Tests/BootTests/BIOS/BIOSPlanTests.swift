import Boot
import GuestMemory
import Testing
import X86

/// What a plan lays down for an image that finds a BIOS. bios/layout.inc is the other side of the parameters.
struct BIOSPlanTests {
  /// The block of parameters.
  private static let parameters: UInt64 = 0xF_D000

  private func biosRequest(
    _ bytes: [UInt8], mode: BootRequest.Mode? = nil, in layout: PCMemoryLayout = memory(mebibytes: 16)
  ) -> BootRequest {
    var wanted = request(bytes, mode: mode, in: layout)
    wanted.hasBIOS = true
    return wanted
  }

  /// So many bytes with the signature at 510.
  private func sector(byteCount: Int = 512) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x90, count: byteCount)
    bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
    return bytes
  }

  @Test func theProcessorStartsInTheBIOSAndTheImageIsWhereItGoes() throws {
    let plan = try BootPlan(biosRequest([0xF4], mode: .real16))
    #expect(plan.entry.linearInstructionPointer == 0x1_0000)
    #expect(plan.start.cs.selector == 0xF000 && plan.start.cs.base == 0xF_0000)
    #expect((0xE000...0xFFFF).contains(plan.start.rip) && plan.start.mode == .real)
    #expect(plan.notes.isEmpty)
    let memory = try place(plan)
    func u16(_ offset: UInt64) throws -> UInt16 {
      try memory.read(at: GuestAddress(Self.parameters + offset))
    }
    func u32(_ offset: UInt64) throws -> UInt32 {
      try memory.read(at: GuestAddress(Self.parameters + offset))
    }
    for offset in [0x20, 0x22, 0x24, 0x26, 0x30] as [UInt64] { #expect(try u16(offset) == 0x1000) }
    #expect(try u32(0x28) == 2 && u32(0x2C) == 0xFFFE)
    #expect(try u16(0x32) == 0 && u16(0x34) == 0x1000)
    #expect(try u16(0x36) == 0, "a flat image starts with interrupts off")
    #expect(try u32(0x44) == 0, "it has no disk")
    // The last 16 bytes of the first megabyte: a far jump, the date, the model of an AT.
    let top = try memory.readBytes(at: GuestAddress(0xF_FFF0), count: 16)
    #expect(top[0] == 0xEA && top[4] == 0xF0 && top[14] == 0xFC)
  }

  /// INT 15h's three ways to tell of memory, from the machine's one map.
  @Test(
    arguments: [
      (1, 0, 0, 0), (2, 0x400, 0x400, 0), (16, 0x3C00, 0x3C00, 0), (64, 0xFC00, 0x3C00, 0x300),
      (3072, 0xFC00, 0x3C00, 0xBF00), (5120, 0xFC00, 0x3C00, 0xBF00),
    ] as [(UInt64, UInt16, UInt16, UInt16)])
  func theSizeOfMemory(mebibytes: UInt64, extended: UInt16, below16MiB: UInt16, above16MiB: UInt16) throws {
    let layout = BootTests.memory(mebibytes: mebibytes)
    let plan = try BootPlan(biosRequest([0xF4], mode: .real16, in: layout))
    let bytes = try plan.content(at: GuestAddress(Self.parameters), count: 0x1000)
    func u16(_ offset: Int) -> UInt16 { UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 }
    #expect(u16(0x38) == extended && u16(0x3A) == below16MiB && u16(0x3C) == above16MiB)
    var expected: [UInt8] = []
    for entry in plan.memoryMap.entries {
      for value in [entry.address, entry.byteCount] {
        expected += (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
      }
      expected += [UInt8(truncatingIfNeeded: entry.kind.rawValue), 0, 0, 0]
    }
    #expect(Int(u16(0x3E)) == plan.memoryMap.entries.count)
    #expect(Array(bytes[0x80...].prefix(expected.count)) == expected)
  }

  @Test func aBootSectorStartsWithInterruptsOnAndFindsItsDisk() throws {
    let bytes = sector(byteCount: 700)
    let plan = try BootPlan(biosRequest(bytes))
    #expect(plan.entry.rflags.contains(.interruptEnable))
    #expect(plan.entry.general.rdx == 0x80)
    let disk = try plan.segment(.disk)
    #expect(disk.address.rawValue % 4096 == 0 && disk.memoryByteCount == 4096)
    // What the guest is told of leaves it out, and nothing else.
    #expect(!plan.memoryMap.isUsable(disk.address.rawValue, byteCount: 1))
    #expect(plan.memoryMap.isUsable(disk.address.rawValue - 1, byteCount: 1))
    #expect(plan.memoryMap.entries.contains { $0.kind == .reserved && $0.address == disk.address.rawValue })
    let memory = try place(plan)
    let content = try memory.readBytes(at: disk.address, count: 4096)
    #expect(content == bytes.padded(to: 4096))
    #expect(try memory.readBytes(at: GuestAddress(0x7C00), count: 700) == bytes, "loaded whole as well")
    func u32(_ offset: UInt64) throws -> UInt32 {
      try memory.read(at: GuestAddress(Self.parameters + offset))
    }
    #expect(try UInt64(u32(0x40)) == disk.address.rawValue && u32(0x44) == 2)
    #expect(try memory.read(UInt8.self, at: GuestAddress(Self.parameters + 0x36)) == 1)
  }

  @Test func ofABigDiskOnlyTheFirstSectorIsLoaded() throws {
    let bytes = sector(byteCount: 1440 << 10)
    let plan = try BootPlan(biosRequest(bytes))
    let image = try plan.segment(.image)
    #expect(image.memoryByteCount == 512 && image.address == GuestAddress(0x7C00))
    #expect(plan.entry.general.rdx == 0, "so long a file is a floppy disk")
    let memory = try place(plan)
    func u16(_ offset: UInt64) throws -> UInt16 {
      try memory.read(at: GuestAddress(Self.parameters + offset))
    }
    #expect(try u16(0x48) == 80 && u16(0x4A) == 2 && u16(0x4C) == 18 && u16(0x4E) == 0x0400)
    #expect(
      failure(biosRequest(sector(byteCount: (15 << 20) + 1), in: BootTests.memory(mebibytes: 16)))?.kind
        == "noRoom"
    )
    #expect(failure(sector(byteCount: 1440 << 10))?.kind == "tooLarge", "without a BIOS")
  }

  /// How a hard disk is divided: by its file system, by its partitions, else as usual.
  @Test func theDivisionOfAHardDisk() throws {
    func division(_ bytes: [UInt8]) throws -> [UInt16] {
      let memory = try place(BootPlan(biosRequest(bytes)))
      return try [0x48, 0x4A, 0x4C].map { try memory.read(at: GuestAddress(Self.parameters + $0)) }
    }
    var bytes = sector(byteCount: 1 << 20)
    #expect(try division(bytes) == [3, 16, 63])
    // A partition that ends at head 3, sector 32.
    bytes.replaceSubrange(446..<510, with: [UInt8](repeating: 0, count: 64))
    bytes.set(UInt32(100), at: 446 + 12)
    bytes[446 + 5] = 3
    bytes[446 + 6] = 32 | 0xC0
    #expect(try division(bytes) == [16, 4, 32])
    // Code, or a partition that ends behind the disk, says nothing.
    var code = bytes
    code[462] = 0x66
    #expect(try division(code) == [3, 16, 63])
    code = bytes
    code.set(UInt32(2040), at: 446 + 8)
    #expect(try division(code) == [3, 16, 63])
    // A FAT file system of 17 sectors and 5 heads.
    bytes[0] = 0xEB
    bytes.set(UInt16(512), at: 11)
    bytes[13] = 1
    bytes[16] = 2
    bytes.set(UInt16(17), at: 24)
    bytes.set(UInt16(5), at: 26)
    #expect(try division(bytes) == [25, 5, 17])
    // Nonsense is not believed.
    bytes.set(UInt16(0), at: 24)
    bytes[446 + 6] = 0
    #expect(try division(bytes) == [3, 16, 63])
    bytes.set(UInt16(0xFFFF), at: 26)
    bytes[446 + 5] = 0xFF
    bytes[446 + 6] = 1
    #expect(try division(bytes) == [3, 16, 63])
  }

  /// Where there is none, the notes say why; the image starts as it would without.
  @Test func whereThereIsNoRoomForABIOSThereIsNone() throws {
    var low = biosRequest([0xF4], mode: .real16)
    low.loadAddress = 0x400
    let small = biosRequest([0xF4], mode: .real16, in: PCMemoryLayout(byteCount: 512 << 10))
    for (wanted, reason) in [
      (low, "vectors"), (small, "memory ends"), (request([0xF4], mode: .real16), "BIOS"),
    ] {
      let plan = try BootPlan(wanted)
      #expect(plan.notes.contains { $0.contains("no BIOS") && $0.contains(reason) })
      #expect(plan.start.rip == plan.entry.rip && plan.start.cs.selector == plan.entry.cs.selector)
      #expect(!plan.segments.contains { $0.kind == .bios })
    }
    // A disk that has no room is told of, where the sector runs without.
    let least = try BootPlan(biosRequest(sector(), in: PCMemoryLayout(byteCount: 1 << 20)))
    #expect(least.notes.contains { $0.contains("INT 13h") })
    #expect(!least.segments.contains { $0.kind == .disk } && least.segments.contains { $0.kind == .bios })
  }

  @Test(arguments: [BootRequest.Mode.protected, .long])
  func otherModesHaveNoBIOS(_ mode: BootRequest.Mode) throws {
    let plan = try BootPlan(biosRequest([0xF4], mode: mode))
    #expect(!plan.segments.contains { $0.kind == .bios } && plan.start.rip == plan.entry.rip)
    #expect(plan.notes.isEmpty)
  }
}
