import Boot
import GuestMemory
import Testing
import X86

struct PVHTests {
  private func kernel(
    is64Bit: Bool = true, notes: [UInt8] = ELFFile.entryNote(0x10_0001), alignment: UInt64 = 4
  )
    -> ELFFile
  {
    var file = ELFFile.simple(is64Bit: is64Bit)
    file.add(notes, type: 4, at: 0, alignment: alignment)
    return file
  }

  @Test(arguments: [true, false])
  func theEntryStateIsTheProtocols(is64Bit: Bool) throws {
    let plan = try plan(kernel(is64Bit: is64Bit).bytes)
    #expect(plan.format == .pvh)
    // Xen docs/misc/pvh: 32-bit protected mode, flat segments, a TSS of limit 0x67, flags clear.
    let state = plan.entry
    #expect(state.mode == .protected)
    #expect(state.rip == 0x10_0001)
    #expect(state.cr0.rawValue & ~0x10 == 1)
    #expect(state.cr4.rawValue == 0)
    #expect(state.efer.rawValue == 0)
    #expect(state.rflags.rawValue & (1 << 17 | 1 << 9 | 1 << 8) == 0)
    for segment in [state.cs, state.ds, state.es, state.ss] {
      #expect(segment.base == 0)
      #expect(segment.limit == 0xFFFF_FFFF)
    }
    #expect(state.cs.attributes.type & 8 == 8)
    #expect(state.tr.base == 0)
    #expect(state.tr.limit == 0x67)
  }

  @Test func theStartInformationIsComplete() throws {
    var wanted = request(kernel().bytes)
    wanted.commandLine = "console=ttyS0"
    wanted.arguments = ["--", "a"]
    wanted.modules = [
      BootRequest.Module(source: BytesImage([UInt8](repeating: 7, count: 5000), name: "initrd.img")),
      BootRequest.Module(source: BytesImage([8, 9], name: "second"), commandLine: "with text"),
    ]
    let plan = try BootPlan(wanted)
    let memory = try place(plan)
    let base = plan.entry.general.rbx
    func u32(_ offset: UInt64) throws -> UInt32 { try memory.read(at: GuestAddress(base + offset)) }
    func u64(_ offset: UInt64) throws -> UInt64 { try memory.read(at: GuestAddress(base + offset)) }
    func string(_ address: UInt64) throws -> String {
      try memory.readString(at: GuestAddress(address), limit: 200)
    }

    #expect(try u32(0) == 0x336E_C578)
    #expect(try u32(4) == 1)
    #expect(try u32(8) == 0)
    #expect(try u32(12) == 2)
    #expect(try string(u64(24)) == "console=ttyS0 -- a")
    #expect(try u64(32) == 0)

    let list = try u64(16)
    func module(_ index: UInt64, _ field: UInt64) throws -> UInt64 {
      try memory.read(at: GuestAddress(list + index * 32 + field * 8))
    }
    #expect(try module(0, 1) == 5000)
    #expect(try string(module(0, 2)) == "initrd.img")
    #expect(
      try memory.readBytes(at: GuestAddress(module(0, 0)), count: 5000) == [UInt8](repeating: 7, count: 5000))
    #expect(try module(1, 1) == 2)
    #expect(try string(module(1, 2)) == "with text")
    #expect(try memory.readBytes(at: GuestAddress(module(1, 0)), count: 2) == [8, 9])
    #expect(try module(0, 0) % 4096 == 0)

