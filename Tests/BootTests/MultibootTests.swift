import Boot
import GuestMemory
import Testing
import X86

struct MultibootTests {
  /// A flat kernel with a header at `offset`, loaded at 1 MiB by its address fields. The word after
  /// the header is `hlt`.
  private func flat(
    at offset: Int = 0, flags: UInt32 = 1 << 16 | 3, header: UInt32? = nil, load: UInt32 = 0x10_0000,
    loadEnd: UInt32 = 0, bssEnd: UInt32 = 0, entry: UInt32? = nil, byteCount: Int = 64
  ) -> [UInt8] {
    var bytes = [UInt8](repeating: 0x90, count: max(byteCount, offset + 36))
    let fields: [UInt32] = [
      0x1BAD_B002, flags, 0 &- 0x1BAD_B002 &- flags, header ?? load &+ UInt32(offset), load, loadEnd, bssEnd,
      entry ?? load &+ UInt32(offset) &+ 32,
    ]
    for (index, field) in fields.enumerated() { bytes.set(field, at: offset + index * 4) }
    bytes[offset + 32] = 0xF4
    return bytes
  }

  /// An ELF kernel whose only segment begins with a header without address fields.
  private func elf(is64Bit: Bool, flags: UInt32 = 0) -> ELFFile {
    var code = [UInt8](repeating: 0x90, count: 16)
    for (index, field) in [0x1BAD_B002, flags, 0 &- 0x1BAD_B002 &- flags].enumerated() {
      code.set(field, at: index * 4)
    }
    var file = ELFFile.simple(is64Bit: is64Bit, code: code)
    file.entry = 0x10_000C
    return file
  }

  @Test func theEntryStateIsTheProtocols() throws {
    let plan = try plan(flat())
    #expect(plan.format == .multiboot1)
    // Multiboot Specification, 3.2.
    let state = plan.entry
    #expect(state.general.rax == 0x2BAD_B002)
    #expect(state.mode == .protected)
    #expect(!state.cr0.contains(.paging))
    #expect(state.rflags.rawValue & (1 << 17 | 1 << 9) == 0)
    for segment in [state.cs, state.ds, state.es, state.fs, state.gs, state.ss] {
      #expect(segment.base == 0)
      #expect(segment.limit == 0xFFFF_FFFF)
    }
    #expect(state.rip == 0x10_0020)
    #expect(try place(plan).read(UInt8.self, at: GuestAddress(state.rip)) == 0xF4)
  }

  @Test(arguments: [true, false])
  func anELFKernelIsLoadedByItsProgramHeaders(is64Bit: Bool) throws {
    let plan = try plan(elf(is64Bit: is64Bit).bytes)
    #expect(plan.format == .multiboot1)
    #expect(plan.entry.mode == .protected)
    #expect(plan.entry.rip == 0x10_000C)
  }

  @Test func pvhComesFirst() throws {
    var file = elf(is64Bit: true)
    file.add(ELFFile.entryNote(0x10_000C), type: 4, at: 0)
    #expect(try plan(file.bytes).format == .pvh)
  }

