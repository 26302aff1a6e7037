/// A device on the 8-bit ISA bus: each address is a register of one byte.
///
/// An access of two or four bytes is, as on the real bus, that many byte cycles at consecutive
/// addresses, lowest first.
protocol ByteRegisterDevice: IODevice {
  /// Reads the register at `offset`.
  func readRegister(_ offset: UInt64) -> UInt8

  /// Writes the register at `offset`.
  func writeRegister(_ offset: UInt64, _ value: UInt8)
}

extension ByteRegisterDevice {
  /// Reads `width` registers from `offset` on.
  public func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    if width == .byte { return UInt64(readRegister(offset)) }
    return readRegisters(offset, count: width.byteCount)
  }

  /// Writes `width` registers from `offset` on.
  public func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {
    if width == .byte { return writeRegister(offset, UInt8(truncatingIfNeeded: value)) }
    writeRegisters(offset, count: width.byteCount, value)
  }

  // Apart, so that a single byte, which nearly every access is, does not go through a jump table.

  @inline(never)
  private func readRegisters(_ offset: UInt64, count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<UInt64(count) {
      value |= UInt64(readRegister(offset &+ index)) << (8 * index)
    }
    return value
  }

  @inline(never)
  private func writeRegisters(_ offset: UInt64, count: Int, _ value: UInt64) {
    for index in 0..<UInt64(count) {
      writeRegister(offset &+ index, UInt8(truncatingIfNeeded: value >> (8 * index)))
    }
  }
}
