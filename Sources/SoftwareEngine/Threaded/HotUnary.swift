// Instructions of one register in the threaded tier: INC, DEC, NEG, NOT, shifts, and IMUL.

extension Core {
  /// The flags of an addition or subtraction that leaves CF, as INC and DEC do.
  @inline(__always)
  func setFlagsKeepingCarry<Word: HotWord>(result: Word, carries: UInt64) {
    let carry = carryFlag
    setFlags(result: UInt64(result), carries: carries, width: Word.byteCount)
    setCarryFlag(carry)
  }
}

@inline(__always)
func increment<Word: HotWord>(_: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer)
  -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  let result = value &+ 1
  core.setFlagsKeepingCarry(result: result, carries: UInt64(value & ~result))
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

@inline(__always)
func decrement<Word: HotWord>(_: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer)
  -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  let result = value &- 1
  core.setFlagsKeepingCarry(result: result, carries: UInt64(~value & result) | UInt64(~value & 1))
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

@inline(__always)
func negate<Word: HotWord>(_: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer) -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  core.setRegister(HotSubtract.apply(core, 0, value), at: operation.destination)
  return next(core, operation)
}

@inline(__always)
func complement<Word: HotWord>(_: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer)
  -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  core.setRegister(~core.load(Word.self, at: operation.destination), at: operation.destination)
  return next(core, operation)
}

// MARK: Shifts by a constant other than zero
//
// The operation's immediate is the count, 1 … width − 1. CF is the last bit shifted out; OF is as for a
// count of one, which is what processors do for others too. AF is left clear.

@inline(__always)
func shiftLeft<Word: HotWord>(_: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer)
  -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  let count = Word(truncatingIfNeeded: operation.immediate)
  let result = value &<< count
  let carry = UInt64(value &>> (Word(Word.bitWidth) &- count)) & 1
  let sign = UInt64(result &>> Word(Word.bitWidth - 1))
  setShiftFlags(core, result, carry: carry, overflow: carry ^ sign)
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

@inline(__always)
func shiftRight<Word: HotWord>(_: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer)
  -> UInt
{
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  let count = Word(truncatingIfNeeded: operation.immediate)
  let result = value &>> count
  let carry = UInt64(value &>> (count &- 1)) & 1
  // OF is the exclusive or of the result's two highest bits: for a count of one the operand's sign.
  let overflow = UInt64((result ^ (result &<< 1)) &>> Word(Word.bitWidth - 1))
  setShiftFlags(core, result, carry: carry, overflow: overflow)
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

@inline(__always)
func shiftArithmeticRight<Word: HotWord, Signed: FixedWidthInteger & SignedInteger>(
  _: Word.Type, _: Signed.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let value = Signed(truncatingIfNeeded: core.load(Word.self, at: operation.destination))
  let count = Signed(truncatingIfNeeded: operation.immediate)
  let result = Word(truncatingIfNeeded: value &>> count)
  let carry = UInt64(truncatingIfNeeded: value &>> (count &- 1)) & 1
  setShiftFlags(core, result, carry: carry, overflow: 0)
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

@inline(__always)
private func setShiftFlags<Word: HotWord>(_ core: Core, _ result: Word, carry: UInt64, overflow: UInt64) {
  core.flagResult = signExtend(UInt64(result), Word.byteCount)
  core.flagCarries = carry << 63 | (carry ^ overflow) << 62
}

enum HotUnaryHandlers {
  static let increment32 = ThreadedHandler { unsafe increment(UInt32.self, $0, $1) }
  static let increment64 = ThreadedHandler { unsafe increment(UInt64.self, $0, $1) }
  static let decrement32 = ThreadedHandler { unsafe decrement(UInt32.self, $0, $1) }
  static let decrement64 = ThreadedHandler { unsafe decrement(UInt64.self, $0, $1) }
  static let negate32 = ThreadedHandler { unsafe negate(UInt32.self, $0, $1) }
  static let negate64 = ThreadedHandler { unsafe negate(UInt64.self, $0, $1) }
  static let complement32 = ThreadedHandler { unsafe complement(UInt32.self, $0, $1) }
  static let complement64 = ThreadedHandler { unsafe complement(UInt64.self, $0, $1) }
  static let shiftLeft32 = ThreadedHandler { unsafe shiftLeft(UInt32.self, $0, $1) }
  static let shiftLeft64 = ThreadedHandler { unsafe shiftLeft(UInt64.self, $0, $1) }
  static let shiftRight32 = ThreadedHandler { unsafe shiftRight(UInt32.self, $0, $1) }
  static let shiftRight64 = ThreadedHandler { unsafe shiftRight(UInt64.self, $0, $1) }
  static let arithmeticRight32 = ThreadedHandler {
    unsafe shiftArithmeticRight(UInt32.self, Int32.self, $0, $1)
  }
  static let arithmeticRight64 = ThreadedHandler {
    unsafe shiftArithmeticRight(UInt64.self, Int64.self, $0, $1)
  }
}
