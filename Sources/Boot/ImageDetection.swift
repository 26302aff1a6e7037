/// Decides by an image's content what it is, and makes the plan.
///
/// In this order:
/// 1. An ELF file: by its PVH note, else its Multiboot header, else as Linux where a note says so, else
///    as a plain executable. Plain executables that want Multiboot 2 or an operating system are refused
///    unless a mode was asked for.
/// 2. A Linux setup header, in whichever mode it has an entry point for.
/// 3. Where a mode was asked for: a flat image of that mode; a Multiboot header with load addresses
///    counts for protected mode.
/// 4. A Multiboot header.
/// 5. What cannot be booted but can be named (`UnsupportedFile`): refused.
/// 6. 0x55 0xAA at offset 510: a boot sector.
/// 7. Anything else: a flat 16-bit image.
///
/// `--mode long` starts a 64-bit ELF file at its own entry point even where it has a PVH note or a
/// Multiboot header.
enum ImageDetection {
  /// How much of the beginning of a file is looked at, in bytes: up to an ISO 9660 descriptor.
  static let headByteCount: UInt64 = 36 << 10

  /// The plan for the image of a request.
  static func plan(_ request: BootRequest) throws(BootError) -> BootPlan {
    let source = request.image
    guard source.byteCount > 0 else { throw .empty(image: source.name) }
    let head = HeaderBytes(
      bytes: try source.bytes(at: 0, count: Int(min(source.byteCount, headByteCount))))
    let multiboot = MultibootHeader(in: head)
    if head.has(ELFImage.magic) { return try planELF(request, head: head, multiboot: multiboot) }
    if LinuxSetupHeader.isPresent(in: head) {
      return try LinuxKernel.plan(request, header: LinuxSetupHeader(source, head: head))
    }

    if let multiboot,
      request.mode == nil || request.mode == .protected && multiboot.flags.contains(.addressFields)
    {
      return try MultibootKernel.plan(request, header: multiboot, elf: nil, reason: multiboot.reason)
    }
    if let mode = request.mode {
      let reason = "--mode \(mode.rawValue) was given, and it has no headers."
      switch mode {
      case .real16: return try FlatImage16.plan(request, reason: reason)
      case .protected: return try FlatImage.plan(request, isLong: false, reason: reason)
      case .long: return try FlatImage.plan(request, isLong: true, reason: reason)
      }
    }
    try UnsupportedFile.check(source, head: head)
    if head.has(BootSector.signature, at: BootSector.signatureOffset) {
      return try BootSector.plan(request, reason: "The bytes at offset 510 are 0x55 0xAA.")
    }
    return try FlatImage16.plan(
      request, reason: "Nothing in its content says what it is, so it is taken for 16-bit code.")
  }

  private static func planELF(_ request: BootRequest, head: HeaderBytes, multiboot: MultibootHeader?)
    throws(BootError) -> BootPlan
  {
    let source = request.image
    let elf = try ELFImage(source, head: head)
    if request.mode != .long {
      if let entry = try PVHKernel.entryPoint(of: elf, in: source) {
        try refuse(request.mode, unless: .protected, for: "a PVH kernel")
        return try PVHKernel.plan(
          request, elf: elf, noteEntry: entry,
          reason: "It is ELF and a note names a PVH entry point (\(hex(entry))).")
      }
      if let multiboot {
        try refuse(request.mode, unless: .protected, for: "a Multiboot kernel")
        return try MultibootKernel.plan(request, header: multiboot, elf: elf, reason: multiboot.reason)
      }
    }
    if request.mode != .real16, try LinuxELFKernel.isLinux(elf, in: source) {
      try refuse(request.mode, unless: elf.is64Bit ? .long : .protected, for: "a Linux kernel in ELF")
      return try LinuxELFKernel.plan(request, elf: elf)
    }
    if request.mode == nil, MultibootHeader.hasVersion2(head) {
      throw .unsupported(
        image: source.name, what: "a Multiboot 2 kernel",
        advice:
          "Multiboot 2 is not supported: give it a Multiboot 1 header or a PVH note, or start it at its ELF "
          + "entry point with --mode \(elf.is64Bit ? "long" : "protected").")
    }
    if request.mode == nil { try ELFKind.refuseHostedProgram(elf, in: source) }
    try refuse(
      request.mode, unless: elf.is64Bit ? .long : .protected, for: elf.is64Bit ? "64-bit ELF" : "32-bit ELF")
    return try ELFKernel.plan(
      request, elf: elf, reason: "It is ELF for \(elf.is64Bit ? "x86-64" : "32-bit x86").")
  }

  /// Refuses a mode that was asked for and is not the image's.
  private static func refuse(_ mode: BootRequest.Mode?, unless own: BootRequest.Mode, for kind: String)
    throws(BootError)
  {
    guard let mode, mode != own else { return }
    throw .optionRefused(
      option: "--mode \(mode.rawValue)",
      reason:
        "The image is \(kind), which starts in \(own.rawValue) mode. Leave --mode out, or make a flat image "
        + "of it with objcopy -O binary.")
  }
}

extension MultibootHeader {
  /// Why an image is taken for a Multiboot kernel.
  fileprivate var reason: String { "A Multiboot header is at file offset \(hex(offset))." }
}
