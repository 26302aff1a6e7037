internal import X86

// Near branches in the threaded tier. 64-bit mode only.

/// Jcc to an instruction in the same page: linked to its operation once that is known.
@inline(__always)
func jumpIfInPage(
  _ condition: Condition, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  guard core.holds(condition) else { return next(core, operation) }
  core.budget = core.budget &+ (operation.remaining &- 1)
  return followLink(core, operation)
}

/// JMP in the page.
let jumpInPageHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return followLink(core, operation)
}

/// On to the operation whose address the immediate holds, or to the offset in the page that the
/// displacement holds while there is no link.
@inline(__always)
private func followLink(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  if let target = unsafe UnsafeRawPointer(bitPattern: UInt(truncatingIfNeeded: operation.immediate)) {
    // Sound: a link leads into the same page, whose operations die together.
    return enter(core, unsafe ThreadedOperation(target))
  }
  core.store(UInt(bitPattern: unsafe operation.base), at: CoreLayout.leftAt)
  let page = core.load(UInt64.self, at: CoreLayout.codePage)
  return leave(core, .lookUp, rip: page &+ operation.displacement)
}

/// Jcc to another page.
@inline(__always)
func jumpIf(
  _ condition: Condition, _ block: UnsafeMutableRawPointer, _ place: UnsafeRawPointer
) -> UInt {
  let (core, operation) = unsafe parts(block, place)
  guard core.holds(condition) else { return next(core, operation) }
  let target = operation.target(core)
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  core.budget = core.budget &+ (operation.remaining &- 1)
  return transfer(core, to: target)
}

/// Goes on at `target`, wherever that is.
@inline(__always)
func jump(_ core: Core, _ operation: ThreadedOperation, to target: UInt64) -> UInt {
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  return transfer(core, to: target)
}

/// The same, with the address after `operation` on the stack.
@inline(__always)
func call(_ core: Core, _ operation: ThreadedOperation, to target: UInt64) -> UInt {
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  return push(operation.nextRIP(core), core, operation) { transfer(core, to: target) }
}

extension ThreadedOperation {
  /// Where a branch to another page leads.
  @inline(__always)
  fileprivate func target(_ core: Core) -> UInt64 {
    core.load(UInt64.self, at: CoreLayout.codePage) &+ displacement
  }
}

/// JMP to another page.
let jumpHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return jump(core, operation, to: operation.target(core))
}

/// JMP to the address in a register.
let jumpRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return jump(core, operation, to: core.load(at: operation.source))
}

/// JMP to the address in memory.
let jumpMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return read(UInt64.self, at: operation.address(core), core, operation) { jump(core, operation, to: $0) }
}

/// CALL in the page.
let callInPageHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return push(operation.nextRIP(core), core, operation) { followLink(core, operation) }
}

/// CALL to another page.
let callHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return call(core, operation, to: operation.target(core))
}

/// CALL to the address in a register.
let callRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return call(core, operation, to: core.load(at: operation.source))
}

/// CALL to the address in memory.
let callMemoryHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  return read(UInt64.self, at: operation.address(core), core, operation) { target in
    guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
    return pushLoaded(operation.nextRIP(core), core, operation) { transfer(core, to: target) }
  }
}

/// RET, and RET with a number of bytes to drop.
let returnHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let top = core.rsp
  return read(UInt64.self, at: top, core, operation) { target in
    guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
    core.rsp = top &+ 8 &+ operation.immediate
    return transfer(core, to: target)
  }
}
