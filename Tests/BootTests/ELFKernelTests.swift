import Boot
import GuestMemory
import Testing
import X86

struct ELFKernelTests {
  @Test func a64BitExecutableStartsInLongMode() throws {
    let plan = try plan(ELFFile.simple().bytes)
    #expect(plan.format == .elf64)
    #expect(plan.entry.mode == .long)
    #expect(plan.entry.rip == 0x10_0000)
    let memory = try place(plan)
    #expect(try memory.readBytes(at: GuestAddress(0x10_0000), count: 4) == [0xF4, 0x90, 0x90, 0x90])
  }

  @Test func a32BitExecutableStartsInProtectedMode() throws {
    let plan = try plan(ELFFile.simple(is64Bit: false).bytes)
    #expect(plan.format == .elf32)
    #expect(plan.entry.mode == .protected)
    #expect(plan.entry.rip == 0x10_0000)
  }

  @Test func memoryBeyondTheContentIsCleared() throws {
    let plan = try plan(ELFFile.simple(bss: 5000).bytes)
    let memory = try place(plan)
    #expect(
      try memory.readBytes(at: GuestAddress(0x10_0004), count: 5000) == [UInt8](repeating: 0, count: 5000))
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x10_0004 + 5000)) == 0xA5)
  }

  @Test func theEntryIsTranslatedBySegment() throws {
    // A higher-half kernel: linked at the top, loaded at 2 MiB.
    var file = ELFFile(entry: 0xFFFF_FFFF_8000_0002)
    file.add([0x90, 0x90, 0xF4, 0x90], at: 0x20_0000, virtual: 0xFFFF_FFFF_8000_0000)
    #expect(try plan(file.bytes).entryPoint == GuestAddress(0x20_0002))
    // vmlinux: the entry is a physical address already.
    file.entry = 0x20_0001
    #expect(try plan(file.bytes).entryPoint == GuestAddress(0x20_0001))
    file.entry = 0x20_0004
    #expect(failure(file.bytes) == .entryOutsideImage(image: "guest", entry: 0x20_0004))
  }

  @Test func onlyLoadableSegmentsAreLoaded() throws {
    var file = ELFFile.simple()
    file.add([1, 2, 3], type: 0x6474_E551, at: 0x30_0000)
    file.add([], at: 0x40_0000)
    let plan = try plan(file.bytes)
    #expect(plan.segments.filter { $0.kind == .image }.map(\.address) == [GuestAddress(0x10_0000)])
  }

  @Test func permissionsAreShownAndTheEntryIsLookedAt() throws {
    var file = ELFFile.simple()
    file.headers[0].flags = 6
    let plan = try plan(file.bytes)
    #expect(try plan.segment(.image).permissions.description == "rw-")
    #expect(plan.notes.contains { $0.contains("not marked executable") })
  }

  @Test func theEntryMayBeMoved() throws {
    var wanted = request(ELFFile.simple().bytes)
    wanted.entry = 0x10_0003
    #expect(try BootPlan(wanted).entry.rip == 0x10_0003)
    wanted.entry = 0x10_0004
    #expect(failure(wanted)?.kind == "entryOutsideImage")
  }

  @Test func aLoadAddressIsRefused() {
    var wanted = request(ELFFile.simple().bytes)
    wanted.loadAddress = 0x20_0000
    #expect(failure(wanted)?.kind == "optionRefused")
  }

  @Test(
    arguments: [(true, .real16), (true, .protected), (false, .real16), (false, .long)]
      as [(Bool, BootRequest.Mode)])
  func aModeThatIsNotTheFilesIsRefused(is64Bit: Bool, mode: BootRequest.Mode) {
    #expect(failure(ELFFile.simple(is64Bit: is64Bit).bytes, mode: mode)?.kind == "optionRefused")
  }

  @Test func theCommandLineReachesThePlainExecutable() throws {
    var wanted = request(ELFFile.simple().bytes)
    wanted.commandLine = "verbose"
    wanted.arguments = ["one", "two"]
    let plan = try BootPlan(wanted)
    let memory = try place(plan)
    let pointer = try memory.read(UInt64.self, at: GuestAddress(plan.entry.general.rbx + 24))
    #expect(try memory.readString(at: GuestAddress(pointer), limit: 100) == "verbose one two")
  }

  @Test func nothingInAPlanOverlapsAndAllIsUsableRAM() throws {
    var file = ELFFile.simple(bss: 0x1234)
    file.add([1, 2, 3], at: 0x9_0000)
    var wanted = request(file.bytes)
    wanted.modules = [1, 5000, 70000].map {
      BootRequest.Module(source: BytesImage([UInt8](repeating: 1, count: $0), name: "module \($0)"))
    }
    let plan = try BootPlan(wanted)
    #expect(plan.segments.count == 9)
    for (low, high) in zip(plan.segments, plan.segments.dropFirst()) {
      #expect(low.lastAddress < high.address)
    }
    for segment in plan.segments {
      #expect(plan.memoryMap.isUsable(segment.address.rawValue, byteCount: segment.memoryByteCount))
    }
  }

  @Test func placingTwiceGivesTheSameMemory() throws {
    let plan = try plan(ELFFile.simple(bss: 100).bytes)
    let memory = try place(plan)
    let first = try memory.readBytes(at: GuestAddress(0), count: 0x11_0000)
    try memory.fill(0x11, at: GuestAddress(0x10_0000), byteCount: 104)
    try plan.place(into: memory)
    #expect(try memory.readBytes(at: GuestAddress(0), count: 0x11_0000) == first)
  }
}
