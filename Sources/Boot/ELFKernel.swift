import GuestMemory
import X86

/// Plain ELF executables: loaded by their program headers' physical addresses, entered at
/// `ELFImage.physicalEntry` in the state that `DirectEntry` describes: 32-bit ones in protected
/// mode, 64-bit ones in long mode.
enum ELFKernel {
  /// The plan for an ELF executable.
  static func plan(_ request: BootRequest, elf: ELFImage, reason: String) throws(BootError) -> BootPlan {
    var planner = Planner(request)
    try planner.claimSegments(of: elf)
    return try DirectEntry.finish(
      planner, format: elf.is64Bit ? .elf64 : .elf32, entryPoint: request.entry ?? elf.physicalEntry,
      reason: reason)
  }
}

extension Planner {
  /// Takes the memory of every segment that is loaded.
  ///
  /// - Parameter unpacked: where the segments' content is, if it is not the image itself.
  /// - Throws: `BootError.optionRefused` for a load address, `.outsideMemory`, `.overlap`.
  mutating func claimSegments(of elf: ELFImage, in unpacked: (any ImageSource)? = nil) throws(BootError) {
    let source = unpacked ?? request.image
    try request.refuseOption(
      request.loadAddress, "--load-address",
      "An ELF file says itself where each segment goes. Link it for another address instead.")
    for segment in elf.loadable {
      try claim(
        PlannedSegment(
          kind: .image, name: "segment \(segment.index) of \(source.name)",
          address: GuestAddress(segment.physicalAddress), memoryByteCount: segment.memoryByteCount,
          fileOffset: segment.fileOffset, fileByteCount: segment.fileByteCount,
          permissions: PlannedSegment.Permissions(rawValue: segment.flags & 7), content: .file(source),
          isUnpacked: unpacked != nil),
        advice: Self.linkElsewhere)
    }
  }
}
