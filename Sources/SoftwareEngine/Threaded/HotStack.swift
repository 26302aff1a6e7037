// PUSH and POP in the threaded tier, 64-bit mode, 8 bytes.

/// Pushes `value`; `operation` runs again where the stack has to be looked at.
@inline(__always)
private func push(_ value: UInt64, _ core: Core, _ operation: ThreadedOperation) -> UInt {
  let top = core.rsp &- 8
  guard let host = unsafe core.hostForWriting(top, width: 8) else {
    return missed(core, operation, top, width: 8, isWrite: true)
  }
  // Sound: the translation cache vouches for the bytes.
  unsafe host.storeBytes(of: value, as: UInt64.self)
  core.rsp = top
  return next(core, operation)
}

let pushRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return push(core.load(at: operation.source), core, operation)
}

let pushImmediateHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return push(operation.immediate, core, operation)
}

let popRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let top = core.rsp
  guard let host = unsafe core.hostForReading(top, width: 8) else {
    return missed(core, operation, top, width: 8, isWrite: false)
  }
  core.rsp = top &+ 8
  // After RSP: POP RSP keeps what it loaded. Sound: the translation cache vouches for the bytes.
  core.store(unsafe host.loadUnaligned(as: UInt64.self), at: operation.destination)
  return next(core, operation)
}

/// LEAVE.
let leaveFrameHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let frame = core.rbp
  guard let host = unsafe core.hostForReading(frame, width: 8) else {
    return missed(core, operation, frame, width: 8, isWrite: false)
  }
  core.rsp = frame &+ 8
  core.rbp = unsafe host.loadUnaligned(as: UInt64.self)
  return next(core, operation)
}
