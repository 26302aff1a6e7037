internal import X86

// Near branches and what depends on a condition, in the threaded tier. 64-bit mode only.

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
  let target = core.load(UInt64.self, at: CoreLayout.codePage) &+ operation.displacement
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  core.budget = core.budget &+ (operation.remaining &- 1)
  return transfer(core, to: target)
}

/// JMP to another page.
let jumpHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let target = core.load(UInt64.self, at: CoreLayout.codePage) &+ operation.displacement
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  return transfer(core, to: target)
}

/// JMP to the address in a register.
let jumpRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let target = core.load(UInt64.self, at: operation.source)
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  return transfer(core, to: target)
}

/// Pushes the address after `operation`; nil where the stack has to be looked at.
@inline(__always)
func pushReturn(_ core: Core, _ operation: ThreadedOperation) -> Bool {
  let top = core.rsp &- 8
  guard let host = unsafe core.hostForWriting(top, width: 8) else { return false }
  // Sound: the translation cache vouches for the bytes.
  unsafe host.storeBytes(of: operation.nextRIP(core), as: UInt64.self)
  core.rsp = top
  return true
}

/// CALL in the page.
let callInPageHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  guard pushReturn(core, operation) else {
    return missed(core, operation, core.rsp &- 8, width: 8, isWrite: true)
  }
  return followLink(core, operation)
}

/// CALL to another page.
let callHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let target = core.load(UInt64.self, at: CoreLayout.codePage) &+ operation.displacement
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  guard pushReturn(core, operation) else {
    return missed(core, operation, core.rsp &- 8, width: 8, isWrite: true)
  }
  return transfer(core, to: target)
}

/// CALL to the address in a register.
let callRegisterHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let target = core.load(UInt64.self, at: operation.source)
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  guard pushReturn(core, operation) else {
    return missed(core, operation, core.rsp &- 8, width: 8, isWrite: true)
  }
  return transfer(core, to: target)
}

/// RET, and RET with a number of bytes to drop.
let returnHandler = ThreadedHandler {
  let (core, operation) = unsafe parts($0, $1)
  let top = core.rsp
  guard let host = unsafe core.hostForReading(top, width: 8) else {
    return missed(core, operation, top, width: 8, isWrite: false)
  }
  // Sound: the translation cache vouches for the bytes.
  let target = unsafe host.loadUnaligned(as: UInt64.self)
  guard isCanonical(target, bits: 48) else { return executePlainly(core, operation) }
  core.rsp = top &+ 8 &+ operation.immediate
  return transfer(core, to: target)
}

// MARK: Conditions without a branch

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
