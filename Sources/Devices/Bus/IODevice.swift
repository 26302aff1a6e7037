/// A device that answers reads and writes on a bus: of ports or of memory.
///
/// Any vCPU thread may call it at any time: an implementation guards its state with its own lock.
/// Offsets and values come from the guest; no value of them may trap.
public protocol IODevice: AnyObject, Sendable {
  /// The device's name, for people: "serial port COM1".
  var name: String { get }

  /// For a device that does nothing with a byte written but remember it: where. The bus then writes single
  /// bytes there itself, and does not call the device for them. Always the same object.
  var latch: ByteLatch? { get }

  /// Answers a read of `width` bytes, `offset` bytes into the device's range. Only the low
  /// `width` bytes of the result count.
  func read(offset: UInt64, width: AccessWidth) -> UInt64

  /// Takes a write of the low `width` bytes of `value`.
  func write(_ value: UInt64, offset: UInt64, width: AccessWidth)

  /// Takes a string output: items of `width` bytes, back to back, all to `offset`.
  ///
  /// The default calls `write` for each item; a device that can take them in one piece does.
  func write(string items: RawSpan, offset: UInt64, width: AccessWidth)
}

extension IODevice {
  /// Most devices are no latch.
  public var latch: ByteLatch? { nil }

  /// Writes the items one by one.
  public func write(string items: RawSpan, offset: UInt64, width: AccessWidth) {
    writeOneByOne(items, offset: offset, width: width)
  }

  /// What `write(string:)` does where a device has no better way. Under a name of its own, so that
  /// a device that has one for some strings can leave the others to this.
  func writeOneByOne(_ items: RawSpan, offset: UInt64, width: AccessWidth) {
    var position = 0
    while position <= items.byteCount - width.byteCount {
      var value: UInt64 = 0
      for index in (0..<width.byteCount).reversed() {
        value = value << 8 | UInt64(items.byte(at: position + index))
      }
      write(value, offset: offset, width: width)
      position += width.byteCount
    }
  }
}

extension RawSpan {
  /// The byte at `offset`; traps outside the span, like every span access.
  func byte(at offset: Int) -> UInt8 {
    // Sound: a UInt8 has no invalid bit patterns, and unsafeLoad checks the bounds.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}

/// The widths of an access that a device sees. The bus splits all others.
public enum AccessWidth: UInt8, Sendable {
  /// One byte.
  case byte = 1
  /// Two bytes.
  case word = 2
  /// Four bytes.
  case dword = 4
  /// Eight bytes: memory only.
  case qword = 8

  /// The width in bytes.
  public var byteCount: Int { Int(rawValue) }

  /// Whether there is a width of this many bytes.
  @inlinable @inline(__always)
  static func isNatural(_ byteCount: Int) -> Bool {
    byteCount >= 1 && byteCount <= 8 && byteCount & (byteCount &- 1) == 0
  }
}
