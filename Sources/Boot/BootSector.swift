import GuestMemory
import X86

/// Boot sectors, started as a PC's BIOS starts them: loaded at 0000:7C00, the number of the disk they come from
/// in DL, the stack below, interrupts on.
///
/// A BIOS loads 512 bytes and the program reads the rest of its disk through INT 13h, as it can here. A file
/// that fits is loaded whole all the same, as if it had done that already: a loader of several sectors that
/// finds itself at 0x7C00 just runs, even without a BIOS.
enum BootSector {
  /// The bytes at the end of a boot sector.
  static let signature: [UInt8] = [0x55, 0xAA]
  /// Where they are.
  static let signatureOffset = 510
  /// What a BIOS puts in DL for the first hard disk.
  static let driveNumber: UInt64 = 0x80
  /// What a BIOS loads, in bytes.
  static let sectorByteCount: UInt64 = 512
  /// The room that is kept for the stack, in bytes.
  static let stackByteCount: UInt64 = 4096

  /// The plan for a boot sector.
  static func plan(_ request: BootRequest, reason: String) throws(BootError) -> BootPlan {
    try request.refuseOption(
      request.loadAddress, "--load-address",
      "A boot sector is loaded at 0x7c00. Add --mode real to load it elsewhere.")
    try request.refuseOption(
      request.entry, "--entry", "A boot sector starts at 0x7c00. Add --mode real to start it elsewhere.")
    try request.refuseInformation(for: .bootSector)

    var planner = Planner(request)
    let image = request.image
    let limit = BootLayout.realModeImageEnd - BootLayout.bootSector
    let isWhole = image.byteCount <= limit
    let tooLarge = BootError.tooLarge(
      image: image.name, byteCount: image.byteCount, limit: limit,
      advice: "It looks like a disk image, and there is no BIOS to read the rest of a disk. "
        + "Boot the kernel itself, or only the sectors that hold its loader.")
    guard isWhole || request.hasBIOS else { throw tooLarge }
    try planner.claim(
      PlannedSegment(
        kind: .image, name: "the boot sector \(image.name)", address: GuestAddress(BootLayout.bootSector),
        memoryByteCount: isWhole ? image.byteCount : sectorByteCount, fileOffset: 0,
        fileByteCount: isWhole ? image.byteCount : sectorByteCount, permissions: [.read, .write, .execute],
        content: .file(image)))
    try planner.claim(
      .reserved(
        kind: .stack, name: "the stack", from: BootLayout.bootSector - stackByteCount,
        to: BootLayout.bootSector))
    let head = HeaderBytes(bytes: try image.bytes(at: 0, count: Int(sectorByteCount)))
    let geometry = BIOSDisk(byteCount: image.byteCount, head: head)
    try planner.prepareBIOS(disk: (image, geometry))
    guard isWhole || planner.bios?.disk != nil else {
      guard planner.bios != nil else { throw tooLarge }
      throw .noRoom(
        what: "The disk \(image.name)", byteCount: geometry.byteCount, advice: Planner.moreMemory)
    }

    var state = CPUState.realMode(codeSegment: 0, instructionPointer: UInt16(BootLayout.bootSector))
    state.general.rsp = BootLayout.bootSector
    state.general.rdx = driveNumber
    if let bios = planner.bios {
      state.rflags.insert(.interruptEnable)
      if let disk = bios.disk { state.general.rdx = UInt64(disk.drive) }
    }
    return try planner.finish(
      format: .bootSector, reason: reason, entryPoint: BootLayout.bootSector, state: state)
  }
}

extension BootRequest {
  /// Refuses an option that was given although it means nothing for the image.
  func refuseOption(_ value: UInt64?, _ option: String, _ reason: String) throws(BootError) {
    if let value { throw .optionRefused(option: "\(option) \(hex(value))", reason: reason) }
  }

  /// Refuses a command line and modules, where the format has no way to hand them over.
  func refuseInformation(for format: ImageFormat) throws(BootError) {
    let reason =
      "A \(format) has no way to receive it. Leave it out, or build the guest for Multiboot, PVH, or as an ELF file."
    if !fullCommandLine.isEmpty { throw .optionRefused(option: "A guest command line", reason: reason) }
    if let module = modules.first {
      throw .optionRefused(option: "Module \(module.source.name)", reason: reason)
    }
  }
}
