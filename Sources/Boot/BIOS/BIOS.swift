import GuestMemory
import X86

/// The BIOS that an image which starts in real mode finds: our own, of the folder bios.
///
/// The processor starts in it. It sets up vectors, data area, interrupt controllers and clock as a PC's does,
/// and goes on at the image. It is told by a block of parameters where that is, and what memory and disk there
/// are.
struct BIOS {
  /// The disk that it offers; nil for none.
  var disk: BIOSDisk?

  /// Its segment.
  static let segment: UInt16 = 0xF000

  /// The state in which the processor starts.
  static var start: CPUState {
    .realMode(codeSegment: segment, instructionPointer: BIOSImage.post)
  }

  /// The BIOS and its parameters, in ascending order of address.
  ///
  /// - Parameters:
  ///   - entry: the state at the image's first instruction.
  ///   - map: the memory map that it tells.
  func segments(entry: CPUState, map: MemoryMap) -> [PlannedSegment] {
    [
      .bytes(
        BIOSParameters(entry: entry, map: map, disk: disk).bytes, kind: .bios, name: "the BIOS's parameters",
        at: BootLayout.biosParameters),
      .bytes(
        BIOSImage.bytes, kind: .bios, name: "the BIOS",
        at: BootLayout.highMemoryStart - UInt64(BIOSImage.bytes.count),
        permissions: [.read, .write, .execute]),
    ]
  }
}

extension Planner {
  /// Gives the image its BIOS, where it is wanted and has room: the image may lie where its data would be, and
  /// RAM may end below it.
  ///
  /// - Parameter disk: the file that a boot sector comes from, and how it is divided.
  mutating func prepareBIOS(disk: (source: any ImageSource, geometry: BIOSDisk)? = nil) throws(BootError) {
    let dataArea = PlannedSegment.reserved(
      kind: .bios, name: "the interrupt vectors and the BIOS data area", from: 0, to: BootLayout.biosDataEnd)
    if let reason = reasonForNoBIOS(dataArea) {
      notes.append("There is no BIOS\(reason): no INT instruction works until the image sets its vector.")
      return
    }
    try claim(dataArea)
    bios = BIOS()
    guard let disk else { return }
    var geometry = disk.geometry
    // Whole pages: what is left of one would be a range of memory that nobody wants.
    guard let byteCount = geometry.byteCount.roundedUp(to: 4096),
      let address = highestFree(byteCount: byteCount)
    else {
      notes.append(
        "INT 13h finds no disk, because memory has no room for its content. \(Planner.moreMemory)")
      return
    }
    // The last sector, too, is filled up with zeros.
    try claimReserved(
      PlannedSegment(
        kind: .disk, name: "the disk of INT 13h, from \(disk.source.name)", address: GuestAddress(address),
        memoryByteCount: byteCount, fileOffset: 0, fileByteCount: disk.source.byteCount,
        permissions: .read, content: .file(disk.source)))
    geometry.address = UInt32(truncatingIfNeeded: address)
    bios = BIOS(disk: geometry)
  }

  /// Why there is none, to follow "no BIOS"; nil where there is one.
  private func reasonForNoBIOS(_ dataArea: PlannedSegment) -> String? {
    guard request.hasBIOS else { return "" }
    // Reserved, and RAM: that range of the map is made from RAM.
    let hasRoom = map.entries.contains {
      $0.kind == .reserved && $0.address <= BootLayout.biosParameters && $0.end == BootLayout.highMemoryStart
    }
    guard hasRoom else { return ", because memory ends below its place" }
    guard !segments.contains(where: { $0.overlaps(dataArea) }) else {
      return ", because the image lies where its vectors and data would be"
    }
    return nil
  }
}
