internal import X86

/// Operands in memory of instructions that the host executes: by their host address where they can be
/// reached at once, else through the scratch page.
extension Interpreter {
  var native: NativeCode { codeCache.native }

  /// Where the `byteCount` bytes at `linear` can be read: where they are, or a copy.
  @unsafe @inline(__always)
  func operandForReading(_ linear: UInt64, byteCount: Int) throws(Interruption) -> UnsafeMutableRawPointer {
    if let host = unsafe core.hostForReading(linear, width: UInt64(byteCount)) { return unsafe host }
    return unsafe try copiedOperand(linear, byteCount: byteCount)
  }

  @unsafe @inline(never)
  private func copiedOperand(_ linear: UInt64, byteCount: Int) throws(Interruption) -> UnsafeMutableRawPointer
  {
    let scratch = unsafe native.scratch
    switch byteCount {
    case 1, 2, 4, 8:
      let value = try readLinear(linear, width: UInt8(byteCount))
      // Sound: the scratch page is aligned and larger.
      unsafe scratch.storeBytes(of: value, as: UInt64.self)
    default:
      unsafe try readBytes(linear, into: scratch, byteCount: byteCount)
    }
    return unsafe scratch
  }

  /// Writes `byteCount` bytes from the scratch page.
  func writeFromScratch(_ linear: UInt64, byteCount: Int) throws(Interruption) {
    let scratch = unsafe native.scratch
    switch byteCount {
    case 1, 2, 4, 8:
      try writeLinear(
        linear, width: UInt8(byteCount), unsafe scratch.load(as: UInt64.self) & mask(UInt8(byteCount)))
    default:
      unsafe try writeBytes(linear, from: scratch, byteCount: byteCount)
    }
  }

  /// The linear address of an operand of SSE; one of 16 bytes must be aligned unless the instruction
  /// says otherwise (SDM Vol. 1, 10.4.1.1; the exception is #GP(0) in any segment, and comes before
  /// that of an address that is not canonical).
  @inline(__always)
  func linearVectorOperand(
    _ instruction: borrowing Instruction, byteCount: Int, isWrite: Bool, isUnaligned: Bool
  ) throws(Interruption) -> UInt64 {
    // The bases of FS and GS count in all modes, others only outside of 64-bit mode.
    let segment = instruction.memory.segment
    let base = !core.isLong || segment == .fs || segment == .gs ? segmentBase(segment) : 0
    if byteCount == 16, !isUnaligned, (offset(instruction) &+ base) & 15 != 0 { throw .generalProtection() }
    return try linearOperand(instruction, byteCount: UInt64(byteCount), isWrite: isWrite)
  }

  /// Reads 16 bytes.
  @inline(__always)
  func readVector(_ linear: UInt64) throws(Interruption) -> UInt128 {
    // Sound: 16 bytes are there.
    unsafe try operandForReading(linear, byteCount: 16).loadUnaligned(as: UInt128.self)
  }

  /// Writes 16 bytes.
  @inline(__always)
  func writeVector(_ linear: UInt64, _ value: UInt128) throws(Interruption) {
    if let host = unsafe core.hostForWriting(linear, width: 16) {
      return unsafe host.storeBytes(of: value, as: UInt128.self)
    }
    unsafe native.scratch.storeBytes(of: value, as: UInt128.self)
    try writeFromScratch(linear, byteCount: 16)
  }
}
