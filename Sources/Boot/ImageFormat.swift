/// The kinds of image that can be booted.
public enum ImageFormat: String, Sendable, CaseIterable, CustomStringConvertible {
  /// A boot sector, as a BIOS loads it: 0x55 0xAA at offset 510.
  case bootSector = "boot-sector"
  /// Plain 16-bit code for real mode.
  case flat16
  /// Plain 32-bit code for protected mode.
  case flat32
  /// Plain 64-bit code for long mode.
  case flat64
  /// A 32-bit ELF executable, entered in protected mode.
  case elf32
  /// A 64-bit ELF executable, entered in long mode.
  case elf64
  /// A kernel with a Multiboot (version 1) header.
  case multiboot1
  /// An ELF kernel with a PVH entry point.
  case pvh
  /// A Linux kernel, entered in long mode: a bzImage, or the ELF file inside it.
  case linux64
  /// A Linux kernel, entered in protected mode.
  case linux32
  /// A Linux kernel, entered in real mode.
  case linux16

  /// The mode in which an image of this format is entered.
  public var mode: BootRequest.Mode {
    switch self {
    case .bootSector, .flat16, .linux16: .real16
    case .flat32, .elf32, .multiboot1, .pvh, .linux32: .protected
    case .flat64, .elf64, .linux64: .long
    }
  }

  /// The format in words.
  public var description: String {
    switch self {
    case .bootSector: "boot sector"
    case .flat16: "flat 16-bit image"
    case .flat32: "flat 32-bit image"
    case .flat64: "flat 64-bit image"
    case .elf32: "32-bit ELF executable"
    case .elf64: "64-bit ELF executable"
    case .multiboot1: "Multiboot kernel"
    case .pvh: "PVH kernel"
    case .linux64: "Linux kernel, 64-bit entry"
    case .linux32: "Linux kernel, 32-bit entry"
    case .linux16: "Linux kernel, real-mode entry"
    }
  }
}
