// Products in the threaded tier: IMUL of two or three operands, and MUL of a register.

enum HotMultiply: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let product = Int64(bitPattern: signExtend(UInt64(left), Word.byteCount))
      .multipliedFullWidth(by: Int64(bitPattern: signExtend(UInt64(right), Word.byteCount)))
    let result = Word(truncatingIfNeeded: product.low)
    let whole = Int64(bitPattern: signExtend(UInt64(result), Word.byteCount))
    core.setFlags(
      lowProduct: UInt64(result), width: Word.byteCount,
      isWhole: UInt64(bitPattern: whole) == product.low && product.high == whole >> 63)
    return result
  }
}

/// The destination is a register, the sources another one and an immediate.
@inline(__always)
func registerTimesImmediate<Word: HotWord>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let left = core.load(Word.self, at: operation.source)
  let result = HotMultiply.apply(core, left, Word(truncatingIfNeeded: operation.immediate))
  core.setRegister(result, at: operation.destination)
  return next(core, operation)
}

/// The destination is a register, the sources are in memory and an immediate.
@inline(__always)
func memoryTimesImmediate<Word: HotWord>(
  _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return read(word, at: operation.address(core), core, operation) { left in
    let result = HotMultiply.apply(core, left, Word(truncatingIfNeeded: operation.immediate))
    core.setRegister(result, at: operation.destination)
    return next(core, operation)
  }
}

/// MUL: rDX and rAX become rAX times a register.
@inline(__always)
func multiplyWide<Word: HotWord>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let product = core.load(Word.self, at: 0).multipliedFullWidth(
    by: core.load(Word.self, at: operation.source))
  let low = Word(truncatingIfNeeded: product.low)
  core.setRegister(low, at: 0)
  core.setRegister(product.high, at: 16)
  core.setFlags(lowProduct: UInt64(low), width: Word.byteCount, isWhole: product.high == 0)
  return next(core, operation)
}

enum HotProductHandlers {
  static let registers32 = ThreadedHandler { unsafe registerRegister(HotMultiply.self, UInt32.self, $0, $1) }
  static let registers64 = ThreadedHandler { unsafe registerRegister(HotMultiply.self, UInt64.self, $0, $1) }
  static let memory32 = ThreadedHandler { unsafe registerMemory(HotMultiply.self, UInt32.self, $0, $1) }
  static let memory64 = ThreadedHandler { unsafe registerMemory(HotMultiply.self, UInt64.self, $0, $1) }
  static let immediate32 = ThreadedHandler { unsafe registerTimesImmediate(UInt32.self, $0, $1) }
  static let immediate64 = ThreadedHandler { unsafe registerTimesImmediate(UInt64.self, $0, $1) }
  static let memoryImmediate32 = ThreadedHandler { unsafe memoryTimesImmediate(UInt32.self, $0, $1) }
  static let memoryImmediate64 = ThreadedHandler { unsafe memoryTimesImmediate(UInt64.self, $0, $1) }
  static let wide32 = ThreadedHandler { unsafe multiplyWide(UInt32.self, $0, $1) }
  static let wide64 = ThreadedHandler { unsafe multiplyWide(UInt64.self, $0, $1) }
}
