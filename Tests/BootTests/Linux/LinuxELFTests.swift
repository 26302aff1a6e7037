import Boot
import GuestMemory
import Testing

/// Linux's vmlinux, entered with a zero page.
struct LinuxELFTests {
  private func kernel(is64Bit: Bool = true, note: [UInt8], entryNote: Bool = false) -> ELFFile {
    var file = ELFFile.simple(is64Bit: is64Bit)
    // As in Linux: linked high, loaded at 1 MiB, entered at a physical address.
    file.headers[0].virtual = is64Bit ? 0xFFFF_FFFF_8010_0000 : 0xC010_0000
    file.add(note + (entryNote ? ELFFile.entryNote(0x10_0002) : []), type: 4, at: 0, alignment: 4)
    return file
  }
  private let salt = ELFFile.note(type: 0x100, name: "Linux\0", content: Array("salt".utf8))
  private let guestSystem = ELFFile.note(type: 6, name: "Xen\0", content: Array("linux\0".utf8))

  @Test func aNoteSaysThatItIsLinux() throws {
    for note in [salt, guestSystem] {
      let plan = try plan(kernel(note: note).bytes)
      #expect(plan.format == .linux64)
      #expect(plan.entry.rip == 0x10_0000)
      #expect(plan.entry.general.rsi == 0x1000)
      #expect(plan.entry.cs.selector == 0x10)
    }
    let plan = try plan(kernel(is64Bit: false, note: salt).bytes)
    #expect(plan.format == .linux32)
    #expect(plan.entry.general.rsi == 0x1000)
    // Other systems' notes, and Xen's other notes, do not.
    for note in [
      ELFFile.note(type: 0x100, name: "GNU\0", content: [1, 2, 3, 4]),
      ELFFile.note(type: 6, name: "Xen\0", content: Array("NetBSD\0".utf8)),
      ELFFile.note(type: 5, name: "Xen\0", content: Array("linux\0".utf8)),
    ] {
      #expect(try BootPlan(request(kernel(note: note).bytes)).format == .elf64)
    }
  }

  @Test func pvhComesFirstUnlessLongModeIsAskedFor() throws {
    let bytes = kernel(note: salt, entryNote: true).bytes
    #expect(try plan(bytes).format == .pvh)
    #expect(try plan(bytes, mode: .protected).format == .pvh)
    #expect(try plan(bytes, mode: .long).format == .linux64)
    #expect(failure(bytes, mode: .real16)?.kind == "optionRefused")
    #expect(failure(kernel(note: salt).bytes, mode: .protected)?.kind == "optionRefused")
    #expect(failure(kernel(is64Bit: false, note: salt).bytes, mode: .long)?.kind == "optionRefused")
  }

  @Test func theZeroPageSaysWhatALoaderWould() throws {
    var wanted = request(kernel(note: salt).bytes)
    wanted.commandLine = "console=ttyS0"
    wanted.modules = [BootRequest.Module(source: BytesImage([1, 2, 3], name: "initrd"))]
    let memory = try place(try BootPlan(wanted))
    func u32(_ offset: UInt64) throws -> UInt32 { try memory.read(at: GuestAddress(0x1000 + offset)) }
    #expect(try u32(0x202) == 0x5372_6448)
    #expect(try memory.read(UInt16.self, at: GuestAddress(0x11FE)) == 0xAA55)
    #expect(try memory.read(UInt16.self, at: GuestAddress(0x1206)) == 0x020F)
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x1210)) == 0xFF)
    #expect(try memory.readString(at: GuestAddress(UInt64(u32(0x228))), limit: 50) == "console=ttyS0")
    #expect(try u32(0x21C) == 3)
    #expect(try memory.readBytes(at: GuestAddress(UInt64(u32(0x218))), count: 3) == [1, 2, 3])
    #expect(try memory.read(UInt64.self, at: GuestAddress(0x1250)) != 0)
    // Linux cuts a longer command line off.
    wanted.commandLine = String(repeating: "x", count: 2047)
    #expect(failure(wanted) == nil)
    wanted.commandLine += "x"
    #expect(failure(wanted)?.kind == "optionRefused")
  }
}
