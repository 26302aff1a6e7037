internal import Host

/// What was decoded so far, by physical page, for all vCPUs of one machine.
///
/// A page that holds decoded instructions is not in the translation caches for writing, so that each
/// write to it comes to `didWrite`.
@safe
final class CodeCache {
  /// The stubs of what the host's CPU executes.
  let native: NativeCode
  private var pages: [UInt64: CodePage] = [:]
  /// Pages that were made stale while one of their operations may still be running.
  private var graveyard: [CodePage] = []
  private var hasStalePages = false
  /// One bit for each page of RAM: instructions were decoded from it.
  private let marks: Mapping
  private let pageCount: UInt64
  /// Those whose caches refer to operations here.
  private var interpreters: [Unowned] = []
  /// Changes when memory may have been written to without a word to `didWrite`.
  private var epoch: UInt64 = 0
  /// How often written code had to be forgotten.
  private(set) var invalidationCount: UInt64 = 0

  private struct Unowned { unowned let interpreter: Interpreter }

  /// Pages kept before everything is forgotten.
  private static let maximumPageCount = 8192

  /// - Parameters:
  ///   - memoryEnd: the physical address after the last byte of RAM.
  ///   - native: what is executed by the host's CPU.
  init(memoryEnd: UInt64, native: NativeCode = NativeCode()) throws(SystemError) {
    self.native = native
    pageCount = memoryEnd >> 12
    // Untouched pages of the map cost nothing.
    marks = try Mapping(
      byteCount: Int(clamping: (pageCount / 8 + 4096) & ~4095), source: .anonymous(isReserved: false),
      purpose: "the map of decoded pages")
  }

  func attach(_ interpreter: Interpreter) { interpreters.append(Unowned(interpreter: interpreter)) }

  /// Whether instructions were decoded from the page at `page`.
  @inline(__always)
  func holdsCode(_ page: UInt64) -> Bool {
    let number = page >> 12
    guard number < pageCount else { return false }
    // Sound: the map has a bit for every page of RAM.
    return unsafe marks.base.load(fromByteOffset: Int(number >> 3), as: UInt8.self) & 1 << (number & 7) != 0
  }

  private func mark(_ page: UInt64, _ isCode: Bool) {
    let number = page >> 12
    guard number < pageCount else { return }
    let bit: UInt8 = 1 << (number & 7)
    let old = unsafe marks.base.load(fromByteOffset: Int(number >> 3), as: UInt8.self)
    unsafe marks.base.storeBytes(
      of: isCode ? old | bit : old & ~bit, toByteOffset: Int(number >> 3), as: UInt8.self)
  }

  /// The operations of the physical page at `address`, whose bytes are at `bytes` on the host.
  ///
  /// - Safety: the bytes stay mapped for as long as the machine exists.
  @unsafe
  func page(_ address: UInt64, flavor: CodeFlavor, bytes: UnsafeRawPointer) -> CodePage {
    let key = address | UInt64(flavor.rawValue)
    if let page = pages[key] {
      if page.epoch == epoch { return page }
      if page.matchesMemory {
        page.epoch = epoch
        return page
      }
      forget(page, key: key)
    }
    if pages.count >= Self.maximumPageCount { forgetAll() }
    let page = unsafe CodePage(address: address, flavor: flavor, bytes: bytes)
    page.epoch = epoch
    pages[key] = page
    if !holdsCode(address) {
      mark(address, true)
      for holder in interpreters { holder.interpreter.translations.protect(physicalPage: address) }
    }
    return page
  }

  /// Bytes of RAM were written, by a vCPU or a device: what was decoded from them is forgotten.
  @inline(__always)
  func didWrite(_ address: UInt64, byteCount: UInt64) {
    if holdsCode(address & ~0xFFF) || holdsCode((address &+ byteCount &- 1) & ~0xFFF) {
      didWriteToCode(address, byteCount: byteCount)
    }
  }

  @inline(never)
  private func didWriteToCode(_ address: UInt64, byteCount: UInt64) {
    var address = address
    var rest = byteCount
    while rest > 0 {
      let offset = address & 0xFFF
      let count = min(rest, 4096 &- offset)
      for flavor in UInt64(0)...2 {
        let key = address & ~0xFFF | flavor
        if let page = pages[key], page.holdsCode(at: offset, count: count) { forget(page, key: key) }
      }
      address = address &+ count
      rest = rest &- count
    }
  }

  private func forget(_ page: CodePage, key: UInt64) {
    invalidationCount &+= 1
    page.makeStale()
    pages[key] = nil
    graveyard.append(page)
    hasStalePages = true
    let isGone = (UInt64(0)...2).allSatisfy { pages[page.address | $0] == nil }
    if isGone { mark(page.address, false) }
    for holder in interpreters { holder.interpreter.translations.jumpCache.clear() }
  }

  /// Memory may have been written to by somebody who does not call `didWrite`: another engine, or a device.
  /// Each page is compared with memory before it is used again.
  func memoryMayHaveChanged() {
    epoch &+= 1
    for holder in interpreters { holder.interpreter.translations.jumpCache.clear() }
  }

  /// Forgets everything: too much was decoded, or memory changed at large.
  func forgetAll() {
    for (key, page) in pages { forget(page, key: key) }
  }

  /// Frees pages that were made stale; false where there were none. Only while no vCPU is in the
  /// threaded tier.
  @inline(__always)
  func bury() -> Bool {
    if !hasStalePages { return false }
    empty()
    return true
  }

  @inline(never)
  private func empty() {
    hasStalePages = false
    graveyard.removeAll(keepingCapacity: true)
  }
}
