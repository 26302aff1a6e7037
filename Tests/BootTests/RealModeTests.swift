import Boot
import GuestMemory
import Testing
import X86

struct BootSectorTests {
  /// So many bytes that begin with `hlt` and have the signature at 510.
  private func sector(byteCount: Int = 512) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x90, count: byteCount)
    bytes[0] = 0xF4
    bytes[510] = 0x55
    bytes[511] = 0xAA
    return bytes
  }

  @Test func itIsStartedAsABIOSStartsIt() throws {
    let plan = try plan(sector())
    #expect(plan.format == .bootSector)
    #expect(plan.entry.mode == .real)
    #expect(plan.entry.cs.selector == 0)
    #expect(plan.entry.rip == 0x7C00)
    #expect(plan.entry.linearInstructionPointer == 0x7C00)
    #expect(plan.entry.linearStackPointer == 0x7C00)
    #expect(plan.entry.general.rdx & 0xFF == 0x80)
    #expect(try place(plan).readBytes(at: GuestAddress(0x7C00), count: 512) == sector())
  }

  @Test func aLoaderOfSeveralSectorsIsLoadedWhole() throws {
    let bytes = sector(byteCount: 3 * 512)
    let plan = try plan(bytes)
    #expect(plan.format == .bootSector)
    #expect(try place(plan).readBytes(at: GuestAddress(0x7C00), count: bytes.count) == bytes)
  }

  @Test func aDiskImageIsRefused() {
    let limit = 0x90000 - 0x7C00
    #expect(failure(sector(byteCount: limit)) == nil)
    #expect(failure(sector(byteCount: limit + 1))?.kind == "tooLarge")
  }

  @Test func aSignatureCutOffIsNone() throws {
    #expect(try plan(Array(sector().prefix(511))).format == .flat16)
  }

  @Test func optionsThatMeanNothingAreRefused() {
    var wanted = request(sector())
    wanted.loadAddress = 0x8000
    #expect(failure(wanted)?.kind == "optionRefused")
    wanted = request(sector())
    wanted.entry = 0x7C00
    #expect(failure(wanted)?.kind == "optionRefused")
    wanted = request(sector())
    wanted.commandLine = "quiet"
    #expect(failure(wanted)?.kind == "optionRefused")
    wanted = request(sector())
    wanted.modules = [BootRequest.Module(source: BytesImage([1], name: "initrd"))]
    #expect(failure(wanted)?.kind == "optionRefused")
  }

  @Test func theLeastMemoryIsEnough() {
    #expect(failure(sector(), in: PCMemoryLayout(byteCount: 32 << 10)) == nil)
    #expect(failure(sector(), in: PCMemoryLayout(byteCount: 28 << 10))?.kind == "outsideMemory")
  }
}

struct FlatImage16Tests {
  @Test func oneByteIsAnImage() throws {
    let plan = try plan([0xF4])
    #expect(plan.format == .flat16)
    #expect(plan.entry.mode == .real)
    for segment in [plan.entry.cs, plan.entry.ds, plan.entry.es, plan.entry.ss] {
      #expect(segment.selector == 0x1000)
      #expect(segment.base == 0x10000)
    }
    #expect(plan.entry.linearInstructionPointer == 0x10000)
    #expect(plan.entry.linearStackPointer == 0x1FFFE)
    #expect(try place(plan).read(UInt8.self, at: GuestAddress(0x10000)) == 0xF4)
  }

  @Test func emptyIsRefused() {
    #expect(failure([]) == .empty(image: "guest"))
    #expect(failure([], mode: .long) == .empty(image: "guest"))
  }

  @Test func aLongImageGetsAStackOfItsOwn() throws {
    let short = try plan([UInt8](repeating: 0x90, count: 0xF000))
    #expect(short.entry.linearStackPointer == 0x1FFFE)
    let long = try plan([UInt8](repeating: 0x90, count: 0xF001))
    #expect(long.entry.linearStackPointer == 0x9FC00)
    #expect(long.entry.cs.selector == 0x1000)
  }

  @Test func theLongestImage() {
    #expect(failure([UInt8](repeating: 0x90, count: 0x80000)) == nil)
    #expect(failure([UInt8](repeating: 0x90, count: 0x80001))?.kind == "tooLarge")
  }

  @Test func memoryTooSmall() {
    #expect(failure([0xF4], in: PCMemoryLayout(byteCount: 64 << 10))?.kind == "outsideMemory")
    #expect(failure([0xF4], in: PCMemoryLayout(byteCount: 128 << 10)) == nil)
  }

  @Test func itCanBeLoadedElsewhere() throws {
    var wanted = request([0x90, 0xF4], mode: .real16)
    wanted.loadAddress = 0x7C00
    wanted.entry = 0x7C01
    let plan = try BootPlan(wanted)
    #expect(plan.entry.cs.selector == 0x7C0)
    #expect(plan.entry.rip == 1)
    #expect(plan.entryPoint == GuestAddress(0x7C01))
    #expect(plan.entry.linearInstructionPointer == 0x7C01)
  }

  @Test func anEntryBeyondTheFirstSegmentIsReached() throws {
    var wanted = request([UInt8](repeating: 0x90, count: 0x40000))
    wanted.entry = 0x2_1237
    let plan = try BootPlan(wanted)
    #expect(plan.entry.linearInstructionPointer == 0x2_1237)
    #expect(plan.entry.ds.selector == 0x1000)
  }

  @Test(arguments: [8, 0x90000, 0xFFFF0, 0x10_0000, .max, .max & ~15] as [UInt64])
  func loadAddressesThatRealModeDoesNotReachAreRefused(address: UInt64) {
    var wanted = request([0xF4], mode: .real16)
    wanted.loadAddress = address
    #expect(failure(wanted)?.kind == "optionRefused")
  }

  @Test(arguments: [0, 0xFFFF, 0x10001, 0x2_0000_0000, .max] as [UInt64])
  func anEntryOutsideTheImageIsRefused(entry: UInt64) {
    var wanted = request([0xF4], mode: .real16)
    wanted.entry = entry
    #expect(failure(wanted) == .entryOutsideImage(image: "guest", entry: entry))
  }
}
