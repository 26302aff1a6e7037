/// The bytes of one exit, where the engine keeps them (for KVM: in the page it shares with us).
///
/// Valid from the return of `Processor.run()` to the next call of it on the same thread. Every
/// access is bounds-checked: a load past the end reads as all ones and a store past it is dropped,
/// which is what an absent device does, so that no guest can make the VMM trap here.
@safe
public struct ExitBuffer {
  @usableFromInline let base: UnsafeMutableRawPointer?
  @usableFromInline let count: UInt32

  /// How many bytes there are.
  @inlinable public var byteCount: Int { Int(count) }

  /// A buffer over `byteCount` bytes at `base`; fewer than 4 GiB, as every exit has.
  ///
  /// - Safety: the memory stays valid and is not touched by others until the processor runs again.
  @unsafe @inlinable
  public init(base: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe self.base = base
    count = UInt32(truncatingIfNeeded: byteCount)
  }

  /// A buffer without bytes.
  public init() {
    unsafe base = nil
    count = 0
  }

  /// The little-endian value of `width` bytes (1…8) at byte offset `offset`.
  @inlinable @inline(__always)
  public func load(at offset: Int = 0, width: Int) -> UInt64 {
    guard isInside(offset: offset, width: width) else { return Self.allOnes(width: width) }
    // The usual widths by comparison; all in one switch would become an indirect jump, which the
    // processor mispredicts after each trip through the kernel.
    if width == 1 { return UInt64(loadUnaligned(at: offset, as: UInt8.self)) }
    if width == 4 { return UInt64(loadUnaligned(at: offset, as: UInt32.self)) }
    return loadOther(at: offset, width: width)
  }

  @usableFromInline @inline(never)
  func loadOther(at offset: Int, width: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in (0..<width).reversed() {
      value = value << 8 | UInt64(loadUnaligned(at: offset + index, as: UInt8.self))
    }
    return value
  }

  /// Stores the low `width` bytes (1…8) of `value`, little-endian, at byte offset `offset`.
  @inlinable @inline(__always)
  public func store(_ value: UInt64, at offset: Int = 0, width: Int) {
    guard isInside(offset: offset, width: width) else { return }
    if width == 1 { return storeUnaligned(UInt8(truncatingIfNeeded: value), at: offset) }
    if width == 4 { return storeUnaligned(UInt32(truncatingIfNeeded: value), at: offset) }
    storeOther(value, at: offset, width: width)
  }

  @usableFromInline @inline(never)
  func storeOther(_ value: UInt64, at offset: Int, width: Int) {
    for index in 0..<width {
      storeUnaligned(UInt8(truncatingIfNeeded: value >> UInt64(8 * index)), at: offset + index)
    }
  }

  /// Lends the bytes for reading: string output goes to a device in one piece.
  public func withBytes<Result>(_ body: (RawSpan) -> Result) -> Result {
    guard let base = unsafe base else { return body(RawSpan()) }
    let bytes = unsafe UnsafeRawBufferPointer(start: base, count: byteCount)
    // Sound: the initializer's contract keeps the memory valid while this call lasts.
    return unsafe body(bytes.bytes)
  }

  /// The value of `width` bytes that an absent device gives: all bits one.
  @inlinable @inline(__always)
  public static func allOnes(width: Int) -> UInt64 {
    width >= 8 ? .max : (1 << UInt64(8 * max(width, 0))) - 1
  }

  @inlinable @inline(__always)
  func isInside(offset: Int, width: Int) -> Bool {
    offset >= 0 && width >= 1 && width <= 8 && offset <= byteCount - width
  }

  @inlinable @inline(__always)
  func loadUnaligned<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
    // Sound: `isInside` held, so the memory exists.
    unsafe base.unsafelyUnwrapped.loadUnaligned(fromByteOffset: offset, as: type)
  }

  @inlinable @inline(__always)
  func storeUnaligned<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
    // Sound: `isInside` held, so the memory exists.
    unsafe base.unsafelyUnwrapped.storeBytes(of: value, toByteOffset: offset, as: Value.self)
  }
}
