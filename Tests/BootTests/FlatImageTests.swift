import Boot
import GuestMemory
import Testing
import X86

struct FlatImageTests {
  @Test func a32BitImageStartsAt1MiB() throws {
    let plan = try plan([0xF4], mode: .protected)
    #expect(plan.format == .flat32)
    #expect(plan.entry.mode == .protected)
    #expect(plan.entry.rip == 0x10_0000)
    #expect(plan.entry.cs.limit == 0xFFFF_FFFF)
    #expect(!plan.entry.cr0.contains(.paging))
    // As after a call: a C function finds ESP + 4 at a multiple of 16.
    #expect((plan.entry.general.rsp + 4) % 16 == 0)
    let memory = try place(plan)
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x10_0000)) == 0xF4)
    #expect(try memory.read(UInt32.self, at: GuestAddress(plan.entry.general.rbx)) == 0x336E_C578)
  }

  @Test func a64BitImageStartsInLongMode() throws {
    let plan = try plan([0xF4], mode: .long)
    #expect(plan.format == .flat64)
    #expect(plan.entry.mode == .long)
    #expect(plan.entry.rip == 0x10_0000)
    #expect((plan.entry.general.rsp + 8) % 16 == 0)
    #expect(plan.entry.general.rdi == plan.entry.general.rbx)
  }

  @Test func theDescriptorTableBacksTheSegments() throws {
    for mode in [BootRequest.Mode.protected, .long] {
      let plan = try plan([0xF4], mode: mode)
      let memory = try place(plan)
      let table = plan.entry.gdt
      for segment in [plan.entry.cs, plan.entry.ss] {
        #expect(UInt64(segment.selector) + 7 <= UInt64(table.limit))
        let descriptor = try memory.read(UInt64.self, at: GuestAddress(table.base + UInt64(segment.selector)))
        // Type, L and D of the descriptor (SDM Vol. 3A, figure 3-8) are those in the register.
        #expect(UInt8(descriptor >> 40 & 15) == segment.attributes.type)
        #expect((descriptor >> 53 & 1 == 1) == segment.isLong)
        #expect((descriptor >> 54 & 1 == 1) == segment.isDefault32)
      }
    }
  }

  @Test func exactlyAllRAMFits() {
    let all = [UInt8](repeating: 0x90, count: 1 << 20)
    #expect(failure(all, mode: .long, in: memory(mebibytes: 2)) == nil)
    #expect(failure(all + [0x90], mode: .long, in: memory(mebibytes: 2))?.kind == "tooLarge")
    #expect(failure(all, mode: .protected, in: memory(mebibytes: 1))?.kind == "outsideMemory")
  }

  @Test func largerThanRAMLessTheLoadAddressIsRefused() {
    var wanted = request([UInt8](repeating: 0x90, count: 0x1001), mode: .long, in: memory(mebibytes: 2))
    wanted.loadAddress = 0x1F_F000
    #expect(
      failure(wanted)
        == .tooLarge(
          image: "guest", byteCount: 0x1001, limit: 0x1000,
          advice: "Memory that the guest can use ends there. Give the guest more memory with --mem."))
    wanted.loadAddress = 0x1F_EFFF
    #expect(failure(wanted) == nil)
  }

  @Test(arguments: [0xA0000, 0x9FC00, 0x100_0000, 0xC000_0000, 0xFEC0_0000, .max] as [UInt64])
  func whereThereIsNoRAMNothingIsLoaded(address: UInt64) {
    var wanted = request([0xF4], mode: .long)
    wanted.loadAddress = address
    #expect(failure(wanted)?.kind == "outsideMemory")
  }

  @Test(arguments: [0x500, 0x1000, 0x8000, 0xFFFF, 0x1_0000, 0x1_5FFF] as [UInt64])
  func nothingIsLoadedOnTheBootTables(address: UInt64) {
    var wanted = request([0xF4], mode: .long)
    wanted.loadAddress = address
    #expect(failure(wanted)?.kind == "overlap")
  }

  @Test func freeLowMemoryMayBeUsed() throws {
    var wanted = request([0xF4], mode: .protected)
    wanted.loadAddress = 0x1_0000
    #expect(try BootPlan(wanted).entryPoint == GuestAddress(0x1_0000))
  }

  @Test func theEntryMayBeMovedWithinTheImage() throws {
    var wanted = request([0x90, 0x90, 0xF4], mode: .long)
    wanted.entry = 0x10_0002
    #expect(try BootPlan(wanted).entry.rip == 0x10_0002)
    wanted.entry = 0x10_0003
    #expect(failure(wanted) == .entryOutsideImage(image: "guest", entry: 0x10_0003))
    wanted.entry = 0
    #expect(failure(wanted)?.kind == "entryOutsideImage")
  }

  @Test func a32BitImageCannotStartAbove4GiB() {
    var wanted = request([0xF4], mode: .protected, in: PCMemoryLayout(byteCount: 5 << 30))
    wanted.loadAddress = 0x1_0000_0000
    #expect(failure(wanted) == .entryOutsideImage(image: "guest", entry: 0x1_0000_0000))
    wanted.mode = .long
    #expect(failure(wanted) == nil)
  }
}
