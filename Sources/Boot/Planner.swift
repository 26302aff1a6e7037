import GuestMemory
import X86

/// A plan in the making: what memory is taken so far, by what.
///
/// Whatever goes into memory goes through `claim`, so that everything a finished plan names lies in
/// usable RAM and nothing lies on anything else.
struct Planner {
  /// What was asked for.
  let request: BootRequest
  /// The guest's memory.
  private(set) var map: MemoryMap
  /// What was claimed, in the order in which it was.
  private(set) var segments: [PlannedSegment] = []
  /// Sentences for somebody who wonders about the guest's behaviour.
  var notes: [String] = []
  /// The BIOS that the image finds; nil for none.
  var bios: BIOS?

  /// A plan that claims nothing yet.
  init(_ request: BootRequest) {
    self.request = request
    map = MemoryMap(request.memory)
  }

  /// Takes the memory of `segment`, which is not empty.
  ///
  /// - Throws: `BootError.outsideMemory` with this advice, or `.overlap`.
  mutating func claim(_ segment: PlannedSegment, advice: String = moreMemory) throws(BootError) {
    guard map.isUsable(segment.address.rawValue, byteCount: segment.memoryByteCount) else {
      throw .outsideMemory(
        what: segment.name.capitalizedFirst, address: segment.address, byteCount: segment.memoryByteCount,
        advice: advice)
    }
    if let other = segments.first(where: { $0.overlaps(segment) }) {
      let bothFromImage = other.kind == .image && segment.kind == .image
      throw .overlap(
        other.name.capitalizedFirst, segment.name, at: max(other.address, segment.address),
        advice: bothFromImage
          ? "Its linker script puts two parts in one place: give each its own addresses."
          : "Link or load the image at \(hex(BootLayout.flat)) (1 MiB) or above, where nothing else lies.")
    }
    segments.append(segment)
  }

  /// Takes memory like `claim`, and has the guest's map say that it is not to be used.
  mutating func claimReserved(_ segment: PlannedSegment) throws(BootError) {
    try claim(segment)
    map = map.reserving(segment.address.rawValue, byteCount: segment.memoryByteCount)
  }

  /// What to do where something does not fit.
  static let moreMemory = "Give the guest more memory with --mem."

  /// What to do where an image's own addresses are outside memory.
  static let linkElsewhere =
    "Give the guest more memory with --mem, or link the image between 1 MiB and the end of its memory; "
    + "0x9fc00…0xfffff and 3…4 GiB are not RAM."

  // MARK: What every 32- and 64-bit guest gets

  /// Takes the place of the global descriptor table, and returns the register value for it.
  mutating func claimDescriptorTable(_ table: [UInt64] = FlatDescriptors.table) throws(BootError)
    -> DescriptorTable
  {
    var bytes: [UInt8] = []
    for descriptor in table { bytes.append(littleEndian: descriptor) }
    try claim(
      .bytes(
        bytes, kind: .descriptorTable, name: "the global descriptor table", at: BootLayout.descriptorTable))
    return FlatDescriptors.register(of: table, at: BootLayout.descriptorTable)
  }

  /// Keeps room for the first stack, and returns the address above it.
  mutating func claimStack() throws(BootError) -> UInt64 {
    try claim(.reserved(kind: .stack, name: "the stack", from: BootLayout.stack, to: BootLayout.stackEnd))
    return BootLayout.stackEnd
  }

  /// Takes the place of the boot information, whose bytes are these.
  mutating func claimInformation(_ bytes: [UInt8]) throws(BootError) {
    try claim(
      .bytes(bytes, kind: .bootInformation, name: "the boot information", at: BootLayout.bootInformation))
  }

  // MARK: Free memory

  /// The lowest free place for `byteCount` bytes at or above `address`, between 1 MiB and 4 GiB, at a
  /// multiple of 4096 and of `alignment`, a power of two.
  func lowestFree(byteCount: UInt64, from address: UInt64, alignment: UInt64 = 4096) -> UInt64? {
    let alignment = max(alignment, 4096)
    for entry in searchable {
      guard var candidate = max(entry.address, address).roundedUp(to: alignment) else { continue }
      while map.isUsable(candidate, byteCount: byteCount) {
        guard let obstacle = obstacle(at: candidate, byteCount: byteCount) else { return candidate }
        guard let next = obstacle.lastAddress.rawValue.adding(1)?.roundedUp(to: alignment) else { break }
        candidate = next
      }
    }
    return nil
  }

