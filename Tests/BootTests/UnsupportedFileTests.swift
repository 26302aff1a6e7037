import Boot
import Testing

struct UnsupportedFileTests {
  @Test(
    arguments: [
      ([0x1F, 0x8B, 8, 0], "gzip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "xz"),
      ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard"),
      (Array("BZh91AY".utf8), "bzip2"), (Array("MZ\u{1}".utf8), "EFI"), (Array("QFI".utf8) + [0xFB], "qcow2"),
      (Array("070701000".utf8), "cpio"), (Array("#!/bin/sh\nexit 1\n".utf8), "script"),
      (Array("!<arch>\n".utf8), "static library"), (Array("bits 16\norg 0x7c00\nhlt\n".utf8), "text file"),
      ([0x50, 0x4B, 3, 4], "ZIP"), ([0xCF, 0xFA, 0xED, 0xFE], "macOS"),
    ] as [([UInt8], String)])
  func itIsNamedAndTheUserIsToldWhatToDo(bytes: [UInt8], name: String) throws {
    let error = try #require(failure(bytes))
    #expect(error.kind == "unsupported")
    #expect(error.description.contains(name))
    #expect(error.description.contains("--mode real"))
    // The way out that the message names exists.
    #expect(failure(bytes, mode: .real16) == nil)
  }

  @Test func noWayOutIsNamedThatDoesNotExist() {
    let big = ([0x1F, 0x8B] as [UInt8]).padded(to: 0x8_0001)
    #expect(failure(big)?.description.contains("--mode real") == false)
    #expect(failure(Array(big.dropLast()))?.description.contains("--mode real") == true)
  }

  @Test func disksAreNamedAlthoughTheyHaveABootSector() {
    var bytes = [UInt8](repeating: 0, count: 36 << 10)
    bytes.replaceSubrange(0x1FE..<0x200, with: [0x55, 0xAA])
    #expect(failure(bytes) == nil)
    var iso = bytes
    iso.replaceSubrange(0x8001..<0x8006, with: Array("CD001".utf8))
    #expect(failure(iso)?.description.contains("ISO 9660") == true)
    var gpt = bytes
    gpt.replaceSubrange(512..<520, with: Array("EFI PART".utf8))
    #expect(failure(gpt)?.description.contains("GUID partition table") == true)
  }

  @Test func codeIsNotTakenForText() {
    // Printable, but without lines; and one line too short to tell.
    #expect(failure(Array("X5O!P%@AP[4PZX54(P^)7CC)7}$EICAR".utf8)) == nil)
    #expect(failure(Array("@\n".utf8)) == nil)
    #expect(failure([0xF4]) == nil)
  }
}
