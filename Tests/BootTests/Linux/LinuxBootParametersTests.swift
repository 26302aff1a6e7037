import Boot
import GuestMemory
import Testing

/// The zero page (Linux Documentation/arch/x86/zero-page.rst, asm/bootparam.h).
struct LinuxBootParametersTests {
  private func u32(_ offset: UInt64, in memory: GuestMemory) throws -> UInt32 {
    try memory.read(at: GuestAddress(0x1000 + offset))
  }

  @Test func itHoldsTheSetupHeader() throws {
    var image = LinuxImage.modern
    image.initialRAMDiskMaximum = 0x0BAD_CAFE
    let bytes = image.bytes
    let memory = try place(try plan(bytes))
    let page = try memory.readBytes(at: GuestAddress(0x1000), count: 4096)
    // The fields that a loader writes: vid_mode, type_of_loader, code32_start, cmd_line_ptr, setup_data.
    let written = [0x1FA, 0x1FB, 0x210] + Array(0x214..<0x218) + Array(0x228..<0x22C) + Array(0x250..<0x258)
    for offset in 0x1F1..<0x26C where !written.contains(offset) {
      #expect(page[offset] == bytes[offset], "\(offset)")
    }
    // What follows is no header but code; the rest is zero but for the memory map.
    #expect(page[0x26C..<0x2D0].allSatisfy { $0 == 0 })
    #expect(page[0x1FA] == 0xFF && page[0x1FB] == 0xFF)
    #expect(page[0x210] == 0xFF)
    #expect(page[0x1EF] == 0)
    #expect(try u32(0x214, in: memory) == 0x20_0000)
    #expect(try u32(0x218, in: memory) == 0)
    #expect(try u32(0x21C, in: memory) == 0)
  }

  @Test func theCommandLineIsThere() throws {
    var wanted = request(LinuxImage.modern.bytes)
    wanted.commandLine = "console=ttyS0\nquiet"
    wanted.arguments = ["–", "ümlaut"]
    let memory = try place(try BootPlan(wanted))
    let text = try memory.readString(at: GuestAddress(UInt64(u32(0x228, in: memory))), limit: 200)
    #expect(text == "console=ttyS0\nquiet – ümlaut")
  }

  @Test func aCommandLineWithNULOrTooLongIsRefused() {
    for (version, limit) in [(0x020F as UInt16, 2047), (0x0206, 2047), (0x0205, 255), (0x0202, 255)] {
      var image = version >= 0x020C ? LinuxImage.modern : LinuxImage.old(version)
      image.preferredAddress = 0
      var wanted = request(image.bytes)
      wanted.commandLine = String(repeating: "x", count: limit)
      #expect(failure(wanted) == nil, "\(version)")
      wanted.commandLine += "x"
      #expect(failure(wanted)?.kind == "optionRefused", "\(version)")
      // Bytes count, not characters.
      wanted.commandLine = String(repeating: "ü", count: limit / 2 + 1)
      #expect(failure(wanted)?.kind == "optionRefused", "\(version)")
      wanted.commandLine = "a\0b"
      #expect(failure(wanted)?.kind == "optionRefused", "\(version)")
    }
    // A kernel may claim to take any number; there is room for so many.
    var image = LinuxImage.modern
    image.commandLineSize = .max
    var wanted = request(image.bytes)
    wanted.commandLine = String(repeating: "x", count: 20_000)
    #expect(failure(wanted) == nil)
    wanted.commandLine = String(repeating: "x", count: 24_550)
    #expect(failure(wanted)?.kind == "informationTooLarge")
    wanted.commandLine = String(repeating: "x", count: 30_000)
    #expect(failure(wanted)?.kind == "informationTooLarge")
    // One that takes none gets none.
    image.commandLineSize = 0
    #expect(failure(image.bytes) == nil)
  }

  @Test(arguments: [16, 64] as [UInt64])
  func theMemoryMapIsThere(mebibytes: UInt64) throws {
    let layout = memory(mebibytes: mebibytes)
    let plan = try plan(LinuxImage.modern.bytes, in: layout)
    let memory = try place(plan, in: layout)
    let count: UInt8 = try memory.read(at: GuestAddress(0x11E8))
    #expect(Int(count) == plan.memoryMap.entries.count)
    for (index, entry) in plan.memoryMap.entries.enumerated() {
      let at = 0x12D0 + UInt64(index) * 20
      #expect(try memory.read(UInt64.self, at: GuestAddress(at)) == entry.address)
      #expect(try memory.read(UInt64.self, at: GuestAddress(at + 8)) == entry.byteCount)
      #expect(try memory.read(UInt32.self, at: GuestAddress(at + 16)) == entry.kind.rawValue)
    }
  }

  @Test func theSeedIsNewEachTime() throws {
    let plan = try plan(LinuxImage.modern.bytes)
    func seed() throws -> [UInt8] {
      let memory = try place(plan)
      // struct setup_data: next, type SETUP_RNG_SEED, length.
      let at: UInt64 = try memory.read(at: GuestAddress(0x1250))
      #expect(try memory.read(UInt64.self, at: GuestAddress(at)) == 0)
      #expect(try memory.read(UInt32.self, at: GuestAddress(at + 8)) == 9)
      #expect(try memory.read(UInt32.self, at: GuestAddress(at + 12)) == 32)
      return try memory.readBytes(at: GuestAddress(at + 16), count: 32)
    }
    #expect(try seed() != seed())
    // Before 2.09 the field is something else.
    var old = LinuxImage.old(0x0208)
    old.isRelocatable = false
    let memory = try place(try BootPlan(request(old.bytes)))
    #expect(try memory.read(UInt64.self, at: GuestAddress(0x1250)) == 0x9090_9090_9090_9090)
  }
}
