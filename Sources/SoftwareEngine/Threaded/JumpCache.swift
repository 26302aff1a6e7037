/// Linear address → the threaded operation at which its block begins, for one vCPU: direct-mapped.
///
/// The key is the linear address, exclusive-ored with a salt of the mode, so that code which was
/// fetched with the supervisor's rights is not found with the user's. It is emptied whenever a
/// translation may have changed.
@safe
final class JumpCache {
  static let entryCount = 4096
  static let entryByteCount = 16

  /// The entries: key and operation, 8 bytes each.
  let base: UnsafeMutableRawPointer
  private var isEmpty = false

  init() {
    unsafe base = .allocate(byteCount: Self.entryCount * Self.entryByteCount, alignment: 64)
    clear()
  }

  deinit { unsafe base.deallocate() }

  @inline(__always)
  static func offset(of linear: UInt64) -> Int {
    (Int(truncatingIfNeeded: linear ^ linear &>> 12) & (entryCount &- 1)) &* entryByteCount
  }

  /// No canonical address, with no salt, is this key.
  private static let noKey: UInt64 = 0x8000_0000_0000_0000

  /// What tells entries of one mode from those of another: bits of which a canonical address, or one
  /// of 32 bits, has all or none.
  static func salt(codeSize: UInt8, privilege: UInt8) -> UInt64 {
    UInt64(codeSize) << 48 | (privilege == 3 ? 1 << 56 : 0)
  }

  /// Forgets everything.
  func clear() {
    if isEmpty { return }
    isEmpty = true
    for index in 0..<Self.entryCount {
      unsafe base.storeBytes(of: Self.noKey, toByteOffset: index * Self.entryByteCount, as: UInt64.self)
    }
  }

  func find(_ linear: UInt64, salt: UInt64) -> ThreadedOperation? {
    // Sound: the offset is that of an entry; an entry with a key holds a live operation.
    let entry = unsafe base + Self.offset(of: linear)
    guard unsafe entry.load(as: UInt64.self) == linear ^ salt else { return nil }
    return unsafe ThreadedOperation(entry.load(fromByteOffset: 8, as: UnsafeRawPointer.self))
  }

  func enter(_ linear: UInt64, salt: UInt64, _ operation: ThreadedOperation) {
    isEmpty = false
    let entry = unsafe base + Self.offset(of: linear)
    unsafe entry.storeBytes(of: linear ^ salt, as: UInt64.self)
    unsafe entry.storeBytes(of: operation.base, toByteOffset: 8, as: UnsafeRawPointer.self)
  }
}
