/// Files that people try to boot and that cannot be: each is named, and told what to do instead.
enum UnsupportedFile {
  /// A kind of file that begins with a magic number, or has one at some offset.
  private struct Magic {
    let offset: Int
    let bytes: [UInt8]
    let what: String
    let advice: String

    init(_ bytes: [UInt8], at offset: Int = 0, _ what: String, _ advice: String) {
      self.offset = offset
      self.bytes = bytes
      self.what = what
      self.advice = advice
    }

    init(_ text: StaticString, at offset: Int = 0, _ what: String, _ advice: String) {
      self.init(Array(text.description.utf8), at: offset, what, advice)
    }
  }

  private static let unpack = "Decompress it first."
  private static let kernelInside = "Boot the kernel inside it: there is no firmware here that reads disks."
  private static let module = "Give it as a module with --initrd, beside a kernel."
  private static let buildELF = "Build the guest as a freestanding ELF executable or a flat binary."

  /// In the order in which they are looked for: a disk may have a boot sector too.
  private static let magics: [Magic] = [
    Magic([0x1F, 0x8B], "a gzip file", unpack),
    Magic([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "an xz file", unpack),
    Magic([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard file", unpack),
    Magic([0x04, 0x22, 0x4D, 0x18], "an LZ4 file", unpack),
    Magic([0x02, 0x21, 0x4C, 0x18], "an LZ4 file", unpack),
    Magic("BZh", "a bzip2 file", unpack),
    Magic([0x50, 0x4B, 0x03, 0x04], "a ZIP archive", "Unpack it first."),
    Magic("ustar", at: 257, "a tar archive", "Unpack it first."),
    Magic("070701", "a cpio archive (an initial RAM disk)", module),
    Magic("070702", "a cpio archive (an initial RAM disk)", module),
    Magic([0x51, 0x46, 0x49, 0xFB], "a qcow2 disk image", kernelInside),
    Magic("KDMV", "a VMDK disk image", kernelInside),
    Magic("vhdxfile", "a VHDX disk image", kernelInside),
    Magic("conectix", "a VHD disk image", kernelInside),
    Magic("CD001", at: 0x8001, "an ISO 9660 image (a CD or DVD)", kernelInside),
    Magic("EFI PART", at: 512, "a disk image with a GUID partition table", kernelInside),
    Magic("MZ", "a Windows or EFI program", "There is no EFI firmware here. \(buildELF)"),
    Magic("!<arch>\n", "a static library", "Link it into an executable."),
    Magic([0xCF, 0xFA, 0xED, 0xFE], "a Mach-O file for macOS", buildELF),
    Magic([0xCA, 0xFE, 0xBA, 0xBE], "a Java class or a Mach-O file for macOS", buildELF),
    Magic([0x00, 0x61, 0x73, 0x6D], "a WebAssembly module", buildELF),
    Magic([0x42, 0x43, 0xC0, 0xDE], "LLVM bitcode", "Compile it to machine code first."),
    Magic("#!", "a script", "Scripts run on an operating system. \(buildELF)"),
  ]

  /// Throws where the file is one of them.
  ///
  /// - Throws: `BootError.unsupported`.
  static func check(_ source: any ImageSource, head: HeaderBytes) throws(BootError) {
    // A way to run the bytes as code all the same, where there is one.
    let insist =
      source.byteCount <= BootLayout.realModeImageEnd - BootLayout.flat16
      ? " To run its bytes as code all the same, add --mode real." : ""
    if let magic = magics.first(where: { head.has($0.bytes, at: $0.offset) }) {
      throw .unsupported(image: source.name, what: magic.what, advice: magic.advice + insist)
    }
    if isText(head) {
      throw .unsupported(
        image: source.name, what: "a text file",
        advice: "Assemble or compile it, and boot the result." + insist)
    }
  }

  /// Whether the beginning is nothing but printable characters in lines, with one line end at
  /// least: machine code is not, beyond a few bytes.
  private static func isText(_ head: HeaderBytes) -> Bool {
    let sample = head.bytes.prefix(512)
    guard sample.count >= 16, sample.contains(0x0A) else { return false }
    return sample.allSatisfy { (0x20...0x7E).contains($0) || (0x09...0x0D).contains($0) || $0 >= 0x80 }
      && String(validating: sample, as: UTF8.self) != nil
  }
}
