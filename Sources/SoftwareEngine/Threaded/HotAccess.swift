// How handlers of the threaded tier reach memory: by the translation cache or not at all. Where it does not
// know the place, nothing was done, and `missed` sees to it. Everything here is inlined, so that what a body
// ends with stays a jump.

@inline(__always)
func parts(_ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer) -> (Core, ThreadedOperation) {
  // Sound: handlers are only called with a block and an operation.
  unsafe (Core(base: block), ThreadedOperation(place))
}

/// Goes on with what is read at `linear`.
@inline(__always)
func read<Word: FixedWidthInteger & BitwiseCopyable>(
  _: Word.Type, at linear: UInt64, _ core: Core, _ operation: ThreadedOperation, _ body: (Word) -> UInt
) -> UInt {
  let width = UInt64(MemoryLayout<Word>.size)
  guard let host = unsafe core.hostForReading(linear, width: width) else {
    return missed(core, operation, linear, width: width, isWrite: false)
  }
  // Sound: the translation cache vouches for the bytes.
  return body(unsafe host.loadUnaligned(as: Word.self))
}

/// Writes `value` to `linear` and goes on with `body`.
@inline(__always)
func write<Word: FixedWidthInteger & BitwiseCopyable>(
  _ value: @autoclosure () -> Word, at linear: UInt64, _ core: Core, _ operation: ThreadedOperation,
  _ body: () -> UInt
) -> UInt {
  let width = UInt64(MemoryLayout<Word>.size)
  guard let host = unsafe core.hostForWriting(linear, width: width) else {
    return missed(core, operation, linear, width: width, isWrite: true)
  }
  // Sound: the translation cache vouches for the bytes.
  unsafe host.storeBytes(of: value(), as: Word.self)
  return body()
}

/// Replaces what is at `linear` by what `change` makes of it, and goes on with the next operation.
@inline(__always)
func modify<Word: FixedWidthInteger & BitwiseCopyable>(
  _: Word.Type, at linear: UInt64, _ core: Core, _ operation: ThreadedOperation, _ change: (Word) -> Word
) -> UInt {
  let width = UInt64(MemoryLayout<Word>.size)
  guard let host = unsafe core.hostForWriting(linear, width: width) else {
    return missed(core, operation, linear, width: width, isWrite: true)
  }
  // Sound: the translation cache vouches for the bytes.
  unsafe host.storeBytes(of: change(host.loadUnaligned(as: Word.self)), as: Word.self)
  return next(core, operation)
}

/// Pushes 8 bytes that came from memory and goes on with `body`.
///
/// A miss is not for `missed`: it would enter the stack's page, where that is in the place of the one that
/// the bytes came from, and the next try would miss that one, and so on for ever.
@inline(__always)
func pushLoaded(_ value: UInt64, _ core: Core, _ operation: ThreadedOperation, _ body: () -> UInt) -> UInt {
  let top = core.rsp &- 8
  guard let host = unsafe core.hostForWriting(top, width: 8) else { return executePlainly(core, operation) }
  // Sound: the translation cache vouches for the bytes.
  unsafe host.storeBytes(of: value, as: UInt64.self)
  core.rsp = top
  return body()
}

/// Pushes 8 bytes and goes on with `body`.
@inline(__always)
func push(_ value: UInt64, _ core: Core, _ operation: ThreadedOperation, _ body: () -> UInt) -> UInt {
  let top = core.rsp &- 8
  return write(value, at: top, core, operation) {
    core.rsp = top
    return body()
  }
}
