import Host

extension ByteChannel {
  /// Writes one byte.
  func write(byte: UInt8) {
    let bytes: InlineArray<1, UInt8> = [byte]
    // Sound: a UInt8 has no padding, so every byte of the array's storage is initialized.
    unsafe write(bytes.span.bytes)
  }
}
