/// The bytes that a boot protocol hands to the guest: its main structure, and the lists and strings
/// that structure points to. They lie in one piece at `BootLayout.bootInformation`.
struct BootInformationArea {
  /// The content so far. The main structure's room comes first.
  private(set) var bytes: [UInt8]

  /// An area that begins with `byteCount` bytes for the main structure, filled in by `finish`.
  init(mainStructureByteCount byteCount: Int) { bytes = [UInt8](repeating: 0, count: byteCount) }

  /// The guest-physical address of the main structure.
  var address: UInt64 { BootLayout.bootInformation }

  /// Adds a structure, at a multiple of 8, and returns its guest-physical address.
  mutating func append(_ structure: [UInt8]) -> UInt64 {
    bytes.align(to: 8)
    let offset = bytes.count
    bytes += structure
    return address + UInt64(offset)
  }

  /// Adds a string with a NUL at its end, and returns its guest-physical address.
  ///
  /// - Parameter what: what the string is called in messages.
  /// - Throws: `BootError.optionRefused` where the string has a NUL of its own.
  mutating func append(_ string: String, what: String) throws(BootError) -> UInt64 {
    let text = Array(string.utf8)
    guard !text.contains(0) else {
      throw .optionRefused(
        option: what, reason: "It contains a NUL byte, where the guest would take it to end. Leave that out.")
    }
    return append(text + [0])
  }

  /// The whole area, its main structure filled in.
  ///
  /// - Throws: `BootError.informationTooLarge`.
  func finish(mainStructure: [UInt8]) throws(BootError) -> [UInt8] {
    let limit = Int(BootLayout.bootInformationEnd - BootLayout.bootInformation)
    guard bytes.count <= limit else { throw .informationTooLarge(byteCount: bytes.count, limit: limit) }
    return mainStructure + bytes.dropFirst(mainStructure.count)
  }
}
