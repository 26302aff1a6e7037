// BT, BTS, BTR and BTC of registers in the threaded tier. Only CF changes.

/// What becomes of the bit.
protocol HotBitChange {
  static func apply<Word: HotWord>(_ value: Word, _ bit: Word) -> Word
}

enum HotBitTest: HotBitChange {
  @inline(__always) static func apply<Word: HotWord>(_ value: Word, _ bit: Word) -> Word { value }
}
enum HotBitSet: HotBitChange {
  @inline(__always) static func apply<Word: HotWord>(_ value: Word, _ bit: Word) -> Word { value | bit }
}
enum HotBitReset: HotBitChange {
  @inline(__always) static func apply<Word: HotWord>(_ value: Word, _ bit: Word) -> Word { value & ~bit }
}
enum HotBitComplement: HotBitChange {
  @inline(__always) static func apply<Word: HotWord>(_ value: Word, _ bit: Word) -> Word { value ^ bit }
}

@inline(__always)
private func testBit<Change: HotBitChange, Word: HotWord>(
  _: Change.Type, _: Word.Type, _ core: Core, _ operation: ThreadedOperation, _ number: Word
) -> UInt {
  let value = core.load(Word.self, at: operation.destination)
  let bit: Word = 1 &<< number
  core.setCarryFlag(value & bit != 0)
  if Change.self != HotBitTest.self { core.setRegister(Change.apply(value, bit), at: operation.destination) }
  return next(core, operation)
}

/// The number of the bit is an immediate.
@inline(__always)
func testBitByImmediate<Change: HotBitChange, Word: HotWord>(
  _ change: Change.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return testBit(change, word, core, operation, Word(truncatingIfNeeded: operation.immediate))
}

/// The number of the bit is in a register.
@inline(__always)
func testBitByRegister<Change: HotBitChange, Word: HotWord>(
  _ change: Change.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return testBit(change, word, core, operation, core.load(Word.self, at: operation.source))
}

enum HotBitHandlers {
  /// The handlers of one instruction.
  struct Family {
    var immediate32: ThreadedHandler
    var immediate64: ThreadedHandler
    var register32: ThreadedHandler
    var register64: ThreadedHandler
  }

  static let test = Family(
    immediate32: ThreadedHandler { unsafe testBitByImmediate(HotBitTest.self, UInt32.self, $0, $1) },
    immediate64: ThreadedHandler { unsafe testBitByImmediate(HotBitTest.self, UInt64.self, $0, $1) },
    register32: ThreadedHandler { unsafe testBitByRegister(HotBitTest.self, UInt32.self, $0, $1) },
    register64: ThreadedHandler { unsafe testBitByRegister(HotBitTest.self, UInt64.self, $0, $1) })

  static let set = Family(
    immediate32: ThreadedHandler { unsafe testBitByImmediate(HotBitSet.self, UInt32.self, $0, $1) },
    immediate64: ThreadedHandler { unsafe testBitByImmediate(HotBitSet.self, UInt64.self, $0, $1) },
    register32: ThreadedHandler { unsafe testBitByRegister(HotBitSet.self, UInt32.self, $0, $1) },
    register64: ThreadedHandler { unsafe testBitByRegister(HotBitSet.self, UInt64.self, $0, $1) })

  static let reset = Family(
    immediate32: ThreadedHandler { unsafe testBitByImmediate(HotBitReset.self, UInt32.self, $0, $1) },
    immediate64: ThreadedHandler { unsafe testBitByImmediate(HotBitReset.self, UInt64.self, $0, $1) },
    register32: ThreadedHandler { unsafe testBitByRegister(HotBitReset.self, UInt32.self, $0, $1) },
    register64: ThreadedHandler { unsafe testBitByRegister(HotBitReset.self, UInt64.self, $0, $1) })

  static let complement = Family(
    immediate32: ThreadedHandler { unsafe testBitByImmediate(HotBitComplement.self, UInt32.self, $0, $1) },
    immediate64: ThreadedHandler { unsafe testBitByImmediate(HotBitComplement.self, UInt64.self, $0, $1) },
    register32: ThreadedHandler { unsafe testBitByRegister(HotBitComplement.self, UInt32.self, $0, $1) },
    register64: ThreadedHandler { unsafe testBitByRegister(HotBitComplement.self, UInt64.self, $0, $1) })
}
