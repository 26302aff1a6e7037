internal import CLinux
internal import Glibc

/// Memory of this process at fixed addresses.
enum HostMemory {
  /// Reserves a range for us; nothing can be accessed there yet.
  static func reserve(_ address: UInt64, byteCount: UInt64) throws(OracleError) {
    try map(address, byteCount, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)
  }

  /// Puts zeroed private memory at an address inside a reserved range.
  static func allocate(_ address: UInt64, byteCount: UInt64) throws(OracleError) {
    try map(
      address, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1,
      0)
  }

  /// Puts executable memory at an address inside a reserved range; what is executed there is written
  /// at the address that is returned, because a hardened host refuses memory that is both.
  static func allocateCode(_ address: UInt64, byteCount: UInt64) throws(OracleError) -> UInt64 {
    // Sound: the name is a literal.
    let descriptor = unsafe memfd_create("cpu-oracle", UInt32(MFD_CLOEXEC))
    guard descriptor >= 0, ftruncate(descriptor, Int(byteCount)) == 0 else {
      throw .host("make memory for code (memfd_create)", errno)
    }
    defer { close(descriptor) }
    try map(address, byteCount, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, descriptor, 0)
    // Sound: a new mapping, which nobody else has.
    let alias = unsafe mmap(nil, Int(byteCount), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
    // MAP_FAILED is all ones.
    let address = UInt(bitPattern: alias)
    guard address != UInt.max else { throw .host("map memory for code a second time (mmap)", errno) }
    return UInt64(address)
  }

  /// Makes pages readable only.
  static func protect(_ address: UInt64, byteCount: UInt64) throws(OracleError) {
    // Sound: the range is ours.
    guard unsafe mprotect(pointer(address), Int(byteCount), PROT_READ) == 0 else {
      throw .host("make pages read-only (mprotect)", errno)
    }
  }

  private static func map(
    _ address: UInt64, _ byteCount: UInt64, _ protection: Int32, _ flags: Int32, _ descriptor: Int32,
    _ offset: Int
  ) throws(OracleError) {
    // Sound: MAP_FIXED is used only inside a range that `reserve` got without replacing anything.
    let result = unsafe mmap(pointer(address), Int(byteCount), protection, flags, descriptor, offset)
    guard unsafe result == pointer(address) else {
      throw .host("map \(byteCount) bytes at 0x\(String(address, radix: 16)) (mmap)", errno)
    }
  }

  @inline(__always)
  static func pointer(_ address: UInt64) -> UnsafeMutableRawPointer {
    // Sound as long as no caller asks for address 0; to use the pointer is unsafe, to make it is not.
    unsafe UnsafeMutableRawPointer(bitPattern: UInt(address)).unsafelyUnwrapped
  }

  /// Writes a value; `address` must be in memory that was allocated here.
  @inline(__always)
  static func store<Value: BitwiseCopyable>(_ value: Value, at address: UInt64) {
    // Sound: the callers use constants of `ArenaLayout` and what `allocateCode` returned.
    unsafe pointer(address).storeBytes(of: value, as: Value.self)
  }

  /// Reads a value; `address` must be in memory that was allocated here.
  @inline(__always)
  static func load<Value: BitwiseCopyable>(_ type: Value.Type = Value.self, at address: UInt64) -> Value {
    // Sound: as for `store`.
    unsafe pointer(address).loadUnaligned(as: type)
  }

  /// Copies bytes that do not overlap.
  @inline(__always)
  static func copy(from source: UInt64, to target: UInt64, byteCount: UInt64) {
    // Sound: as for `store`.
    unsafe pointer(target).copyMemory(from: pointer(source), byteCount: Int(byteCount))
  }

  /// Whether two ranges hold the same bytes.
  @inline(__always)
  static func areEqual(_ left: UInt64, _ right: UInt64, byteCount: UInt64) -> Bool {
    // Sound: as for `store`.
    unsafe memcmp(pointer(left), pointer(right), Int(byteCount)) == 0
  }
}
