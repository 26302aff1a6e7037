import GuestMemory

/// The tables that a PC's firmware leaves in memory, laid out: ACPI at 0xE0000, the multiprocessor tables
/// at 0xF0000. Guests without a boot protocol that names the RSDP look for it in that range, at multiples
/// of 16 (ACPI 5.2.5.1; MultiProcessor Specification 4).
struct FirmwareTables {
  /// What goes into memory: disjoint, in ascending order of address.
  let segments: [PlannedSegment]

  /// The tables for a machine, as far as each part has room.
  ///
  /// - Throws: `BootError.informationTooLarge`.
  init(_ platform: PlatformDescription) throws(BootError) {
    var acpi = Area(start: BootLayout.acpiTables, end: BootLayout.multiprocessorTables)
    _ = acpi.reserve(RootPointer.byteCount)
    let facs = acpi.append(FixedDescription.shared)
    let dsdt = acpi.append(DifferentiatedDescription.table(of: platform))
    let fadt = acpi.append(FixedDescription.table(of: platform, facs: facs, dsdt: dsdt))
    let madt = acpi.append(InterruptControllerDescription.table(of: platform))
    let rsdt = acpi.append(RootPointer.rsdt([fadt, madt]))
    let xsdt = acpi.append(RootPointer.xsdt([fadt, madt]))
    acpi.bytes.set(RootPointer.bytes(rsdt: rsdt, xsdt: UInt64(xsdt)), at: 0)

    var multiprocessor = Area(start: BootLayout.multiprocessorTables, end: BootLayout.biosParameters)
    _ = multiprocessor.reserve(MultiprocessorTable.pointerByteCount)
    let table = multiprocessor.append(MultiprocessorTable.table(of: platform))
    multiprocessor.bytes.set(MultiprocessorTable.pointer(to: table), at: 0)
    segments = [
      try acpi.segment(name: "the ACPI tables"),
      try multiprocessor.segment(name: "the multiprocessor tables"),
    ]
  }

  /// Tables that follow each other.
  private struct Area {
    let start: UInt64
    let end: UInt64
    var bytes: [UInt8] = []

    init(start: UInt64, end: UInt64) {
      self.start = start
      self.end = end
    }

    /// Keeps room for what is known later, and returns its address.
    mutating func reserve(_ byteCount: Int) -> UInt32 { append([UInt8](repeating: 0, count: byteCount)) }

    /// Adds a table, at a multiple of 64 as the FACS must be, and returns its address.
    mutating func append(_ table: [UInt8]) -> UInt32 {
      bytes.align(to: 64)
      // Below 1 MiB, or refused by `segment`.
      let address = UInt32(clamping: start + UInt64(bytes.count))
      bytes += table
      return address
    }

    func segment(name: String) throws(BootError) -> PlannedSegment {
      guard UInt64(bytes.count) <= end - start else {
        throw .informationTooLarge(byteCount: bytes.count, limit: Int(end - start))
      }
      return .bytes(bytes, kind: .firmwareTables, name: name, at: start)
    }
  }
}

extension Planner {
  /// The guest-physical address of the RSDP; 0 where the guest gets no tables.
  var rootPointer: UInt64 { hasFirmwareTables ? BootLayout.acpiTables : 0 }

  /// The firmware tables; none where no platform was described, or RAM ends before their place.
  ///
  /// - Throws: `BootError.informationTooLarge`.
  func firmwareTables() throws(BootError) -> [PlannedSegment] {
    guard hasFirmwareTables, let platform = request.platform else { return [] }
    return try FirmwareTables(platform).segments
  }

  private var hasFirmwareTables: Bool {
    request.platform != nil
      && map.entries.contains {
        // Reserved, and RAM: that range of the map is made from RAM.
        $0.kind == .reserved && $0.address <= BootLayout.acpiTables && $0.end == BootLayout.highMemoryStart
      }
  }
}
