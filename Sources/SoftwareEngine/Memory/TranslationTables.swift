/// Where linear pages lead, as far as it is known: a direct-mapped software TLB for each kind of
/// access rights, so that a change of privilege flushes nothing.
///
/// An entry is 32 bytes: the linear page for which reads may go ahead, the one for writes, what to
/// add to a linear address to get the host address, and the physical page. A page goes in only if
/// nothing has to happen on an access: not for devices, not for writes to a page whose dirty bit is
/// clear, that is read-only memory, or that holds decoded instructions. One comparison finds both a
/// miss and an access that crosses a page.
@safe
final class TranslationTables {
  /// Whose accesses a table is for.
  enum Kind: Int {
    /// CPL 0…2, and the CPU's own accesses.
    case supervisor
    /// CPL 3.
    case user
    /// CPL 0…2 with SMAP lifted by RFLAGS.AC.
    case supervisorLifted
    /// Stays empty: for modes in which each access must be looked at (alignment checks, watchpoints).
    case none
  }

  /// Entries of one table: a power of two.
  static let entryCount = 1024
  static let entryByteCount = 32
  static let tableByteCount = entryCount * entryByteCount
  static let readTag = 0
  static let writeTag = 8
  static let addend = 16
  static let physicalPage = 24
  /// In the word of the physical page: the translation survives a load of CR3.
  static let isGlobal: UInt64 = 1

  /// Where the instructions at linear addresses are: forgotten with the translations.
  let jumpCache = JumpCache()
  /// How often something was forgotten: another engine that keeps translations must forget them too.
  private(set) var flushCount: UInt64 = 0
  /// The four tables, one after the other.
  let base: UnsafeMutableRawPointer

  init() {
    unsafe base = .allocate(byteCount: 4 * Self.tableByteCount, alignment: 64)
    flush()
  }

  deinit { unsafe base.deallocate() }

  /// The first byte of a table.
  @unsafe
  func table(_ kind: Kind) -> UnsafeMutableRawPointer {
    unsafe base + kind.rawValue * Self.tableByteCount
  }

  /// The offset of the entry for a linear address in its table.
  @inline(__always)
  static func offset(of linear: UInt64) -> Int {
    Int(truncatingIfNeeded: linear >> 7) & ((entryCount &- 1) &* entryByteCount)
  }

  /// A tag that no address finds in the entry at `offset`: its index bits differ.
  private static func emptyTag(_ offset: Int) -> UInt64 { UInt64(offset ^ entryByteCount) << 7 }

  /// Forgets everything.
  func flush() {
    flushCount &+= 1
    jumpCache.clear()
    for table in 0..<4 {
      for offset in stride(from: 0, to: Self.tableByteCount, by: Self.entryByteCount) {
        clear(table * Self.tableByteCount + offset, offset)
      }
    }
  }

  /// Forgets what is not global.
  func flushLocal() {
    flushCount &+= 1
    jumpCache.clear()
    for table in 0..<3 {
      for offset in stride(from: 0, to: Self.tableByteCount, by: Self.entryByteCount) {
        let place = table * Self.tableByteCount + offset
        // Sound: `place` is one of the entries.
        let page = unsafe base.load(fromByteOffset: place + Self.physicalPage, as: UInt64.self)
        if page & Self.isGlobal == 0 { clear(place, offset) }
      }
    }
  }

  /// Forgets the page that holds `linear`.
  func flush(page linear: UInt64) {
    flushCount &+= 1
    jumpCache.clear()
    let offset = Self.offset(of: linear)
    for table in 0..<3 { clear(table * Self.tableByteCount + offset, offset) }
  }

  /// Makes writes to a physical page miss, because instructions were decoded from it.
  func protect(physicalPage page: UInt64) {
    for table in 0..<3 {
      for offset in stride(from: 0, to: Self.tableByteCount, by: Self.entryByteCount) {
        let place = table * Self.tableByteCount + offset
        // Sound: `place` is one of the entries.
        let held = unsafe base.load(fromByteOffset: place + Self.physicalPage, as: UInt64.self)
        if held & ~0xFFF == page {
          unsafe base.storeBytes(
            of: Self.emptyTag(offset), toByteOffset: place + Self.writeTag, as: UInt64.self)
        }
      }
    }
  }

  private func clear(_ place: Int, _ offset: Int) {
    // Sound: `place` is one of the entries.
    unsafe base.storeBytes(of: Self.emptyTag(offset), toByteOffset: place + Self.readTag, as: UInt64.self)
    unsafe base.storeBytes(of: Self.emptyTag(offset), toByteOffset: place + Self.writeTag, as: UInt64.self)
    unsafe base.storeBytes(of: 0, toByteOffset: place + Self.physicalPage, as: UInt64.self)
  }

  /// Enters a page into a table.
  ///
  /// - Parameters:
  ///   - linear: an address in the page.
  ///   - physical: the page's physical address.
  ///   - host: its host address; it must stay valid for as long as the entry does.
  @unsafe
  func enter(
    _ linear: UInt64, in kind: Kind, physical: UInt64, host: UnsafeMutableRawPointer, isWritable: Bool,
    isGlobal: Bool
  ) {
    if kind == .none { return }
    let page = linear & ~0xFFF
    let offset = Self.offset(of: linear)
    let entry = unsafe table(kind) + offset
    unsafe entry.storeBytes(of: page, toByteOffset: Self.readTag, as: UInt64.self)
    unsafe entry.storeBytes(
      of: isWritable ? page : Self.emptyTag(offset), toByteOffset: Self.writeTag, as: UInt64.self)
    unsafe entry.storeBytes(
      of: UInt64(UInt(bitPattern: host)) &- page, toByteOffset: Self.addend, as: UInt64.self)
    unsafe entry.storeBytes(
      of: physical & ~0xFFF | (isGlobal ? Self.isGlobal : 0), toByteOffset: Self.physicalPage, as: UInt64.self
    )
  }
}

extension Core {
  /// The host address of `width` bytes at `linear` where they may be read at once; nil for everything
  /// that has to be looked at: a miss, a page crossed.
  @unsafe @inline(__always)
  func hostForReading(_ linear: UInt64, width: UInt64) -> UnsafeMutableRawPointer? {
    unsafe host(linear, width: width, tag: TranslationTables.readTag)
  }

  /// The same for writing, or for reading and writing.
  @unsafe @inline(__always)
  func hostForWriting(_ linear: UInt64, width: UInt64) -> UnsafeMutableRawPointer? {
    unsafe host(linear, width: width, tag: TranslationTables.writeTag)
  }

  @unsafe @inline(__always)
  private func host(_ linear: UInt64, width: UInt64, tag: Int) -> UnsafeMutableRawPointer? {
    let table = unsafe load(UnsafeMutableRawPointer.self, at: CoreLayout.translations)
    let entry = unsafe table + TranslationTables.offset(of: linear)
    let page = unsafe entry.load(fromByteOffset: tag, as: UInt64.self)
    // Equal pages leave the offset; one so high that the access would cross the page is a miss too.
    if (page ^ linear) > 4096 &- width { return nil }
    let addend = unsafe entry.load(fromByteOffset: TranslationTables.addend, as: UInt64.self)
    return unsafe UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: linear &+ addend))
      .unsafelyUnwrapped
  }
}
