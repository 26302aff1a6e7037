import Boot
import GuestMemory
import Testing
import X86

/// Kernels started by their real-mode code (boot.rst, "Sample Boot Configuration").
struct LinuxRealModeTests {
  private func real(_ image: LinuxImage, commandLine: String = "quiet", module: Bool = false) throws -> (
    plan: BootPlan, memory: GuestMemory
  ) {
    var wanted = request(image.bytes, mode: .real16)
    wanted.commandLine = commandLine
    if module { wanted.modules = [BootRequest.Module(source: BytesImage([1, 2, 3], name: "initrd"))] }
    let plan = try BootPlan(wanted)
    return (plan, try place(plan))
  }

  @Test(arguments: [0x0202, 0x0206, 0x020F] as [UInt16])
  func aHighKernelStartsAt1020(version: UInt16) throws {
    let (plan, memory) = try real(version == 0x020F ? .modern : .old(version), module: true)
    #expect(plan.format == .linux16)
    let state = plan.entry
    #expect(state.mode == .real)
    #expect(state.cs.selector == 0x1020 && state.rip == 0)
    for segment in [state.ds, state.es, state.fs, state.gs, state.ss] { #expect(segment.selector == 0x1000) }
    #expect(state.general.rsp == 0xE000)
    #expect(state.rflags.rawValue & (1 << 9) == 0)
    func u8(_ offset: UInt64) throws -> UInt8 { try memory.read(at: GuestAddress(0x1_0000 + offset)) }
    func u16(_ offset: UInt64) throws -> UInt16 { try memory.read(at: GuestAddress(0x1_0000 + offset)) }
    func u32(_ offset: UInt64) throws -> UInt32 { try memory.read(at: GuestAddress(0x1_0000 + offset)) }
    #expect(try u8(0x210) == 0xFF)
    #expect(try u8(0x211) == 0x81)
    #expect(try u16(0x224) == 0xDE00)
    #expect(try u32(0x228) == 0x1_E000)
    #expect(try memory.readString(at: GuestAddress(0x1_E000), limit: 10) == "quiet")
    #expect(try u32(0x21C) == 3)
    #expect(try memory.readBytes(at: GuestAddress(UInt64(u32(0x218))), count: 3) == [1, 2, 3])
    #expect(try u32(0x202) == 0x5372_6448)
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x10_0000)) == 0xCC)
    // Modern kernels unpack themselves elsewhere, where nothing may lie.
    #expect(plan.segments.contains { $0.kind == .workspace } == (version == 0x020F))
  }

  @Test(
    arguments: [(0x0200, 1), (0x0201, 1), (0x0200, 0), (0x0201, 0), (0x0202, 0), (0x0206, 0)]
      as [(UInt16, UInt8)])
  func anOldOrLowKernelStartsAt9020(version: UInt16, loadFlags: UInt8) throws {
    let (plan, memory) = try real(.old(version, loadFlags: loadFlags))
    let state = plan.entry
    #expect(state.cs.selector == 0x9020 && state.rip == 0)
    #expect(state.ss.selector == 0x9000 && state.general.rsp == 0x9800)
    // zImage or bzImage.
    let load: UInt64 = loadFlags & 1 == 0 ? 0x1_0000 : 0x10_0000
    #expect(try memory.read(UInt8.self, at: GuestAddress(load)) == 0xCC)
    #expect(try memory.readString(at: GuestAddress(0x9_9800), limit: 10) == "quiet")
    func u16(_ offset: UInt64) throws -> UInt16 { try memory.read(at: GuestAddress(0x9_0000 + offset)) }
    if version >= 0x0202 {
      #expect(try memory.read(UInt32.self, at: GuestAddress(0x9_0228)) == 0x9_9800)
    } else {
      #expect(try u16(0x20) == 0xA33F)
      #expect(try u16(0x22) == 0x9800)
      #expect(try u16(0x212) == 0x9806)
    }
    // heap_end_ptr came with 2.01; before it there is something else.
    #expect(try u16(0x224) == (version >= 0x0201 ? 0x9600 : 0x9090))
  }

  @Test func whatHasNoRoomIsRefused() {
    // Real-mode code has 32 KiB.
    var image = LinuxImage.modern
    image.setupSectors = 63
    #expect(failure(image.bytes, mode: .real16) == nil)
    image.setupSectors = 64
    #expect(failure(image.bytes, mode: .real16)?.kind == "malformed")
    // A low kernel has the memory from 64 KiB to the real-mode code.
    image = LinuxImage.old(0x0202, loadFlags: 0)
    image.codeByteCount = 0x8_0000
    #expect(failure(image.bytes) == nil)
    image.codeByteCount = 0x8_0001
    #expect(failure(image.bytes)?.kind == "overlap")
    // So much room is there for a command line.
    image = .modern
    image.commandLineSize = .max
    var wanted = request(image.bytes, mode: .real16)
    wanted.commandLine = String(repeating: "x", count: 0x1FFF)
    #expect(failure(wanted) == nil)
    wanted.commandLine += "x"
    #expect(failure(wanted)?.kind == "informationTooLarge")
  }

  @Test func itIsToldThatThereIsNoBIOS() throws {
    #expect(try real(.modern).plan.notes.contains { $0.contains("BIOS") })
    #expect(try plan(LinuxImage.modern.bytes).notes.isEmpty)
  }
}
