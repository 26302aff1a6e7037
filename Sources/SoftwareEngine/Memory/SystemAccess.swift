internal import X86

/// The accesses that the CPU makes of its own accord, with the supervisor's rights whatever the
/// privilege level is: descriptor tables and the TSS (SDM Vol. 3A, 4.6.1, "implicit supervisor-mode
/// accesses"). Watchpoints and alignment checks do not apply to them.
extension Interpreter {
  /// Reads `width` bytes (1, 2, 4 or 8).
  func readSystem(_ linear: UInt64, width: UInt8) throws(Interruption) -> UInt64 {
    let linear = truncateSystem(linear)
    if let host = unsafe translations.host(
      linear, in: .supervisor, tag: TranslationTables.readTag, width: UInt64(width))
    {
      return unsafe loadNumber(host, width: width)
    }
    return try readLinearSlowly(linear, width: width, privilege: .implicitSupervisor)
  }

  /// Writes `width` bytes (1, 2, 4 or 8).
  func writeSystem(_ linear: UInt64, width: UInt8, _ value: UInt64) throws(Interruption) {
    let linear = truncateSystem(linear)
    if let host = unsafe translations.host(
      linear, in: .supervisor, tag: TranslationTables.writeTag, width: UInt64(width))
    {
      return unsafe storeNumber(host, width: width, value)
    }
    try writeLinearSlowly(linear, width: width, value, privilege: .implicitSupervisor)
  }

  /// System structures have 64-bit addresses wherever long mode is active, compatibility mode included.
  @inline(__always)
  func truncateSystem(_ linear: UInt64) -> UInt64 {
    core.efer.contains(.longModeActive) ? linear : linear & 0xFFFF_FFFF
  }
}

extension TranslationTables {
  /// The host address of `width` bytes at `linear` by the table `kind`; nil where that has to be looked
  /// at.
  @unsafe
  func host(_ linear: UInt64, in kind: Kind, tag: Int, width: UInt64) -> UnsafeMutableRawPointer? {
    let entry = unsafe table(kind) + Self.offset(of: linear)
    // Sound: the entry is one of the table's.
    let page = unsafe entry.load(fromByteOffset: tag, as: UInt64.self)
    // As in `Core`: one comparison finds a miss and an access that crosses the page.
    if (page ^ linear) > 4096 &- width { return nil }
    let addend = unsafe entry.load(fromByteOffset: Self.addend, as: UInt64.self)
    return unsafe UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: linear &+ addend))
  }
}
