/// What a guest has besides the arena that runs the test cases itself, in ring 3.
enum VirtualLayout {
  /// The code pages once more, to be written.
  static let codeAlias = ArenaLayout.base + 0x4_0000
  /// What is copied past their end.
  static let overrun = codeAlias + ArenaLayout.codeByteCount
  /// The background of the data pages.
  static let template = ArenaLayout.base + 0x4_3000
  /// Ring 0: handlers, descriptor tables, and on a page of its own the stack.
  static let monitor = ArenaLayout.base + 0x4_6000
  static let descriptors = monitor + 0x800
  static let interrupts = ArenaLayout.base + 0x4_6000 + 0x900
  static let monitorStackTop = monitor + 0x2000
  /// Ring 3: the loop over the cases, and its stack.
  static let driver = ArenaLayout.base + 0x4_9000
  static let stack = ArenaLayout.base + 0x4_B000
  static let stackTop = stack + 0xFF0

  /// The cases and their results.
  static let slots = ArenaLayout.base + 0x8_0000
  static let slotByteCount: UInt64 = 2048
  static let slotCount: UInt64 = 256
  static let byteCount: UInt64 = 0x10_0000

  /// Offsets in a slot.
  enum Slot {
    /// Registers before, as in `NativeState`.
    static let before: UInt64 = 0
    /// Four quadwords of code, and where they go.
    static let code: UInt64 = 160
    static let codeTarget: UInt64 = 192
    /// Where the handler goes on, and the entry stub.
    static let resumeAt: UInt64 = 208
    static let entry: UInt64 = 216
    /// Eight pairs of an address in the data pages and what to write there.
    static let patches: UInt64 = 224
    /// Registers after and how it ended, as in `NativeState`.
    static let after: UInt64 = 384
    /// A number that stands for what memory holds after.
    static let digest: UInt64 = 560
    static let extendedBefore: UInt64 = 1024
    static let extendedAfter: UInt64 = 1536
  }

  /// The port at which the guest leaves when something faults that is no test case: the end of a batch
  /// does so on purpose.
  static let exitPort: UInt8 = 0xF4
}

/// The number that stands for the contents of the data pages.
enum MemoryDigest {
  static let seed: UInt64 = 0x9E37_79B9_7F4A_7C15
  static let factor: UInt64 = 0xD134_2543_DE82_EF95
  static let rotation: UInt64 = 23

  /// The digest of the data pages that are kept at `address`.
  static func compute(_ address: UInt64) -> UInt64 {
    var digest = seed
    for offset in stride(from: UInt64(0), to: ArenaLayout.dataByteCount, by: 8) {
      digest = (digest ^ HostMemory.load(UInt64.self, at: address + offset)) &* factor
      digest = digest << rotation | digest >> (64 - rotation)
    }
    return digest
  }
}