  @Test func theInformationIsComplete() throws {
    var wanted = request(flat(), in: memory(mebibytes: 64))
    wanted.commandLine = "root=/dev/ram0"
    wanted.modules = [
      BootRequest.Module(source: BytesImage([UInt8](repeating: 7, count: 5000), name: "first")),
      BootRequest.Module(source: BytesImage([8, 9], name: "second"), commandLine: "with text"),
    ]
    let plan = try BootPlan(wanted)
    let memory = try place(plan, in: memory(mebibytes: 64))
    let base = plan.entry.general.rbx
    func word(_ address: UInt64) throws -> UInt64 {
      UInt64(try memory.read(UInt32.self, at: GuestAddress(address)))
    }
    func field(_ offset: UInt64) throws -> UInt64 { try word(base + offset) }
    func string(_ address: UInt64) throws -> String {
      try memory.readString(at: GuestAddress(address), limit: 200)
    }

    // Multiboot Specification, 3.3: memory, command line, modules, map, loader's name.
    #expect(try field(0) == 1 << 0 | 1 << 2 | 1 << 3 | 1 << 6 | 1 << 9)
    #expect(try field(4) == 639)
    #expect(try field(8) == 63 * 1024)
    #expect(try string(field(16)) == "root=/dev/ram0")
    #expect(try string(field(64)) == "SwiftVM")

    #expect(try field(20) == 2)
    let list = try field(24)
    let starts = try [word(list), word(list + 16)]
    #expect(try word(list + 4) - starts[0] == 5000)
    #expect(try word(list + 20) - starts[1] == 2)
    #expect(try string(word(list + 8)) == "first")
    #expect(try string(word(list + 24)) == "with text")
    // Page-aligned, right after the kernel.
    #expect(starts == [0x10_1000, 0x10_3000])
    #expect(try memory.readBytes(at: GuestAddress(starts[1]), count: 2) == [8, 9])

    // A reader of the map steps by size + 4, as the specification says.
    var address = try field(48)
    let end = try address + field(44)
    var entries: [MemoryMap.Entry] = []
    while address < end {
      entries.append(
        MemoryMap.Entry(
          address: try memory.read(at: GuestAddress(address + 4)),
          byteCount: try memory.read(at: GuestAddress(address + 12)),
          kind: try #require(MemoryMap.Kind(rawValue: UInt32(try word(address + 20))))))
      address += try word(address) + 4
    }
    #expect(address == end)
    #expect(entries == plan.memoryMap.entries)
  }

  @Test func theHeaderMayBeAnywhereInTheFirst8192Bytes() throws {
    for offset in [4, 512, 8160] { #expect(try plan(flat(at: offset)).format == .multiboot1) }
    // Misaligned, half beyond the limit, with a wrong checksum: no header.
    for offset in [1, 2, 8164, 8192] { #expect(try plan(flat(at: offset)).format == .flat16) }
    var bytes = flat()
    bytes[8] ^= 1
    #expect(try plan(bytes).format == .flat16)
  }

  @Test func addressFieldsDecideWhatIsLoaded() throws {
    // The header lies 0x20 into the loaded part, which begins 0x10 into the file.
    let bytes = flat(
      at: 0x30, header: 0x20_0020, load: 0x20_0000, loadEnd: 0x20_0050, bssEnd: 0x20_1000, entry: 0x20_0040,
      byteCount: 256)
    let plan = try plan(bytes)
    let segment = try plan.segment(.image)
    #expect(segment.fileOffset == 0x10)
    #expect(segment.fileByteCount == 0x50)
    #expect(segment.memoryByteCount == 0x1000)
    let memory = try place(plan)
    #expect(try memory.readBytes(at: GuestAddress(0x20_0000), count: 0x50) == Array(bytes[0x10..<0x60]))
    #expect(
      try memory.readBytes(at: GuestAddress(0x20_0050), count: 0xFB0) == [UInt8](repeating: 0, count: 0xFB0))
    #expect(try memory.read(UInt8.self, at: GuestAddress(0x20_1000)) == 0xA5)
  }

  @Test func addressFieldsThatLie() {
    // Load address above the header's; so far below that it is before the file; ends before begins.
    #expect(failure(flat(header: 0xF_FFFF))?.kind == "malformed")
    #expect(failure(flat(header: 0x10_0001))?.kind == "malformed")
    #expect(failure(flat(header: .max, load: 0))?.kind == "malformed")
    #expect(failure(flat(loadEnd: 0x10_0000))?.kind == "malformed")
    #expect(failure(flat(loadEnd: 1))?.kind == "malformed")
    // More content than the file has; memory that ends before the content.
    #expect(failure(flat(loadEnd: 0x10_0041))?.kind == "malformed")
    #expect(failure(flat(loadEnd: .max))?.kind == "malformed")
    #expect(failure(flat(bssEnd: 0x10_003F))?.kind == "malformed")
    #expect(failure(flat(bssEnd: 1))?.kind == "malformed")
    #expect(failure(flat(bssEnd: 0x10_0040)) == nil)
    // No such memory; on the boot tables; an entry elsewhere.
    #expect(failure(flat(bssEnd: .max))?.kind == "outsideMemory")
    #expect(failure(flat(load: 0xA_0000))?.kind == "outsideMemory")
    #expect(failure(flat(load: 0xFFFF_FFF0))?.kind == "outsideMemory")
    #expect(failure(flat(load: 0x1000))?.kind == "overlap")
    #expect(failure(flat(load: 0x500))?.kind == "overlap")
    #expect(failure(flat(entry: 0xF_FFFF))?.kind == "entryOutsideImage")
    #expect(failure(flat(entry: 0x10_0040))?.kind == "entryOutsideImage")
  }

  @Test func requiredFeaturesThatAreUnknownAreRefused() throws {
    for bit in 3..<16 {
      let error = failure(flat(flags: 1 << 16 | 1 << UInt32(bit)))
      #expect(error?.kind == "unsupported")
      #expect(error?.description.contains(hexadecimal(1 << bit)) == true)
    }
    // Optional ones are not.
    for bit in 17..<32 { #expect(failure(flat(flags: 1 << 16 | 1 << UInt32(bit))) == nil) }
    #expect(try plan(flat(flags: 1 << 16 | 4)).notes.contains { $0.contains("video mode") })
  }

  private func hexadecimal(_ value: Int) -> String { "0x" + String(value, radix: 16) }

  @Test func aKernelThatIsNotELFNeedsAddressFields() {
    #expect(failure(flat(flags: 3))?.kind == "unsupported")
  }

  @Test func modeDecides() throws {
    #expect(try plan(flat(), mode: .protected).format == .multiboot1)
    #expect(try plan(flat(), mode: .long).format == .flat64)
    #expect(try plan(flat(), mode: .real16).format == .flat16)
    #expect(try plan(flat(flags: 3), mode: .protected).format == .flat32)
    #expect(try plan(elf(is64Bit: true).bytes, mode: .long).format == .elf64)
    #expect(try plan(elf(is64Bit: false).bytes, mode: .protected).format == .multiboot1)
  }

  @Test func multiboot2IsNamed() throws {
    var code = [UInt8](repeating: 0x90, count: 32)
    let fields: [UInt32] = [0xE852_50D6, 0, 16, 0 &- 0xE852_50D6 &- 16]
    // The header is aligned to 8 in the file: the content begins at 120.
    for (index, field) in fields.enumerated() { code.set(field, at: index * 4) }
    let file = ELFFile.simple(code: code)
    #expect(failure(file.bytes)?.description.contains("Multiboot 2") == true)
    #expect(try plan(file.bytes, mode: .long).format == .elf64)
  }

  @Test func modulesThatDoNotFitAreRefused() {
    func with(_ sizes: [Int]) -> String? {
      var wanted = request(flat(), in: memory(mebibytes: 2))
      wanted.modules = sizes.map {
        BootRequest.Module(source: BytesImage([UInt8](repeating: 1, count: $0), name: "module"))
      }
      return failure(wanted)?.kind
    }
    #expect(with([0]) == "empty")
    #expect(with([1 << 20]) == "noRoom")
    #expect(with([(1 << 20) - 4096]) == nil)
    #expect(with([(1 << 20) - 4096, 1]) == "noRoom")
    #expect(with([(1 << 20) - 8192, 1]) == nil)
  }
}
