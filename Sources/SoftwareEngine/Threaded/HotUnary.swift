// Instructions of one operand in the threaded tier: INC, DEC, NEG, NOT.

extension Core {
  /// The flags of an addition or subtraction that leaves CF, as INC and DEC do.
  @inline(__always)
  func setFlagsKeepingCarry<Word: HotWord>(result: Word, carries: UInt64) {
    let carry = carryFlag
    setFlags(result: UInt64(result), carries: carries, width: Word.byteCount)
    setCarryFlag(carry)
  }
}

/// What an instruction of one operand computes; it also leaves the flags.
protocol HotChange {
  static func apply<Word: HotWord>(_ core: Core, _ value: Word) -> Word
}

enum HotIncrement: HotChange {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word) -> Word {
    let result = value &+ 1
    core.setFlagsKeepingCarry(result: result, carries: UInt64(value & ~result))
    return result
  }
}

enum HotDecrement: HotChange {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word) -> Word {
    let result = value &- 1
    core.setFlagsKeepingCarry(result: result, carries: UInt64(~value & result) | UInt64(~value & 1))
    return result
  }
}

enum HotNegate: HotChange {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word) -> Word {
    HotSubtract.apply(core, 0, value)
  }
}

enum HotComplement: HotChange {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ value: Word) -> Word { ~value }
}

@inline(__always)
func changeRegister<Change: HotChange, Word: HotWord>(
  _: Change.Type, _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let value = core.load(Word.self, at: operation.destination)
  core.setRegister(Change.apply(core, value), at: operation.destination)
  return next(core, operation)
}

@inline(__always)
func changeMemory<Change: HotChange, Word: HotWord>(
  _: Change.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return modify(word, at: operation.address(core), core, operation) { Change.apply(core, $0) }
}

enum HotUnaryHandlers {
  static let increment8 = ThreadedHandler { unsafe changeRegister(HotIncrement.self, UInt8.self, $0, $1) }
  static let increment32 = ThreadedHandler { unsafe changeRegister(HotIncrement.self, UInt32.self, $0, $1) }
  static let increment64 = ThreadedHandler { unsafe changeRegister(HotIncrement.self, UInt64.self, $0, $1) }
  static let decrement8 = ThreadedHandler { unsafe changeRegister(HotDecrement.self, UInt8.self, $0, $1) }
  static let decrement32 = ThreadedHandler { unsafe changeRegister(HotDecrement.self, UInt32.self, $0, $1) }
  static let decrement64 = ThreadedHandler { unsafe changeRegister(HotDecrement.self, UInt64.self, $0, $1) }
  static let negate32 = ThreadedHandler { unsafe changeRegister(HotNegate.self, UInt32.self, $0, $1) }
  static let negate64 = ThreadedHandler { unsafe changeRegister(HotNegate.self, UInt64.self, $0, $1) }
  static let complement32 = ThreadedHandler { unsafe changeRegister(HotComplement.self, UInt32.self, $0, $1) }
  static let complement64 = ThreadedHandler { unsafe changeRegister(HotComplement.self, UInt64.self, $0, $1) }

  static let incrementMemory8 = ThreadedHandler { unsafe changeMemory(HotIncrement.self, UInt8.self, $0, $1) }
  static let incrementMemory32 = ThreadedHandler {
    unsafe changeMemory(HotIncrement.self, UInt32.self, $0, $1)
  }
  static let incrementMemory64 = ThreadedHandler {
    unsafe changeMemory(HotIncrement.self, UInt64.self, $0, $1)
  }
  static let decrementMemory8 = ThreadedHandler { unsafe changeMemory(HotDecrement.self, UInt8.self, $0, $1) }
  static let decrementMemory32 = ThreadedHandler {
    unsafe changeMemory(HotDecrement.self, UInt32.self, $0, $1)
  }
  static let decrementMemory64 = ThreadedHandler {
    unsafe changeMemory(HotDecrement.self, UInt64.self, $0, $1)
  }
}
