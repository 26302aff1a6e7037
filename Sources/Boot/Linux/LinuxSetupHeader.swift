/// The setup header at the beginning of a Linux bzImage or zImage, and of programs that start like one
/// (memtest86+, iPXE), checked: what it says of the file lies in the file.
///
/// Names and offsets are those of Linux Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
/// A field that the header's protocol version does not have is given as that document says to assume it.
struct LinuxSetupHeader: Sendable {
  /// A version of the protocol, as the header has it: 0x020F is 2.15.
  struct Version: RawRepresentable, Comparable, Sendable, CustomStringConvertible {
    let rawValue: UInt16
    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    var description: String {
      let minor = rawValue & 0xFF
      return "\(rawValue >> 8)." + (minor < 10 ? "0" : "") + "\(minor)"
    }
  }

  /// Where the header begins in the file, and in the zero page.
  static let offset = 0x1F1
  /// Where it must end in the zero page, which has its next field there.
  static let endLimit = 0x290
  /// The magic number "HdrS".
  static let magic: [UInt8] = Array("HdrS".utf8)
  /// Where the magic number is.
  static let magicOffset = 0x202
  /// The size of a sector, in bytes.
  static let sectorByteCount = 512

  /// The header's bytes, from `offset` on.
  let bytes: [UInt8]
  /// version.
  let version: Version
  /// setup_sects: the sectors of real-mode code after the boot sector.
  let setupSectorCount: Int
  /// loadflags.
  let loadFlags: UInt8
  /// code32_start: where the protected-mode code is meant to be loaded, and starts; 0 in a program that
  /// cannot be started there.
  let code32Start: UInt32
  /// initrd_addr_max: the highest address that the initial RAM disk may occupy.
  let initialRAMDiskAddressMaximum: UInt64
  /// kernel_alignment, in bytes: a power of two.
  let alignment: UInt64
  /// relocatable_kernel: whether the protected-mode code can be loaded anywhere.
  let isRelocatable: Bool
  /// cmdline_size: the longest command line, in bytes without its NUL.
  let commandLineLimit: Int
  /// pref_address: where the kernel would like to be loaded; 0 where it does not say.
  let preferredAddress: UInt64
  /// init_size: how much memory it uses from there on before it reads its memory map, in bytes; 0
  /// where it does not say.
  let initializationByteCount: UInt64
  /// xloadflags.
  let extendedLoadFlags: UInt16
  /// How many bytes of protected-mode code there are; they follow the real-mode code.
  let protectedModeByteCount: UInt64
  /// payload_offset: where the compressed kernel begins, from the beginning of the protected-mode code.
  let payloadOffset: UInt64
  /// payload_length: how many bytes of it there are; 0 where there is none.
  let payloadByteCount: UInt64
  /// Where the kernel's version is told, as an offset in the file; nil where it is not.
  let versionTextOffset: Int?

  /// How many bytes of boot sector and real-mode code there are: where the protected-mode code begins.
  var realModeByteCount: Int { (setupSectorCount + 1) * Self.sectorByteCount }
  /// Whether the protected-mode code belongs at 1 MiB and above (LOADED_HIGH): a bzImage.
  var isLoadedHigh: Bool { loadFlags & 1 != 0 }
  /// Whether it can be started at its first byte in 32-bit protected mode.
  var has32BitEntry: Bool { isLoadedHigh && code32Start != 0 }
  /// Whether it can be started 0x200 bytes further in 64-bit mode (XLF_KERNEL_64).
  var has64BitEntry: Bool {
    has32BitEntry && extendedLoadFlags & 1 != 0 && protectedModeByteCount > LinuxKernel.entry64Offset
  }

  /// Whether a file begins like one with a setup header.
  static func isPresent(in head: HeaderBytes) -> Bool {
    head.has(magic, at: magicOffset) && head.has(BootSector.signature, at: BootSector.signatureOffset)
  }

