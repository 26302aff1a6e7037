import Boot
import Foundation
import GuestMemory
import Testing

/// Plans for files that the toolchain's own linker made, against what its tools say of them.
struct ToolchainTests {
  /// The program `name` of the Swift toolchain, or one on the path.
  private static func tool(_ name: String) throws -> URL {
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
    var folders = path
    for folder in path {
      let swift = URL(fileURLWithPath: folder).appendingPathComponent("swift").resolvingSymlinksInPath()
      if FileManager.default.isExecutableFile(atPath: swift.path) {
        folders.insert(swift.deletingLastPathComponent().path, at: 0)
      }
    }
    let found = folders.map { URL(fileURLWithPath: $0).appendingPathComponent(name) }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    return try #require(found, "\(name) belongs to the Swift toolchain; put the toolchain on the path")
  }

  /// What a program prints.
  private static func run(_ name: String, _ arguments: [String], in folder: URL) throws -> String {
    let process = Process()
    process.executableURL = try tool(name)
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(name) \(arguments) failed")
    return text
  }

  /// Three loaded segments, linked 3 GiB above where they are loaded, and a PVH note.
  private static let source = """
    .section .note.pvh, "a", @note
    .long 4, 4, 18
    .asciz "Xen"
    .long start - 0xc0000000
    .text
    .global start
    .long 0
    start: hlt
    .section .rodata, "a"
    .asciz "constant"
    .data
    .long 0x12345678
    .bss
    .skip 10000
    """

  private static let script = """
    ENTRY(start)
    PHDRS { text PT_LOAD FLAGS(5); rodata PT_LOAD FLAGS(4); data PT_LOAD FLAGS(6); note PT_NOTE FLAGS(4); }
    SECTIONS {
      . = 0xc0100000;
      .text : AT(ADDR(.text) - 0xc0000000) { *(.text) } :text
      . = ALIGN(4096);
      .rodata : AT(ADDR(.rodata) - 0xc0000000) { *(.rodata) } :rodata
      .note.pvh : AT(ADDR(.note.pvh) - 0xc0000000) { *(.note.pvh) } :rodata :note
      . = ALIGN(4096);
      .data : AT(ADDR(.data) - 0xc0000000) { *(.data) } :data
      .bss : AT(ADDR(.bss) - 0xc0000000) { *(.bss) } :data
    }
    """

  @Test(arguments: ["x86_64", "i686"])
  func aLinkedKernelIsReadAsTheToolchainReadsIt(architecture: String) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(Self.source.utf8).write(to: folder.appendingPathComponent("guest.s"))
    try Data(Self.script.utf8).write(to: folder.appendingPathComponent("guest.ld"))
    _ = try Self.run(
      "clang", ["-target", "\(architecture)-unknown-none-elf", "-c", "guest.s", "-o", "guest.o"], in: folder)
    _ = try Self.run("ld.lld", ["-T", "guest.ld", "guest.o", "-o", "guest.elf"], in: folder)
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent("guest.elf")))

    // llvm-objdump -p prints two lines for each program header:
    //   LOAD off 0x… vaddr 0x… paddr 0x… align 2**12
    //        filesz 0x… memsz 0x… flags r-x
    let words = try Self.run("llvm-objdump", ["-p", "guest.elf"], in: folder).split(separator: "\n")
      .map { $0.split(separator: " ").map(String.init) }
    var expected: [String] = []
    for (first, second) in zip(words, words.dropFirst()) where first.first == "LOAD" {
      func value(_ name: String, _ line: [String]) throws -> UInt64 {
        let index = try #require(line.firstIndex(of: name))
        return try #require(UInt64(line[index + 1].dropFirst(2), radix: 16))
      }
      expected.append(
        "\(try value("off", first)) \(try value("paddr", first)) \(try value("filesz", second)) "
          + "\(try value("memsz", second)) \(second.last ?? "")")
    }
    let plan = try plan(bytes)
    let found = plan.segments.filter { $0.kind == .image }.map {
      "\($0.fileOffset ?? 0) \($0.address.rawValue) \($0.fileByteCount) \($0.memoryByteCount) \($0.permissions)"
    }
    #expect(expected.count == 3)
    #expect(found == expected)

    // The note, the ELF header and the linker agree on where the code is.
    #expect(plan.format == .pvh)
    #expect(plan.entryPoint == GuestAddress(0x10_0004))
    #expect(try place(plan).read(UInt8.self, at: plan.entryPoint) == 0xF4)
    if architecture == "x86_64" {
      #expect(try BootTests.plan(bytes, mode: .long).entryPoint == plan.entryPoint)
    }

    // The loaded bytes are those that the linker's own flattening gives.
    _ = try Self.run("llvm-objcopy", ["-O", "binary", "guest.elf", "guest.bin"], in: folder)
    let flat = [UInt8](try Data(contentsOf: folder.appendingPathComponent("guest.bin")))
    let memory = try place(plan)
    for segment in plan.segments where segment.kind == .image {
      let start = Int(segment.address.rawValue - 0x10_0000)
      let count = Int(segment.fileByteCount)
      #expect(try memory.readBytes(at: segment.address, count: count) == Array(flat[start..<start + count]))
    }
  }
}
