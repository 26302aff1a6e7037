/// The names of registers, as assemblers write them.
enum RegisterNames {
  private static let words = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]
  private static let lowBytes = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"]
  private static let highBytes = ["ah", "ch", "dh", "bh"]
  private static let segments = ["es", "cs", "ss", "ds", "fs", "gs"]

  /// General register `number`, of which `width` bytes are meant: 1, 2, 4 or 8.
  static func general(_ number: UInt8, width: UInt8) -> String {
    if number >= 8 {
      switch width {
      case 1: return "r\(number)b"
      case 2: return "r\(number)w"
      case 4: return "r\(number)d"
      default: return "r\(number)"
      }
    }
    switch width {
    case 1: return lowBytes[Int(number & 7)]
    case 2: return words[Int(number & 7)]
    case 4: return "e" + words[Int(number & 7)]
    default: return "r" + words[Int(number & 7)]
    }
  }

  /// Bits 8…15 of general register `number`, 0…3.
  static func highByte(_ number: UInt8) -> String { highBytes[Int(number & 3)] }

  /// A segment register.
  static func segment(_ name: SegmentName) -> String { segments[Int(name.rawValue)] }

  /// Vector register `number` of `width` bytes: 16, 32 or 64.
  static func vector(_ number: UInt8, width: UInt8) -> String {
    switch width {
    case 64: "zmm\(number)"
    case 32: "ymm\(number)"
    default: "xmm\(number)"
    }
  }
}
