/// ACPI Machine Language, as far as tables of ours need it (ACPI 20, "ACPI Machine Language
/// Specification"): each function gives the bytes of one object.
enum AML {
  /// An integer, in its shortest form (20.2.3).
  static func integer(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    switch value {
    case 0: bytes = [0x00]  // ZeroOp
    case 1: bytes = [0x01]  // OneOp
    case ...0xFF:
      bytes = [0x0A]  // BytePrefix
      bytes.append(littleEndian: UInt8(value))
    case ...0xFFFF:
      bytes = [0x0B]  // WordPrefix
      bytes.append(littleEndian: UInt16(value))
    case ...0xFFFF_FFFF:
      bytes = [0x0C]  // DWordPrefix
      bytes.append(littleEndian: UInt32(value))
    default:
      bytes = [0x0E]  // QWordPrefix
      bytes.append(littleEndian: value)
    }
    return bytes
  }

  /// A string of ASCII characters other than NUL (20.2.3).
  static func string(_ text: StaticString) -> [UInt8] { [0x0D] + Array(text.description.utf8) + [0] }

  /// A name of four characters, or of fewer, to which underscores are added (20.2.2).
  static func name(_ text: String) -> [UInt8] {
    let characters = Array(text.utf8.prefix(4))
    return characters + [UInt8](repeating: 0x5F, count: 4 - characters.count)
  }

  /// A name in the root of the namespace.
  static func rootName(_ text: String) -> [UInt8] { [0x5C] + name(text) }

  /// An object with a value: DefName. `name` is encoded.
  static func named(_ name: [UInt8], _ value: [UInt8]) -> [UInt8] { [0x08] + name + value }

  /// What is put into a name space that is there: DefScope.
  static func scope(_ name: [UInt8], _ content: [UInt8]) -> [UInt8] { [0x10] + withLength(name + content) }

  /// A device and what belongs to it: DefDevice.
  static func device(_ name: String, _ content: [UInt8]) -> [UInt8] {
    [0x5B, 0x82] + withLength(AML.name(name) + content)
  }

  /// A list of at most 255 objects: DefPackage.
  static func package(_ elements: [[UInt8]]) -> [UInt8] {
    [0x12] + withLength([UInt8(clamping: elements.count)] + elements.flatMap { $0 })
  }

  /// Bytes: DefBuffer.
  static func buffer(_ bytes: [UInt8]) -> [UInt8] {
    [0x11] + withLength(integer(UInt64(bytes.count)) + bytes)
  }

  /// The number that stands for a Plug and Play identifier, three capital letters and four hexadecimal
  /// digits such as "PNP0501" (ACPI 19.3.4, EISAID).
  static func plugAndPlayID(_ identifier: StaticString) -> [UInt8] {
    let text = Array(identifier.description.utf8)
    var number: UInt32 = 0
    for letter in text.prefix(3) { number = number << 5 | UInt32(letter & 0x1F) }
    for digit in text.dropFirst(3) {
      number = number << 4 | UInt32(digit & 0x40 == 0 ? digit & 0xF : (digit & 0xF) + 9)
    }
    return integer(UInt64(number.byteSwapped))
  }

  /// PkgLength, which counts itself, and what it is the length of (20.2.4). At most 2²⁸ bytes.
  private static func withLength(_ content: [UInt8]) -> [UInt8] {
    if content.count + 1 < 0x40 { return [UInt8(content.count + 1)] + content }
    // The first byte says how many follow, and holds the lowest four bits.
    let following = content.count + 2 < 1 << 12 ? 1 : content.count + 3 < 1 << 20 ? 2 : 3
    let length = content.count + 1 + following
    var bytes = [UInt8(following << 6 | length & 0xF)]
    for index in 0..<following { bytes.append(UInt8(truncatingIfNeeded: length >> (4 + 8 * index))) }
    return bytes + content
  }
}

/// The resources that a device takes, in a buffer (ACPI 6.4, "Resource Data Types for ACPI").
struct AMLResources {
  private var bytes: [UInt8] = []

  /// Adds `count` I/O ports from `first` on, which are decoded in all 16 bits (6.4.2.5).
  mutating func add(_ ports: PlatformDescription.Ports) {
    bytes += [0x47, 0x01]
    bytes.append(littleEndian: ports.first)
    bytes.append(littleEndian: ports.first)
    bytes += [0x01, ports.count]
  }

  /// Adds an ISA interrupt, edge-triggered and active high (6.4.2.1).
  mutating func addInterrupt(_ number: UInt8) {
    bytes.append(0x22)
    bytes.append(littleEndian: number < 16 ? UInt16(1) << UInt16(number) : 0)
  }

  /// The object `_CRS` with all that was added. Its checksum of zero means that there is none
  /// (6.4.2.9).
  var object: [UInt8] { AML.named(AML.name("_CRS"), AML.buffer(bytes + [0x79, 0x00])) }
}
