import GuestMemory
import X86

/// Kernels with a Multiboot header (Multiboot Specification 0.6.96).
///
/// The header's address fields decide where the file is loaded, if it has them; otherwise the file
/// is ELF, 32-bit or 64-bit, and is loaded by its program headers. Either way it is entered in
/// 32-bit protected mode.
enum MultibootKernel {
  /// What EAX holds on entry (3.2).
  static let bootMagic: UInt64 = 0x2BAD_B002

  /// The plan for a kernel with this header; `elf` where the file is ELF.
  static func plan(_ request: BootRequest, header: MultibootHeader, elf: ELFImage?, reason: String)
    throws(BootError) -> BootPlan
  {
    let unknown = header.flags.intersection(.required).subtracting(.known)
    guard unknown.isEmpty else {
      throw .unsupported(
        image: request.image.name,
        what: "a Multiboot kernel that requires features this loader does not know "
          + "(flags \(hex(unknown.rawValue)))",
        advice: "Clear those bits in the header at file offset \(hex(header.offset)), or start the kernel "
          + "another way.")
    }
    var planner = Planner(request)
    if header.flags.contains(.videoMode) {
      planner.notes.append(
        "The kernel asks for a video mode (Multiboot flag 2). There is no display; it is told none.")
    }

    let ownEntry: UInt64
    if header.flags.contains(.addressFields) {
      try planner.claimAddressFields(of: header)
      ownEntry = UInt64(header.entryAddress)
    } else if let elf {
      try planner.claimSegments(of: elf)
      ownEntry = elf.physicalEntry
    } else {
      throw .unsupported(
        image: request.image.name,
        what: "a Multiboot kernel that is not an ELF file and has no load addresses (flag 16 is clear)",
        advice:
          "Link it as ELF, or fill in the address fields of its header at file offset \(hex(header.offset)).")
    }

    let entry = request.entry ?? ownEntry
    let descriptors = try planner.claimDescriptorTable()
    let stack = try planner.claimStack()
    var state = CPUState.flatProtected(
      entryPoint: try planner.entryPoint32(entry), globalDescriptorTable: descriptors)
    // The protocol gives no stack; a kernel that uses one before it sets one up is forgiven.
    state.general.rsp = stack
    state.general.rax = bootMagic
    state.general.rbx = try MultibootInformation.claim(&planner)
    return try planner.finish(format: .multiboot1, reason: reason, entryPoint: entry, state: state)
  }
}

extension Planner {
  /// Takes the memory that the header's address fields name (3.1.3).
  fileprivate mutating func claimAddressFields(of header: MultibootHeader) throws(BootError) {
    let image = request.image
    func malformed(_ problem: String) -> BootError {
      .malformed(image: image.name, offset: UInt64(header.offset), problem: "its Multiboot header \(problem)")
    }
    try request.refuseOption(
      request.loadAddress, "--load-address", "The kernel's Multiboot header says where it goes.")
    // The file's bytes lie in memory as the header does: the distance between them is the same.
    guard header.headerAddress >= header.loadAddress,
      let start = UInt64(header.offset).subtracting(UInt64(header.headerAddress - header.loadAddress))
    else {
      throw malformed(
        "has load address \(hex(header.loadAddress)) for a header at \(hex(header.headerAddress)), "
          + "which is before the beginning of the file")
    }
    let load = UInt64(header.loadAddress)
    // `start` is within the file, as the header is and `start` is not beyond it.
    var fileByteCount = image.byteCount - start
    if header.loadEndAddress != 0 {
      guard let wanted = UInt64(header.loadEndAddress).subtracting(load), wanted > 0 else {
        throw malformed("ends (\(hex(header.loadEndAddress))) where it loads (\(hex(load))), or before")
      }
      guard wanted <= fileByteCount else {
        throw malformed(
          "wants \(wanted) bytes from offset \(hex(start)), but the file has \(fileByteCount) there")
      }
      fileByteCount = wanted
    }
    var memoryByteCount = fileByteCount
    if header.bssEndAddress != 0 {
      guard let wanted = UInt64(header.bssEndAddress).subtracting(load), wanted >= fileByteCount else {
        throw malformed(
          "ends its cleared memory (\(hex(header.bssEndAddress))) before its content "
            + "(\(hex(load + fileByteCount)))")
      }
      memoryByteCount = wanted
    }
    try claim(
      PlannedSegment(
        kind: .image, name: "the kernel \(image.name)", address: GuestAddress(load),
        memoryByteCount: memoryByteCount, fileOffset: start, fileByteCount: fileByteCount,
        permissions: [.read, .write, .execute], content: .file(image)),
      advice: Self.linkElsewhere)
  }
}

extension UInt64 {
  /// The difference, or nil where it is negative.
  func subtracting(_ other: UInt64) -> UInt64? { self >= other ? self - other : nil }
}
