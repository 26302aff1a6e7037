private import CLinux

/// Memory for machine code that is made at run time.
///
/// The pages are mapped twice, once to write and once to execute, so that nothing is ever both; where
/// the system refuses that, once for everything.
@safe
final class ExecutableMemory {
  private let writable: UnsafeMutableRawPointer
  private let executable: UnsafeMutableRawPointer
  private let byteCount: Int
  private var used = 0

  /// Memory of `byteCount` bytes, whole pages of which only those that are written take up RAM; nil
  /// where the system allows no code to be made at run time.
  init?(byteCount: Int) {
    self.byteCount = byteCount
    guard let (writable, executable) = unsafe Self.mapTwice(byteCount) ?? Self.mapOnce(byteCount) else {
      return nil
    }
    unsafe (self.writable, self.executable) = (writable, executable)
  }

  deinit {
    // Sound: both mappings are this object's, and who runs code in them keeps it.
    unsafe munmap(executable, byteCount)
    if unsafe writable != executable { unsafe munmap(writable, byteCount) }
  }

  /// One file in memory, mapped for writing and for execution.
  @unsafe
  private static func mapTwice(_ byteCount: Int) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer)? {
    let descriptor = unsafe memfd_create("swiftvm-code", UInt32(MFD_CLOEXEC))
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    guard ftruncate(descriptor, byteCount) == 0 else { return nil }
    guard let writable = unsafe map(byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor) else {
      return nil
    }
    guard let executable = unsafe map(byteCount, PROT_READ | PROT_EXEC, MAP_SHARED, descriptor) else {
      unsafe munmap(writable, byteCount)
      return nil
    }
    return unsafe (writable, executable)
  }

  @unsafe
  private static func mapOnce(_ byteCount: Int) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer)? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS
    return unsafe map(byteCount, PROT_READ | PROT_WRITE | PROT_EXEC, flags, -1).map { unsafe ($0, $0) }
  }

  @unsafe
  private static func map(_ byteCount: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32)
    -> UnsafeMutableRawPointer?
  {
    let address = unsafe mmap(nil, byteCount, protection, flags, descriptor, 0)
    // MAP_FAILED is all ones.
    return unsafe Int(bitPattern: address) == -1 ? nil : address
  }

  /// Copies code in and returns where it can be called; nil when it does not fit any more.
  func append(_ code: [UInt8]) -> UInt? {
    guard code.count <= byteCount - used else { return nil }
    let start = used
    // Sound: the room was just checked. x86 keeps the instruction cache coherent, and code that
    // was there before is not running.
    for (offset, byte) in code.enumerated() {
      unsafe writable.storeBytes(of: byte, toByteOffset: start + offset, as: UInt8.self)
    }
    used = min((start + code.count + 15) & ~15, byteCount)
    return UInt(bitPattern: unsafe executable + start)
  }

  /// Gives all room back: what was appended must not be called any more.
  func removeAll() { used = 0 }
}
