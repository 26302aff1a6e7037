// Two-operand arithmetic in the threaded tier: what an operation computes, and the shapes of its
// operands. `HotArithmeticHandlers` has a handler for each combination.

/// The widths that have handlers of their own.
protocol HotWord: FixedWidthInteger & UnsignedInteger & BitwiseCopyable {
  static var byteCount: UInt8 { get }
}
extension UInt8: HotWord { static var byteCount: UInt8 { 1 } }
extension UInt32: HotWord { static var byteCount: UInt8 { 4 } }
extension UInt64: HotWord { static var byteCount: UInt8 { 8 } }

extension Core {
  /// Writes a register by its offset: 4 bytes clear the upper half, 1 byte leaves the rest.
  @inline(__always)
  func setRegister<Word: HotWord>(_ value: Word, at offset: Int) {
    if Word.byteCount == 4 {
      store(UInt64(truncatingIfNeeded: value), at: offset)
    } else {
      store(value, at: offset)
    }
  }
}

/// What a two-operand instruction computes; it also leaves the flags.
protocol HotOperation {
  /// Whether the result is written: not for CMP and TEST.
  static var writes: Bool { get }
  static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word
}

extension HotOperation { static var writes: Bool { true } }

enum HotAdd: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left &+ right
    core.setFlags(adding: UInt64(left), UInt64(right), result: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotAddWithCarry: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left &+ right &+ (core.carryFlag ? 1 : 0)
    core.setFlags(adding: UInt64(left), UInt64(right), result: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotSubtract: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left &- right
    core.setFlags(
      subtracting: UInt64(right), from: UInt64(left), result: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotSubtractWithBorrow: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left &- right &- (core.carryFlag ? 1 : 0)
    core.setFlags(
      subtracting: UInt64(right), from: UInt64(left), result: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotCompare: HotOperation {
  static var writes: Bool { false }
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    HotSubtract.apply(core, left, right)
  }
}

enum HotAnd: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left & right
    core.setFlags(logical: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotOr: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left | right
    core.setFlags(logical: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotExclusiveOr: HotOperation {
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    let result = left ^ right
    core.setFlags(logical: UInt64(result), width: Word.byteCount)
    return result
  }
}

enum HotTest: HotOperation {
  static var writes: Bool { false }
  @inline(__always) static func apply<Word: HotWord>(_ core: Core, _ left: Word, _ right: Word) -> Word {
    HotAnd.apply(core, left, right)
  }
}

// MARK: The shapes of operands

/// Destination and source are registers.
@inline(__always)
func registerRegister<Operation: HotOperation, Word: HotWord>(
  _: Operation.Type, _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let left = core.load(Word.self, at: operation.destination)
  let right = core.load(Word.self, at: operation.source)
  let result = Operation.apply(core, left, right)
  if Operation.writes { core.setRegister(result, at: operation.destination) }
  return next(core, operation)
}

/// The destination is a register, the source an immediate.
@inline(__always)
func registerImmediate<Operation: HotOperation, Word: HotWord>(
  _: Operation.Type, _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let left = core.load(Word.self, at: operation.destination)
  let result = Operation.apply(core, left, Word(truncatingIfNeeded: operation.immediate))
  if Operation.writes { core.setRegister(result, at: operation.destination) }
  return next(core, operation)
}

/// The destination is a register, the source in memory.
@inline(__always)
func registerMemory<Operation: HotOperation, Word: HotWord>(
  _: Operation.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return read(word, at: operation.address(core), core, operation) { right in
    let result = Operation.apply(core, core.load(word, at: operation.destination), right)
    if Operation.writes { core.setRegister(result, at: operation.destination) }
    return next(core, operation)
  }
}

/// The destination is in memory, the source what `source` says.
@inline(__always)
private func memory<Operation: HotOperation, Word: HotWord>(
  _: Operation.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer,
  source: (Core, ThreadedOperation) -> Word
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let linear = operation.address(core)
  if Operation.writes {
    return modify(word, at: linear, core, operation) { Operation.apply(core, $0, source(core, operation)) }
  }
  return read(word, at: linear, core, operation) { left in
    _ = Operation.apply(core, left, source(core, operation))
    return next(core, operation)
  }
}

/// The destination is in memory, the source a register.
@inline(__always)
func memoryRegister<Operation: HotOperation, Word: HotWord>(
  _ what: Operation.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  unsafe memory(what, word, block, place) { $0.load(Word.self, at: $1.source) }
}

/// The destination is in memory, the source an immediate.
@inline(__always)
func memoryImmediate<Operation: HotOperation, Word: HotWord>(
  _ what: Operation.Type, _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  unsafe memory(what, word, block, place) { Word(truncatingIfNeeded: $1.immediate) }
}
