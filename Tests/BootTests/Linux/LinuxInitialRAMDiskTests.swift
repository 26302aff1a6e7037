import Boot
import GuestMemory
import Testing

struct LinuxInitialRAMDiskTests {
  private func module(_ count: Int, _ value: UInt8 = 7, commandLine: String = "") -> BootRequest.Module {
    BootRequest.Module(
      source: BytesImage([UInt8](repeating: value, count: count), name: "initrd"), commandLine: commandLine)
  }

  private func wanted(_ modules: [BootRequest.Module], _ image: LinuxImage = .modern) -> BootRequest {
    var wanted = request(image.bytes)
    wanted.modules = modules
    return wanted
  }

  /// What the zero page says of it.
  private func disk(_ memory: GuestMemory) throws -> (address: UInt64, count: UInt64) {
    (
      UInt64(try memory.read(UInt32.self, at: GuestAddress(0x1218))),
      UInt64(try memory.read(UInt32.self, at: GuestAddress(0x121C)))
    )
  }

  @Test func itLiesAsHighAsItMay() throws {
    let memory = try place(try BootPlan(wanted([module(5000)])))
    let disk = try disk(memory)
    #expect(disk.address == 0x100_0000 - 0x2000)
    #expect(disk.count == 5000)
    #expect(
      try memory.readBytes(at: GuestAddress(disk.address), count: 5000) == [UInt8](repeating: 7, count: 5000))
  }

  @Test func severalFollowEachOtherAtMultiplesOf4() throws {
    let memory = try place(try BootPlan(wanted([module(5, 1), module(8, 2), module(3, 3)])))
    let disk = try disk(memory)
    #expect(disk.count == 19)
    #expect(
      try memory.readBytes(at: GuestAddress(disk.address), count: 20)
        == [1, 1, 1, 1, 1, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 0])
  }

  /// initrd_addr_max is the last address that it may occupy.
  @Test func itEndsWhereTheKernelSays() throws {
    var image = LinuxImage.modern
    image.initialRAMDiskMaximum = 0x7F_FFFF
    #expect(try disk(place(BootPlan(wanted([module(4096)], image)))).address == 0x7F_F000)
    image.initialRAMDiskMaximum = 0x7F_FFFE
    #expect(try disk(place(BootPlan(wanted([module(4096)], image)))).address == 0x7F_E000)
    image.initialRAMDiskMaximum = .max
    #expect(try disk(place(BootPlan(wanted([module(4096)], image)))).address == 0xFF_F000)
    // Before 2.03, at most 0x37FFFFFF: not to be reached with this much memory.
    #expect(try disk(place(BootPlan(wanted([module(4096)], .modern)))).address == 0xFF_F000)
  }

  @Test func beforeVersion203TheLimitIsFixed() throws {
    var request = wanted([module(4096)], .old(0x0202))
    request.memory = memory(mebibytes: 2048)
    let plan = try BootPlan(request)
    #expect(try plan.segment(.module).lastAddress == GuestAddress(0x37FF_FFFF))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    var image = LinuxImage.modern
    image.initialRAMDiskMaximum = 0x3F_FFFF
    // Between the kernel's workspace, which ends at 0x30_0000, and the limit.
    #expect(failure(wanted([module(0x10_0000)], image)) == nil)
    let error = try #require(failure(wanted([module(0x10_0001)], image)))
    #expect(error.kind == "noRoom")
    #expect(error.description.contains("0x3fffff"))
    for maximum in [0, 0xFFF, 0xF_FFFF] as [UInt32] {
      image.initialRAMDiskMaximum = maximum
      #expect(failure(wanted([module(1)], image))?.kind == "noRoom")
    }
    #expect(failure(wanted([module(0)]))?.kind == "empty")
    #expect(failure(wanted([module(1), module(1, commandLine: "text")]))?.kind == "optionRefused")
  }

  /// Nothing of such sizes can be in memory; what adds them up must not trap.
  @Test func sizesThatWrapAreRefused() {
    struct Huge: ImageSource {
      let name = "huge"
      let byteCount: UInt64
      func read(at offset: UInt64, into buffer: inout MutableRawSpan) throws(BootError) -> Int { 0 }
    }
    for count in [.max, .max - 3, 1 << 63, 1 << 40] as [UInt64] {
      let huge = BootRequest.Module(source: Huge(byteCount: count))
      #expect(failure(wanted([huge]))?.kind == "noRoom")
      #expect(failure(wanted([huge, huge]))?.kind == "noRoom")
    }
  }
}
