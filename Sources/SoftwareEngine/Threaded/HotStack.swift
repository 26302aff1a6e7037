// PUSH and POP in the threaded tier, 64-bit mode, 8 bytes.

let pushRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return push(core.load(at: operation.source), core, operation) { next(core, operation) }
}

let pushImmediateHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return push(operation.immediate, core, operation) { next(core, operation) }
}

/// PUSH of 8 bytes in memory.
let pushMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return read(UInt64.self, at: operation.address(core), core, operation) { value in
    pushLoaded(value, core, operation) { next(core, operation) }
  }
}

let popRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let top = core.rsp
  return read(UInt64.self, at: top, core, operation) { value in
    core.rsp = top &+ 8
    // After RSP: POP RSP keeps what it loaded.
    core.store(value, at: operation.destination)
    return next(core, operation)
  }
}

/// LEAVE.
let leaveFrameHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let frame = core.rbp
  return read(UInt64.self, at: frame, core, operation) { value in
    core.rsp = frame &+ 8
    core.rbp = value
    return next(core, operation)
  }
}
