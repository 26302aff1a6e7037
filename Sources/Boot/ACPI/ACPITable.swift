/// What all ACPI tables begin with (ACPI 5.2.6, "System Description Table Header"), and the checksum.
enum ACPITable {
  /// The size of the header, in bytes.
  static let headerByteCount = 36
  /// Who made the tables: six characters.
  static let maker: [UInt8] = Array("SWIFTV".utf8)
  /// What they describe: eight characters.
  static let model: [UInt8] = Array("SWIFTVM ".utf8)
  /// The same as the name of the tables' compiler: four characters.
  static let compiler: [UInt8] = Array("SWVM".utf8)

  /// A table with this signature of four characters.
  static func bytes(_ signature: StaticString, revision: UInt8, content: [UInt8]) -> [UInt8] {
    var table = Array(signature.description.utf8)
    table.append(littleEndian: UInt32(clamping: headerByteCount + content.count))
    table += [revision, 0]
    table += maker + model
    table.append(littleEndian: UInt32(1))  // the revision of this model's tables
    table += compiler
    table.append(littleEndian: UInt32(1))  // the revision of that
    table += content
    table[9] = checksum(of: table)
    return table
  }

  /// The byte that makes all of them add up to zero. The one that it replaces is zero.
  static func checksum(of bytes: some Sequence<UInt8>) -> UInt8 { 0 &- bytes.reduce(0, &+) }
}