  /// The highest free place for `byteCount` bytes, page-aligned, between 1 MiB and 4 GiB, that ends at
  /// `limit` or below.
  func highestFree(byteCount: UInt64, below limit: UInt64 = PCMemoryLayout.holeEnd) -> UInt64? {
    for entry in searchable.reversed() {
      guard let top = min(entry.end, limit).subtracting(byteCount) else { continue }
      var candidate = top.pageRoundedDown
      while candidate >= entry.address {
        guard let obstacle = obstacle(at: candidate, byteCount: byteCount) else { return candidate }
        guard obstacle.address.rawValue >= byteCount else { break }
        candidate = (obstacle.address.rawValue - byteCount).pageRoundedDown
      }
    }
    return nil
  }

  /// The ranges in which free memory is looked for.
  private var searchable: [MemoryMap.Entry] {
    map.usable.filter {
      $0.address >= BootLayout.highMemoryStart && $0.address < PCMemoryLayout.holeEnd
    }
  }

  private func obstacle(at address: UInt64, byteCount: UInt64) -> PlannedSegment? {
    let wanted = PlannedSegment(
      kind: .module, name: "", address: GuestAddress(address), memoryByteCount: byteCount, content: .reserved)
    return segments.first { $0.overlaps(wanted) }
  }

  // MARK: The end

  /// The plan, with its entry point checked.
  ///
  /// - Throws: `BootError.entryOutsideImage`, `.informationTooLarge`.
  func finish(format: ImageFormat, reason: String, entryPoint: UInt64, state: CPUState) throws(BootError)
    -> BootPlan
  {
    let entry = GuestAddress(entryPoint)
    guard let home = segments.first(where: { $0.kind == .image && $0.contains(entry) }) else {
      throw .entryOutsideImage(image: request.image.name, entry: entryPoint)
    }
    var notes = notes
    if !home.permissions.contains(.execute) {
      notes.append("The entry point lies in \(home.name), which is not marked executable.")
    }
    var all = segments + (try firmwareTables())
    var start = state
    if let bios {
      all += bios.segments(entry: state, map: map)
      start = BIOS.start
    }
    return BootPlan(
      format: format, reason: reason, segments: all.sorted { $0.address < $1.address }, memoryMap: map,
      entryPoint: entry, entry: state, start: start, notes: notes)
  }
}

extension PlannedSegment {
  /// A range with bytes of ours.
  static func bytes(
    _ bytes: [UInt8], kind: Kind, name: String, at address: UInt64,
    permissions: Permissions = [.read, .write]
  ) -> PlannedSegment {
    PlannedSegment(
      kind: kind, name: name, address: GuestAddress(address), memoryByteCount: UInt64(bytes.count),
      permissions: permissions, content: .bytes(bytes))
  }

  /// A range that is kept free.
  static func reserved(kind: Kind, name: String, from start: UInt64, to end: UInt64) -> PlannedSegment {
    PlannedSegment(
      kind: kind, name: name, address: GuestAddress(start), memoryByteCount: end - start, content: .reserved)
  }

  /// All of a source, from its beginning.
  static func whole(
    _ source: any ImageSource, kind: Kind, name: String, at address: UInt64,
    permissions: Permissions = [.read, .write]
  ) -> PlannedSegment {
    PlannedSegment(
      kind: kind, name: name, address: GuestAddress(address), memoryByteCount: source.byteCount,
      fileOffset: 0,
      fileByteCount: source.byteCount, permissions: permissions, content: .file(source))
  }

  /// Whether the two share a byte. Neither is empty, and both lie within the address space.
  func overlaps(_ other: PlannedSegment) -> Bool {
    address <= other.lastAddress && other.address <= lastAddress
  }
}

extension UInt64 {
  /// The sum, or nil where it does not fit: for values that come from a file.
  func adding(_ other: UInt64) -> UInt64? {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? nil : sum
  }
  /// The next multiple of `unit`, a power of two; nil where there is none.
  func roundedUp(to unit: UInt64) -> UInt64? { adding(unit - 1).map { $0 & ~(unit - 1) } }
  /// The multiple of 4096 at or below the value.
  var pageRoundedDown: UInt64 { self & ~4095 }
}

extension String {
  /// The string with its first character in upper case, to begin a sentence with.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
