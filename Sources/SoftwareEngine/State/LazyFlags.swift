internal import X86

/// The six status flags, kept as what the last arithmetic instruction left rather than as bits.
///
/// Two words hold them. `flagResult` is the result, sign-extended to 64 bits: ZF is whether it is
/// zero. `flagCarries` holds the carries out of the bits of the operation that the other flags need:
/// bit 63 the carry out of the highest bit (CF), bit 62 the one out of the bit below (OF is whether
/// the two differ), bit 3 the carry out of bit 3 (AF); and two corrections for flags that were set
/// to something no result can give: bit 32 inverts SF, bits 8…15 are exclusive-ored to the low byte
/// of the result before its parity is taken. Writing flags is a few operations without a branch, and
/// reading one never asks which instruction wrote them.
extension Core {
  @inline(__always) var flagResult: UInt64 {
    get { load(at: CoreLayout.flagResult) }
    nonmutating set { store(newValue, at: CoreLayout.flagResult) }
  }
  @inline(__always) var flagCarries: UInt64 {
    get { load(at: CoreLayout.flagCarries) }
    nonmutating set { store(newValue, at: CoreLayout.flagCarries) }
  }

  // MARK: Writing

  /// The flags of a result with this vector of carries out of each bit; `width` in bytes.
  @inline(__always)
  func setFlags(result: UInt64, carries: UInt64, width: UInt8) {
    flagResult = signExtend(result, width)
    flagCarries = (carries << (64 &- UInt64(width) &* 8)) & (3 << 62) | carries & 8
  }

  /// After `result` = `left` + `right` (+ carry), each of `width` bytes.
  @inline(__always)
  func setFlags(adding left: UInt64, _ right: UInt64, result: UInt64, width: UInt8) {
    setFlags(result: result, carries: (left & right) | ((left | right) & ~result), width: width)
  }

  /// After `result` = `left` − `right` (− borrow), each of `width` bytes.
  @inline(__always)
  func setFlags(subtracting right: UInt64, from left: UInt64, result: UInt64, width: UInt8) {
    setFlags(result: result, carries: (~left & right) | ((~left | right) & result), width: width)
  }

  /// After a logical operation: CF, OF and AF are cleared.
  @inline(__always)
  func setFlags(logical result: UInt64, width: UInt8) {
    flagResult = signExtend(result, width)
    flagCarries = 0
  }

  /// The six flags from the bits of `flags`; other bits do not count.
  @inline(__always)
  func setStatusFlags(_ flags: UInt64) {
    // With ZF the result is zero, which has even parity and no sign; without, it is one, which has
    // odd parity and no sign. The corrections do the rest.
    let zero = flags >> 6 & 1
    let result = zero ^ 1
    let isParityWrong = (flags >> 2 & 1) ^ zero
    let carry = flags & 1
    let overflow = flags >> 11 & 1
    flagResult = result
    flagCarries =
      carry << 63 | (carry ^ overflow) << 62 | (flags >> 4 & 1) << 3 | (flags >> 7 & 1) << 32
      | isParityWrong << 8
  }

  /// Sets or clears CF and leaves the other flags.
  @inline(__always)
  func setCarryFlag(_ carry: Bool) {
    let wanted: UInt64 = carry ? 1 : 0
    // OF is bit 63 ^ bit 62: both change together.
    let change = (flagCarries >> 63) ^ wanted
    flagCarries ^= change << 63 | change << 62
  }

  // MARK: Reading

  @inline(__always) var carryFlag: Bool { Int64(bitPattern: flagCarries) < 0 }
  @inline(__always) var zeroFlag: Bool { flagResult == 0 }
  @inline(__always) var signFlag: Bool { (flagResult >> 63) ^ (flagCarries >> 32 & 1) != 0 }
  @inline(__always) var overflowFlag: Bool { Int64(bitPattern: flagCarries ^ (flagCarries << 1)) < 0 }
  @inline(__always) var adjustFlag: Bool { flagCarries & 8 != 0 }
  @inline(__always) var parityFlag: Bool {
    let byte = UInt8(truncatingIfNeeded: flagResult ^ (flagCarries >> 8))
    return byte.nonzeroBitCount & 1 == 0
  }

  /// CF, PF, AF, ZF, SF and OF at their places in RFLAGS.
  var statusFlags: UInt64 {
    var flags: UInt64 = 0
    if carryFlag { flags |= RFLAGS.carry.rawValue }
    if parityFlag { flags |= RFLAGS.parity.rawValue }
    if adjustFlag { flags |= RFLAGS.adjust.rawValue }
    if zeroFlag { flags |= RFLAGS.zero.rawValue }
    if signFlag { flags |= RFLAGS.sign.rawValue }
    if overflowFlag { flags |= RFLAGS.overflow.rawValue }
    return flags
  }

  /// The status flags' places in RFLAGS.
  static let statusFlagMask: UInt64 = 0x8D5

  /// All of RFLAGS.
  var rflags: RFLAGS {
    get { RFLAGS(rawValue: load(UInt64.self, at: CoreLayout.systemFlags) | statusFlags | 2) }
    nonmutating set {
      store(newValue.rawValue & ~(Self.statusFlagMask | 2), at: CoreLayout.systemFlags)
      setStatusFlags(newValue.rawValue)
    }
  }

  /// The flags of RFLAGS other than the six status flags; cheaper than `rflags`.
  @inline(__always) var systemFlags: RFLAGS {
    get { RFLAGS(rawValue: load(at: CoreLayout.systemFlags)) }
    nonmutating set { store(newValue.rawValue, at: CoreLayout.systemFlags) }
  }

  /// Whether a condition of Jcc, SETcc or CMOVcc holds (SDM Vol. 1, appendix B).
  @inline(__always)
  func holds(_ condition: Condition) -> Bool { holds(number: condition.rawValue) }

  /// The same by the condition's number in an encoding.
  @inline(__always)
  func holds(number: UInt8) -> Bool {
    let plain: Bool =
      switch number >> 1 {
      case 0: overflowFlag
      case 1: carryFlag
      case 2: zeroFlag
      case 3: carryFlag || zeroFlag
      case 4: signFlag
      case 5: parityFlag
      case 6: signFlag != overflowFlag
      default: zeroFlag || signFlag != overflowFlag
      }
    return plain != (number & 1 != 0)
  }
}
