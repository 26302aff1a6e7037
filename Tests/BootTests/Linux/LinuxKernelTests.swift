import Boot
import GuestMemory
import Testing
import X86

/// Where a kernel goes, and the state it starts in.
struct LinuxKernelTests {
  @Test func the64BitEntryStateIsTheProtocols() throws {
    let plan = try plan(LinuxImage.modern.bytes)
    // boot.rst, "64-bit Boot Protocol".
    let state = plan.entry
    #expect(state.mode == .long)
    #expect(state.cr0.contains(.paging))
    #expect(state.rip == 0x20_0200)
    #expect(state.rflags.rawValue & (1 << 9) == 0)
    #expect(state.cs.selector == 0x10)
    for segment in [state.ds, state.es, state.ss] { #expect(segment.selector == 0x18) }
    #expect(state.general.rsi == 0x1000)

    // All of RAM is mapped to itself; and the descriptors are what the selectors say.
    let memory = try place(plan)
    let tables = try plan.segment(.pageTables)
    #expect(state.cr3.rawValue == tables.address.rawValue)
    #expect(state.gdt.base == plan.segments.first?.address.rawValue)
    #expect(try memory.read(UInt64.self, at: GuestAddress(state.gdt.base + 0x10)) == 0x00AF_9B00_0000_FFFF)
    #expect(try memory.read(UInt64.self, at: GuestAddress(state.gdt.base + 0x18)) == 0x00CF_9300_0000_FFFF)
    #expect(state.gdt.limit == 0x1F)
  }

  @Test func the32BitEntryStateIsTheProtocols() throws {
    let plan = try plan(LinuxImage.modern.bytes, mode: .protected)
    // boot.rst, "32-bit Boot Protocol".
    let state = plan.entry
    #expect(state.mode == .protected)
    #expect(!state.cr0.contains(.paging))
    #expect(state.rip == 0x20_0000)
    #expect(state.rflags.rawValue & (1 << 9) == 0)
    #expect(state.cs.selector == 0x10)
    for segment in [state.cs, state.ds, state.es, state.ss] {
      #expect(segment.base == 0 && segment.limit == 0xFFFF_FFFF)
    }
    for segment in [state.ds, state.es, state.ss] { #expect(segment.selector == 0x18) }
    #expect(state.general.rsi == 0x1000)
    #expect(state.general.rbp == 0 && state.general.rdi == 0 && state.general.rbx == 0)
    let memory = try place(plan)
    #expect(try memory.read(UInt64.self, at: GuestAddress(state.gdt.base + 0x10)) == 0x00CF_9B00_0000_FFFF)
  }

  @Test func aRelocatableKernelIsLoadedWhereItPrefers() throws {
    var image = LinuxImage.modern
    let preferred = try plan(image.bytes)
    #expect(try preferred.segment(.image).address == GuestAddress(0x20_0000))
    // The memory up to pref_address + init_size is its own.
    let workspace = try preferred.segment(.workspace)
    #expect(workspace.address == GuestAddress(0x20_1000))
    #expect(workspace.lastAddress == GuestAddress(0x2F_FFFF))
    let memory = try place(preferred)
    #expect(
      try memory.readBytes(at: GuestAddress(0x20_0000), count: 0x1000)
        == [UInt8](repeating: 0xCC, count: 0x1000))

    // Without a wish: at 1 MiB, aligned as it says.
    image.preferredAddress = 0
    #expect(try plan(image.bytes).entryPoint == GuestAddress(0x10_0200))
    image.alignment = 0x40_0000
    #expect(try plan(image.bytes).entryPoint == GuestAddress(0x40_0200))
    // A wish that is not aligned: it aligns itself, so that it needs memory further up.
    image.preferredAddress = 0x50_0000
    let unaligned = try plan(image.bytes)
    #expect(unaligned.entryPoint == GuestAddress(0x50_0200))
    #expect(try unaligned.segment(.workspace).address == GuestAddress(0x80_0000))
    for alignment in [0, 3, 0x30_0000, .max] as [UInt32] {
      image.alignment = alignment
      #expect(failure(image.bytes)?.kind == "malformed")
    }
  }

  @Test func anotherKernelIsLoadedWhereItStarts() throws {
    var image = LinuxImage.modern
    image.isRelocatable = false
    let plan = try plan(image.bytes)
    #expect(plan.entryPoint == GuestAddress(0x10_0200))
    // It moves itself.
    #expect(try plan.segment(.workspace).address == GuestAddress(0x20_0000))
    image.code32Start = 0x30_0000
    #expect(try BootPlan(request(image.bytes)).entryPoint == GuestAddress(0x30_0200))
    for start in [1, 0xF_FFFF] as [UInt32] {
      image.code32Start = start
      #expect(failure(image.bytes)?.kind == "malformed")
    }
    image.code32Start = .max
    #expect(failure(image.bytes)?.kind == "outsideMemory")
  }

  @Test func memoryThatIsNotThereIsRefused() throws {
    var image = LinuxImage.modern
    for address in [0xF0_1000, 0x100_0000, 0xFEE0_0000] as [UInt64] {
      image.preferredAddress = address
      #expect(failure(image.bytes)?.kind == "outsideMemory", "\(address)")
    }
    // A wish for more than there is.
    image.preferredAddress = 0x20_0000
    image.initSize = 0x200_0000
    let error = try #require(failure(image.bytes))
    #expect(error.kind == "outsideMemory")
    #expect(error.description.contains("0x2200000") && error.description.contains("--mem"))
    image.initSize = .max
    #expect(failure(image.bytes)?.kind == "outsideMemory")
    image.initSize = 0
    #expect(failure(image.bytes) == nil)
    for address in [1, 0xF_FFFF, 0x1_0000_0000, .max, .max - 0xFFF] as [UInt64] {
      image.preferredAddress = address
      image.initSize = 0x10_0000
      #expect(failure(image.bytes)?.kind == "malformed", "\(address)")
      image.isRelocatable = false
      let kind = failure(image.bytes)?.kind
      #expect(kind == "malformed" || kind == "outsideMemory", "\(address)")
      image.isRelocatable = true
    }
  }
}
