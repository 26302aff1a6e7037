/// Where everything lies in the address space that the two CPUs share: at the same addresses in this
/// process and in the guest that the interpreter runs, low enough for 32-bit addresses.
enum ArenaLayout {
  static let base: UInt64 = 0x1000_0000
  static let byteCount: UInt64 = 0x4_0000
  static let pageSize: UInt64 = 0x1000

  /// The native executor's own pages; the interpreter's guest has a hole there.
  static let state = base
  static let stateByteCount: UInt64 = 0x1000
  static let stubs = base + 0x4000
  static let stubsByteCount: UInt64 = 0x1000

  /// The guest's task state segment, for the supervisor only.
  static let task = base + 0x6000

  /// Two pages of code with holes around them. All of it is INT3 but for the instruction under test.
  static let code = base + 0x1_0000
  static let codeByteCount: UInt64 = 0x2000
  /// Where the two pages meet.
  static let codeSeam = code + 0x1000

  /// Data: a hole, two pages that can be written, one that can be read only, a hole.
  static let data = base + 0x2_0000
  static let dataByteCount: UInt64 = 0x2000
  static let readOnly = data + dataByteCount
  static let readOnlyByteCount: UInt64 = 0x1000
  static let dataEnd = readOnly + readOnlyByteCount
  /// The base of GS: in the data, so that overrides can be tried.
  static let gsBase = data + 0x800

  /// The base of FS in a guest; in a process it is the threads library's.
  static let fsBase = data + 0x1000

  /// Selectors as Linux gives them to a process.
  static let code64Selector: UInt16 = 0x33
  static let code32Selector: UInt16 = 0x23
  static let dataSelector: UInt16 = 0x2B

  /// Whether `byteCount` bytes at `address` touch nothing that belongs to somebody else: they lie in
  /// the arena behind the executor's own pages.
  static func holds(_ address: UInt64, byteCount: UInt64) -> Bool {
    address >= base + 0x8000 && address < base + Self.byteCount - byteCount
  }
}
