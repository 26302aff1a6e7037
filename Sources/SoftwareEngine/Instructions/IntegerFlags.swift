internal import X86

/// Writes of the status flags that the integer instructions need beside those of `LazyFlags`.
///
/// Where the manuals leave a flag undefined, it becomes what Intel's processors of today make of it:
/// programs should not care, but one that does was written on such a processor.
extension Core {
  /// CF and OF as given; ZF, SF and PF of the result; AF cleared. After a shift.
  @inline(__always)
  func setFlags(shifted result: UInt64, width: UInt8, carry: Bool, overflow: Bool) {
    flagResult = signExtend(result, width)
    flagCarries = carryBits(carry, overflow)
  }

  /// CF and OF as given, the other flags as they were. After a rotate.
  @inline(__always)
  func setFlags(carry: Bool, overflow: Bool) {
    flagCarries = flagCarries & ~(3 << 62) | carryBits(carry, overflow)
  }

  @inline(__always)
  private func carryBits(_ carry: Bool, _ overflow: Bool) -> UInt64 {
    (carry ? 1 << 63 : 0) | (carry != overflow ? 1 << 62 : 0)
  }

  /// Sets or clears OF and leaves the other flags.
  func setOverflowFlag(_ overflow: Bool) { setFlags(carry: carryFlag, overflow: overflow) }

  /// Sets or clears ZF and leaves the other flags.
  func setZeroFlag(_ isZero: Bool) {
    let zero = RFLAGS.zero.rawValue
    setStatusFlags(statusFlags & ~zero | (isZero ? zero : 0))
  }

  /// The flags of a multiplication: CF and OF tell whether the low half is the whole product. ZF is
  /// cleared whatever the product is; SF and PF follow its low half.
  @inline(__always)
  func setFlags(lowProduct: UInt64, width: UInt8, isWhole: Bool) {
    // A bit between those that tell sign and parity keeps the result from being zero.
    flagResult = signExtend(lowProduct, width) | 1 << 32
    flagCarries = carryBits(!isWhole, !isWhole)
  }

  /// The flags of a bit count or a bit field: ZF, CF and SF as given, the others cleared.
  func setFlags(zero: Bool, carry: Bool, sign: UInt64 = 0) {
    setStatusFlags(
      (zero ? RFLAGS.zero.rawValue : 0) | (carry ? RFLAGS.carry.rawValue : 0) | sign)
  }

  /// SF's place, if the highest of `width` bytes has its highest bit set.
  func signBit(_ value: UInt64, _ width: UInt8) -> UInt64 {
    value >> (UInt64(width) &* 8 &- 1) & 1 != 0 ? RFLAGS.sign.rawValue : 0
  }

  /// PF's place, if the low byte has an even number of ones.
  func parityBit(_ value: UInt64) -> UInt64 {
    UInt8(truncatingIfNeeded: value).nonzeroBitCount & 1 == 0 ? RFLAGS.parity.rawValue : 0
  }
}
