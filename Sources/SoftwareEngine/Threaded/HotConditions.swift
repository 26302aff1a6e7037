internal import X86

// SETcc and CMOVcc in the threaded tier: conditions without a branch. 64-bit mode only.

/// SETcc of a byte register.
@inline(__always)
func setIf(
  _ condition: Condition, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  core.store(core.holds(condition) ? UInt8(1) : 0, at: operation.destination)
  return next(core, operation)
}

/// One of two numbers, chosen without a branch: programs use CMOVcc where a branch would be mispredicted, and so
/// would ours be.
@inline(__always)
func select<Word: HotWord>(_ condition: Bool, _ yes: Word, _ no: Word) -> Word {
  let mask = 0 &- Word(truncatingIfNeeded: condition ? 1 : 0)
  return no ^ ((no ^ yes) & mask)
}

/// CMOVcc between registers: a 4-byte destination loses its upper half either way.
@inline(__always)
func moveIf<Word: HotWord>(
  _ condition: Condition, _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let (old, new) = (
    core.load(Word.self, at: operation.destination), core.load(Word.self, at: operation.source)
  )
  core.setRegister(select(core.holds(condition), new, old), at: operation.destination)
  return next(core, operation)
}

/// SETcc of a byte in memory. The immediate is the condition.
let setMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let isTrue = core.holds(number: UInt8(truncatingIfNeeded: operation.immediate))
  return write(isTrue ? UInt8(1) : 0, at: operation.address(core), core, operation) { next(core, operation) }
}

/// CMOVcc from memory, which is read in any case. The immediate is the condition.
@inline(__always)
func moveMemoryIf<Word: HotWord>(
  _ word: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  return read(word, at: operation.address(core), core, operation) { found in
    let old = core.load(word, at: operation.destination)
    let isTrue = core.holds(number: UInt8(truncatingIfNeeded: operation.immediate))
    core.setRegister(select(isTrue, found, old), at: operation.destination)
    return next(core, operation)
  }
}

let moveMemoryIf32Handler = ThreadedHandler { unsafe moveMemoryIf(UInt32.self, $0, $1) }
let moveMemoryIf64Handler = ThreadedHandler { unsafe moveMemoryIf(UInt64.self, $0, $1) }
