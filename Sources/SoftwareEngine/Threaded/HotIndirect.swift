internal import X86

// CALL, JMP and PUSH through memory in the threaded tier, and what depends on a condition with an operand in
// memory. 64-bit mode only.

/// JMP to the address in memory.
let jumpMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let linear = operation.address(core)
  guard let host = unsafe core.hostForReading(linear, width: 8) else {
    return missed(core, operation, linear, width: 8, isWrite: false)
  }
  // Sound: the translation cache vouches for the bytes.
  let target = unsafe host.loadUnaligned(as: UInt64.self)
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  return transfer(core, to: target)
}

/// CALL to the address in memory.
let callMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let linear = operation.address(core)
  guard let host = unsafe core.hostForReading(linear, width: 8) else {
    return missed(core, operation, linear, width: 8, isWrite: false)
  }
  // Sound: the translation cache vouches for the bytes.
  let target = unsafe host.loadUnaligned(as: UInt64.self)
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  guard pushReturn(core, operation) else {
    return missed(core, operation, core.rsp &- 8, width: 8, isWrite: true)
  }
  return transfer(core, to: target)
}

/// PUSH of 8 bytes in memory.
let pushMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let linear = operation.address(core)
  guard let source = unsafe core.hostForReading(linear, width: 8) else {
    return missed(core, operation, linear, width: 8, isWrite: false)
  }
  let top = core.rsp &- 8
  guard let target = unsafe core.hostForWriting(top, width: 8) else {
    return missed(core, operation, top, width: 8, isWrite: true)
  }
  // Sound: the translation cache vouches for the bytes of both.
  unsafe target.storeBytes(of: source.loadUnaligned(as: UInt64.self), as: UInt64.self)
  core.rsp = top
  return next(core, operation)
}

/// SETcc of a byte in memory. The immediate is the condition.
let setMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let linear = operation.address(core)
  guard let host = unsafe core.hostForWriting(linear, width: 1) else {
    return missed(core, operation, linear, width: 1, isWrite: true)
  }
  // Sound: the translation cache vouches for the byte.
  unsafe host.storeBytes(
    of: core.holds(number: UInt8(truncatingIfNeeded: operation.immediate)) ? UInt8(1) : 0, as: UInt8.self)
  return next(core, operation)
}

/// CMOVcc from memory, which is read in any case. The immediate is the condition.
@inline(__always)
func moveMemoryIf<Word: HotWord>(
  _: Word.Type, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  let linear = operation.address(core)
  guard let host = unsafe core.hostForReading(linear, width: UInt64(Word.byteCount)) else {
    return missed(core, operation, linear, width: UInt64(Word.byteCount), isWrite: false)
  }
  // Sound: the translation cache vouches for the bytes.
  let found = unsafe host.loadUnaligned(as: Word.self)
  let old = core.load(Word.self, at: operation.destination)
  let isTrue = core.holds(number: UInt8(truncatingIfNeeded: operation.immediate))
  core.setRegister(select(isTrue, found, old), at: operation.destination)
  return next(core, operation)
}

let moveMemoryIf32Handler = ThreadedHandler { unsafe moveMemoryIf(UInt32.self, $0, $1) }
let moveMemoryIf64Handler = ThreadedHandler { unsafe moveMemoryIf(UInt64.self, $0, $1) }
