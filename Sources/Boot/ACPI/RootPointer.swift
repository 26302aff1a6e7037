/// What leads to the other ACPI tables: the RSDP, which a guest is given or finds by its signature, and
/// the lists RSDT and XSDT (ACPI 5.2.5, 5.2.7, 5.2.8).
enum RootPointer {
  /// The size of the RSDP, in bytes.
  static let byteCount = 36

  /// The RSDP of revision 2, with both checksums.
  static func bytes(rsdt: UInt32, xsdt: UInt64) -> [UInt8] {
    var bytes: [UInt8] = Array("RSD PTR ".utf8) + [0] + ACPITable.maker + [2]
    bytes.append(littleEndian: rsdt)
    bytes[8] = ACPITable.checksum(of: bytes)  // of what ACPI 1.0 knew
    bytes.append(littleEndian: UInt32(byteCount))
    bytes.append(littleEndian: xsdt)
    bytes += [0, 0, 0, 0]
    bytes[32] = ACPITable.checksum(of: bytes)
    return bytes
  }

  /// The list with 32-bit addresses, which systems older than ACPI 2.0 read.
  static func rsdt(_ tables: [UInt32]) -> [UInt8] {
    var content: [UInt8] = []
    for table in tables { content.append(littleEndian: table) }
    return ACPITable.bytes("RSDT", revision: 1, content: content)
  }

  /// The list with 64-bit addresses.
  static func xsdt(_ tables: [UInt32]) -> [UInt8] {
    var content: [UInt8] = []
    for table in tables { content.append(littleEndian: UInt64(table)) }
    return ACPITable.bytes("XSDT", revision: 1, content: content)
  }
}