  /// Reads the header, which is present.
  ///
  /// - Throws: `BootError.malformed`.
  init(_ source: any ImageSource, head: HeaderBytes) throws(BootError) {
    func malformed(_ offset: Int, _ problem: String) -> BootError {
      .malformed(image: source.name, offset: UInt64(offset), problem: problem)
    }
    let version = Version(rawValue: head.u16(0x206))
    self.version = version
    // A short jump over the header: what it jumps to is code.
    let end = Self.magicOffset + Int(head.u8(0x201))
    guard head.u8(0x200) == 0xEB, end <= Self.endLimit else {
      throw malformed(0x200, "its setup header does not begin with a short jump to its end")
    }
    guard end >= Self.end(in: version) else {
      throw malformed(
        0x201, "its setup header ends at \(hex(end)), before the fields of its protocol version \(version)")
    }
    guard end <= head.bytes.count else {
      throw malformed(head.bytes.count, "the file ends within its setup header")
    }
    bytes = Array(head.bytes[Self.offset..<end])

    let sectors = Int(head.u8(0x1F1))
    setupSectorCount = sectors == 0 ? 4 : sectors
    let realMode = UInt64((setupSectorCount + 1) * Self.sectorByteCount)
    guard let rest = source.byteCount.subtracting(realMode), rest > 0 else {
      throw malformed(
        0x1F1, "its setup takes \(setupSectorCount) sectors, after which nothing is left of the file")
    }
    // Counted in 16 bytes, the last of which need not all be there. Before 2.04 the field is too short.
    let claimed = version >= .syssize ? UInt64(head.u32(0x1F4)) * 16 : 0
    guard claimed <= rest || claimed - rest < 16 else {
      throw malformed(
        0x1F4, "it claims \(claimed) bytes of protected-mode code, but the file has \(rest) after its setup")
    }
    protectedModeByteCount = claimed == 0 ? rest : min(claimed, rest)

    loadFlags = head.u8(0x211)
    code32Start = head.u32(0x214)
    initialRAMDiskAddressMaximum = version >= .initialRAMDiskMaximum ? UInt64(head.u32(0x22C)) : 0x37FF_FFFF
    isRelocatable = version >= .relocatable && head.u8(0x234) != 0
    let alignment = version >= .relocatable ? UInt64(head.u32(0x230)) : 1
    guard !isRelocatable || alignment.nonzeroBitCount == 1 else {
      throw malformed(0x230, "it wants to be aligned to \(alignment) bytes, which is no power of two")
    }
    self.alignment = max(alignment, 1)
    commandLineLimit = version >= .commandLineSize ? Int(head.u32(0x238)) : 255
    let hasPreferredAddress = version >= .preferredAddress
    preferredAddress = hasPreferredAddress ? head.u64(0x258) : 0
    initializationByteCount = hasPreferredAddress ? UInt64(head.u32(0x260)) : 0
    extendedLoadFlags = version >= .extendedLoadFlags ? head.u16(0x236) : 0

    payloadOffset = version >= .payload ? UInt64(head.u32(0x248)) : 0
    payloadByteCount = version >= .payload ? UInt64(head.u32(0x24C)) : 0
    guard payloadByteCount == 0 || payloadOffset + payloadByteCount <= protectedModeByteCount else {
      throw malformed(
        0x248,
        "its payload ends \(payloadOffset + payloadByteCount) bytes into the protected-mode code, which has "
          + "\(protectedModeByteCount)")
    }
    let text = Int(head.u16(0x20E))
    versionTextOffset = text > 0 && text < setupSectorCount * Self.sectorByteCount ? text + 0x200 : nil
  }

  /// Where the header of a version must have ended at the earliest: after the fields that are read.
  private static func end(in version: Version) -> Int {
    switch version {
    case Version.preferredAddress...: 0x264
    case Version.setupData...: 0x258
    case Version.payload...: 0x250
    case Version.commandLineSize...: 0x23C
    case Version.relocatable...: 0x235
    case Version.initialRAMDiskMaximum...: 0x230
    case Version.commandLinePointer...: 0x22C
    case Version.heapEnd...: 0x226
    default: 0x224
    }
  }
}

extension LinuxSetupHeader.Version {
  /// 2.01: heap_end_ptr.
  static let heapEnd = Self(rawValue: 0x0201)
  /// 2.02: cmd_line_ptr.
  static let commandLinePointer = Self(rawValue: 0x0202)
  /// 2.03: initrd_addr_max.
  static let initialRAMDiskMaximum = Self(rawValue: 0x0203)
  /// 2.04: a syssize that can be relied on.
  static let syssize = Self(rawValue: 0x0204)
  /// 2.05: kernel_alignment and relocatable_kernel.
  static let relocatable = Self(rawValue: 0x0205)
  /// 2.06: cmdline_size.
  static let commandLineSize = Self(rawValue: 0x0206)
  /// 2.08: payload_offset and payload_length.
  static let payload = Self(rawValue: 0x0208)
  /// 2.09: setup_data.
  static let setupData = Self(rawValue: 0x0209)
  /// 2.10: pref_address and init_size.
  static let preferredAddress = Self(rawValue: 0x020A)
  /// 2.12: xloadflags.
  static let extendedLoadFlags = Self(rawValue: 0x020C)
  /// 2.15, the newest when this was written.
  static let newest = Self(rawValue: 0x020F)
}
