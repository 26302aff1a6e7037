// Shifts and rotates of registers in the threaded tier, by a constant or by CL.
//
// CF is the last bit shifted out. OF is computed from the operand as it was, whatever the count, as in
// `Shift.swift`, but for rotates by a constant above one, which leave it; AF of a shift is left clear.

/// What a shift or rotate computes; the count is 1 … width − 1 in bits.
protocol HotShift {
  static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word
}

extension Core {
  @inline(__always)
  fileprivate func setFlags<Word: HotWord>(shifted result: Word, carry: Word, overflow: Word) {
    let (carry, overflow) = (UInt64(carry), UInt64(overflow))
    flagResult = signExtend(UInt64(result), Word.byteCount)
    flagCarries = carry << 63 | (carry ^ overflow) << 62
  }

  @inline(__always)
  fileprivate func setFlags<Word: HotWord>(rotatedWith carry: Word, overflow: Word) {
    let (carry, overflow) = (UInt64(carry), UInt64(overflow))
    flagCarries = flagCarries & ~(3 << 62) | carry << 63 | (carry ^ overflow) << 62
  }
}

extension HotWord {
  /// The highest bit, as 0 or 1.
  @inline(__always) fileprivate var top: Self { self &>> Self(Self.bitWidth - 1) }
}

enum HotShiftLeft: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let result = value &<< count
    core.setFlags(
      shifted: result, carry: (value &<< (count &- 1)).top, overflow: (value ^ value &<< 1).top)
    return result
  }
}

enum HotShiftRight: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let result = value &>> count
    core.setFlags(shifted: result, carry: value &>> (count &- 1) & 1, overflow: value.top)
    return result
  }
}

enum HotShiftArithmeticRight: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let signed = Int64(bitPattern: signExtend(UInt64(value), Word.byteCount))
    let result = Word(truncatingIfNeeded: signed &>> Int64(truncatingIfNeeded: count))
    let carry = Word(truncatingIfNeeded: signed &>> (Int64(truncatingIfNeeded: count) &- 1)) & 1
    core.setFlags(shifted: result, carry: carry, overflow: 0)
    return result
  }
}

enum HotRotateLeft: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let result = value &<< count | value &>> (0 &- count)
    core.setFlags(rotatedWith: result & 1, overflow: (value ^ value &<< 1).top)
    return result
  }
}

enum HotRotateRight: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let result = value &>> count | value &<< (0 &- count)
    core.setFlags(rotatedWith: result.top, overflow: value.top ^ value & 1)
    return result
  }
}

/// By a constant above one.
enum HotRotateLeftFar: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let result = value &<< count | value &>> (0 &- count)
    core.setCarryFlag(result & 1 != 0)
    return result
  }
}

/// By a constant above one.
enum HotRotateRightFar: HotShift {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word, by count: Word) -> Word {
    let result = value &>> count | value &<< (0 &- count)
    core.setCarryFlag(result.top != 0)
    return result
  }
}

/// By the constant in the operation, which is not zero.
@inline(__always)
func shiftByConstant<Shift: HotShift, Word: HotWord>(
  _: Shift.Type, _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  let count = Word(truncatingIfNeeded: operation.immediate)
  core.setRegister(Shift.apply(core, value, by: count), at: operation.destination)
  return next(core, operation)
}

/// By CL. A count of zero leaves the flags, but a 32-bit register loses its upper half.
@inline(__always)
func shiftByCount<Shift: HotShift, Word: HotWord>(
  _: Shift.Type, _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  let count = Word(truncatingIfNeeded: core.rcx) & Word(Word.bitWidth - 1)
  let result = count == 0 ? value : Shift.apply(core, value, by: count)
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

enum HotShiftHandlers {
  /// The handlers of one instruction.
  struct Family {
    var constant32: ThreadedHandler
    var constant64: ThreadedHandler
    var count32: ThreadedHandler
    var count64: ThreadedHandler
  }

  static let left = Family(
    constant32: ThreadedHandler { unsafe shiftByConstant(HotShiftLeft.self, UInt32.self, $0, $1) },
    constant64: ThreadedHandler { unsafe shiftByConstant(HotShiftLeft.self, UInt64.self, $0, $1) },
    count32: ThreadedHandler { unsafe shiftByCount(HotShiftLeft.self, UInt32.self, $0, $1) },
    count64: ThreadedHandler { unsafe shiftByCount(HotShiftLeft.self, UInt64.self, $0, $1) })

  static let right = Family(
    constant32: ThreadedHandler { unsafe shiftByConstant(HotShiftRight.self, UInt32.self, $0, $1) },
    constant64: ThreadedHandler { unsafe shiftByConstant(HotShiftRight.self, UInt64.self, $0, $1) },
    count32: ThreadedHandler { unsafe shiftByCount(HotShiftRight.self, UInt32.self, $0, $1) },
    count64: ThreadedHandler { unsafe shiftByCount(HotShiftRight.self, UInt64.self, $0, $1) })

  static let arithmeticRight = Family(
    constant32: ThreadedHandler { unsafe shiftByConstant(HotShiftArithmeticRight.self, UInt32.self, $0, $1) },
    constant64: ThreadedHandler { unsafe shiftByConstant(HotShiftArithmeticRight.self, UInt64.self, $0, $1) },
    count32: ThreadedHandler { unsafe shiftByCount(HotShiftArithmeticRight.self, UInt32.self, $0, $1) },
    count64: ThreadedHandler { unsafe shiftByCount(HotShiftArithmeticRight.self, UInt64.self, $0, $1) })

  static let rotateLeft = Family(
    constant32: ThreadedHandler { unsafe shiftByConstant(HotRotateLeftFar.self, UInt32.self, $0, $1) },
    constant64: ThreadedHandler { unsafe shiftByConstant(HotRotateLeftFar.self, UInt64.self, $0, $1) },
    count32: ThreadedHandler { unsafe shiftByCount(HotRotateLeft.self, UInt32.self, $0, $1) },
    count64: ThreadedHandler { unsafe shiftByCount(HotRotateLeft.self, UInt64.self, $0, $1) })

  static let rotateLeftOnce32 = ThreadedHandler {
    unsafe shiftByConstant(HotRotateLeft.self, UInt32.self, $0, $1)
  }
  static let rotateLeftOnce64 = ThreadedHandler {
    unsafe shiftByConstant(HotRotateLeft.self, UInt64.self, $0, $1)
  }
  static let rotateRightOnce32 = ThreadedHandler {
    unsafe shiftByConstant(HotRotateRight.self, UInt32.self, $0, $1)
  }
  static let rotateRightOnce64 = ThreadedHandler {
    unsafe shiftByConstant(HotRotateRight.self, UInt64.self, $0, $1)
  }

  static let rotateRight = Family(
    constant32: ThreadedHandler { unsafe shiftByConstant(HotRotateRightFar.self, UInt32.self, $0, $1) },
    constant64: ThreadedHandler { unsafe shiftByConstant(HotRotateRightFar.self, UInt64.self, $0, $1) },
    count32: ThreadedHandler { unsafe shiftByCount(HotRotateRight.self, UInt32.self, $0, $1) },
    count64: ThreadedHandler { unsafe shiftByCount(HotRotateRight.self, UInt64.self, $0, $1) })
}