    let map = try u64(40)
    #expect(try u32(48) == UInt32(plan.memoryMap.entries.count))
    for (index, entry) in plan.memoryMap.entries.enumerated() {
      let at = map + UInt64(index) * 24
      #expect(try memory.read(UInt64.self, at: GuestAddress(at)) == entry.address)
      #expect(try memory.read(UInt64.self, at: GuestAddress(at + 8)) == entry.byteCount)
      #expect(try memory.read(UInt32.self, at: GuestAddress(at + 16)) == entry.kind.rawValue)
      #expect(try memory.read(UInt32.self, at: GuestAddress(at + 20)) == 0)
    }
  }

  @Test func withoutModulesThereIsNoList() throws {
    let plan = try plan(kernel().bytes)
    let memory = try place(plan)
    #expect(try memory.read(UInt32.self, at: GuestAddress(plan.entry.general.rbx + 12)) == 0)
    #expect(try memory.read(UInt64.self, at: GuestAddress(plan.entry.general.rbx + 16)) == 0)
  }

  @Test func theNoteIsFoundAmongOthers() throws {
    let notes =
      ELFFile.note(type: 18, name: "GNU\0", content: [1, 2, 3, 4])
      + ELFFile.note(type: 6, name: "Xen\0", content: Array("linux\0".utf8)) + ELFFile.entryNote(0x10_0002)
    #expect(try plan(kernel(notes: notes).bytes).entry.rip == 0x10_0002)
    // Not Xen's: not PVH.
    #expect(
      try plan(kernel(notes: ELFFile.note(name: "GNU\0", content: [1, 2, 3, 4])).bytes).format == .elf64)
    #expect(try plan(kernel(notes: []).bytes).format == .elf64)
    // In the second of two segments.
    var two = kernel(notes: ELFFile.note(type: 3, name: "GNU\0", content: [1, 2, 3, 4]))
    two.add(ELFFile.entryNote(0x10_0003), type: 4, at: 0, alignment: 4)
    #expect(try plan(two.bytes).entry.rip == 0x10_0003)
  }

  @Test func theEntryMayHave8Bytes() throws {
    let note = ELFFile.note(content: [3, 0, 0x10, 0, 0, 0, 0, 0])
    #expect(try plan(kernel(notes: note).bytes).entry.rip == 0x10_0003)
    let high = ELFFile.note(content: [3, 0, 0x10, 0, 1, 0, 0, 0])
    #expect(failure(kernel(notes: high).bytes)?.kind == "entryOutsideImage")
  }

  @Test func notesAlignedTo8() throws {
    // 12 + 4 bytes, content at 16; the next note at 24 whatever the padding: then 12 + 8 → 24.
    var first = ELFFile.note(name: "GNU\0", content: [0, 0, 0, 0])
    first += [0, 0, 0, 0]
    let notes = first + ELFFile.entryNote(0x10_0001)
    #expect(try plan(kernel(notes: notes, alignment: 8).bytes).format == .pvh)
  }

  @Test func defects() {
    for notes in [
      ELFFile.note(content: [1, 2, 3]), ELFFile.note(content: []),
      ELFFile.note(content: [UInt8](repeating: 0, count: 4096)),
      ELFFile.note(content: [1, 2, 3, 4], contentSize: .max),
      ELFFile.note(content: [1, 2, 3, 4], contentSize: 5),
      ELFFile.note(content: [1, 2, 3, 4], nameSize: .max),
      ELFFile.note(content: [], nameSize: .max, contentSize: .max),
      ELFFile.note(content: [1, 2, 3, 4], nameSize: .max - 3),
    ] {
      #expect(failure(kernel(notes: notes).bytes)?.kind == "malformed")
    }
    // A header cut off is no note.
    #expect(failure(kernel(notes: [UInt8](repeating: 0xFF, count: 11)).bytes) == nil)
    // Sizes of zero go on by the header's 12 bytes; this must end.
    #expect(failure(kernel(notes: [UInt8](repeating: 0, count: 60_000)).bytes) == nil)
    // What lies beyond the limit is left alone.
    let long = ELFFile.note(name: "GNU\0", content: [UInt8](repeating: 0, count: 100_000))
    #expect(failure(kernel(notes: long).bytes) == nil)
  }

  @Test func anEntryOutsideTheImageIsRefused() {
    for entry in [0, 0x10_0004, 0x20_0000, .max] as [UInt32] {
      #expect(failure(kernel(notes: ELFFile.entryNote(entry)).bytes)?.kind == "entryOutsideImage")
    }
  }

  @Test func modeDecides() throws {
    #expect(try plan(kernel().bytes, mode: .protected).format == .pvh)
    let long = try plan(kernel().bytes, mode: .long)
    #expect(long.format == .elf64)
    #expect(long.entry.rip == 0x10_0000)
    #expect(failure(kernel().bytes, mode: .real16)?.kind == "optionRefused")
  }

  @Test func aCommandLineWithNULOrTooLongIsRefused() {
    var wanted = request(kernel().bytes)
    wanted.commandLine = "a\0b"
    #expect(failure(wanted)?.kind == "optionRefused")
    wanted.commandLine = String(repeating: "x", count: 28 << 10)
    #expect(failure(wanted)?.kind == "informationTooLarge")
    wanted.commandLine = String(repeating: "x", count: 20 << 10)
    #expect(failure(wanted) == nil)
  }
}
