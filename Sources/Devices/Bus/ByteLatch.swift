public import Synchronization

/// A register of eight bits that remembers what was written to it last, whatever the offset.
///
/// A bus writes to it without a call of its device: on the way back from a trip through the kernel
/// an indirect call costs half as much as the whole of an exit without one (docs/decisions/0013-hot-path.md).
public final class ByteLatch: Sendable {
  /// The byte; 0xffff before the first.
  @usableFromInline let word = Atomic<UInt16>(0xffff)

  /// A latch to which nothing was written yet.
  public init() {}

  /// The last byte written, or nil.
  public var byte: UInt8? {
    let word = word.load(ordering: .relaxed)
    return word > 0xff ? nil : UInt8(truncatingIfNeeded: word)
  }

  /// Remembers a byte. Any thread may call it.
  @inlinable @inline(__always)
  public func store(_ byte: UInt8) { word.store(UInt16(byte), ordering: .relaxed) }
}
