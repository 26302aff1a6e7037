/// Tells ELF files that a bare x86 machine can run from those it cannot.
enum ELFKind {
  /// The machines that somebody may have built for by mistake (e_machine, gABI "ELF Header").
  private static let machines: [UInt16: String] = [
    2: "SPARC", 3: "32-bit x86", 4: "Motorola 68000", 8: "MIPS", 20: "PowerPC", 21: "64-bit PowerPC",
    22: "IBM Z", 40: "32-bit Arm", 42: "SuperH", 43: "64-bit SPARC", 50: "Itanium", 62: "x86-64",
    183: "AArch64",
    243: "RISC-V", 247: "BPF", 258: "LoongArch",
  ]
  private static let i386: UInt16 = 3
  private static let x86_64: UInt16 = 62

  /// Checks byte order, machine and type.
  ///
  /// - Throws: `BootError.unsupported`, or `.malformed`.
  static func check(_ source: any ImageSource, head: HeaderBytes, is64Bit: Bool) throws(BootError) {
    // In a big-endian file the machine's number is swapped too.
    let isLittleEndian = head.u8(5) == 1
    let machine = isLittleEndian ? head.u16(18) : head.u16(18).byteSwapped
    guard machine == i386 || machine == x86_64 else {
      let name = machines[machine] ?? "machine number \(machine)"
      throw .unsupported(
        image: source.name, what: "an ELF file for \(name)",
        advice: "This machine is an x86 PC: build the guest for x86-64 or i386.")
    }
    guard isLittleEndian else {
      throw .malformed(
        image: source.name, offset: 5,
        problem: "its byte order is \(head.u8(5)); on x86 it is 1 (little-endian)")
    }
    guard (machine == x86_64) == is64Bit else {
      throw .unsupported(
        image: source.name,
        what: is64Bit ? "a 64-bit ELF file for 32-bit x86" : "an ELF file for the x32 ABI",
        advice: "Build the guest with -m64 or -m32.")
    }
    switch head.u16(16) {
    case 2, 3: return  // ET_EXEC; ET_DYN is how a position-independent executable is marked
    case 1:
      throw .unsupported(
        image: source.name, what: "an ELF object file, which is not linked yet",
        advice: "Link it: ld.lld -Ttext=0x100000 -e start -o guest.elf \(source.name)")
    case 4:
      throw .unsupported(
        image: source.name, what: "a core dump", advice: "Boot the program that it is a dump of.")
    case let type:
      throw .malformed(
        image: source.name, offset: 16, problem: "its ELF type is \(type); an executable has 2 or 3")
    }
  }

  /// Refuses a program for an operating system: one with the GNU C library's note of the kernel it
  /// needs (NT_GNU_ABI_TAG). A guest for the bare machine is not linked with that library.
  ///
  /// - Throws: `BootError.unsupported`, `.malformed`, or the failure to read.
  static func refuseHostedProgram(_ elf: ELFImage, in source: any ImageSource) throws(BootError) {
    guard try elf.note(Array("GNU\0".utf8), type: 1, in: source) != nil else { return }
    throw .unsupported(
      image: source.name, what: "a program for an operating system (it is linked with the GNU C library)",
      advice:
        "A guest image runs on the bare machine: link it with -static -nostdlib and its own entry point.")
  }
}
