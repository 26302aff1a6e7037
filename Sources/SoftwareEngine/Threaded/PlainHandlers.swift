internal import X86

// How the threaded tier hands an instruction to the plain one.

extension Core {
  /// The interpreter that owns the block.
  @inline(__always)
  func withInterpreter<Result>(_ body: (Interpreter) -> Result) -> Result {
    // Sound: the interpreter owns the block, so it outlives whatever runs on it.
    let address = load(UInt.self, at: CoreLayout.interpreter)
    let owner = unsafe Unmanaged<Interpreter>.fromOpaque(
      UnsafeRawPointer(bitPattern: address).unsafelyUnwrapped)
    return unsafe owner._withUnsafeGuaranteedRef { body($0) }
  }
}

/// Executes a decoded instruction, kept by its page, and goes on after it.
let plainHandler = ThreadedHandler { core, operation in
  let (core, operation) = unsafe (Core(base: core), ThreadedOperation(operation))
  return executeKept(core, operation, endsBlock: false)
}

/// The same for an instruction after which the mode may be another one, or interrupts are due.
let plainEndingHandler = ThreadedHandler { core, operation in
  let (core, operation) = unsafe (Core(base: core), ThreadedOperation(operation))
  return executeKept(core, operation, endsBlock: true)
}

@inline(__always)
private func executeKept(_ core: Core, _ operation: ThreadedOperation, endsBlock: Bool) -> UInt {
  let rip = operation.rip(core)
  core.rip = rip
  let isDone = core.withInterpreter { interpreter in
    // Sound: the page keeps the instruction for as long as the operation.
    let kept = unsafe UnsafePointer<Instruction>(
      bitPattern: UInt(truncatingIfNeeded: operation.immediate)
    ).unsafelyUnwrapped
    return interpreter.tryToExecute(unsafe kept.pointee)
  }
  if !isDone { return leaveInterrupted(core, operation) }
  if endsBlock { return goOnElsewhere(core, operation) }
  return goOn(core, operation, from: rip)
}

/// Executes the instruction of an operation that has a handler of its own but met something that the
/// handler does not do: it is decoded again.
@inline(never)
func executePlainly(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  let rip = operation.rip(core)
  core.rip = rip
  let isDone = core.withInterpreter { $0.tryToExecuteAtRIP() }
  return isDone ? goOn(core, operation, from: rip) : leaveInterrupted(core, operation)
}

/// Answers a miss in the translation cache: looks the page up, and has the operation run again if
/// that was all; otherwise the plain tier executes it.
@inline(never)
func missed(
  _ core: Core, _ operation: ThreadedOperation, _ linear: UInt64, width: UInt64, isWrite: Bool
) -> UInt {
  let isKnown = core.withInterpreter { interpreter in
    guard isCanonical(linear, bits: 48) else { return false }
    let access = MemoryAccess(isWrite ? .write : .read, interpreter.instructionPrivilege)
    guard (try? interpreter.translate(linear, for: access)) != nil else { return false }
    let host =
      unsafe isWrite ? core.hostForWriting(linear, width: width) : core.hostForReading(linear, width: width)
    return unsafe host != nil
  }
  return isKnown ? resume(operation) : executePlainly(core, operation)
}

/// After an instruction that is done: on in the block, or wherever it went.
@inline(__always)
private func goOn(_ core: Core, _ operation: ThreadedOperation, from rip: UInt64) -> UInt {
  if core.rip == rip &+ operation.length, operation.remaining > 1 { return resumeAfter(operation) }
  return goOnElsewhere(core, operation)
}

/// After an instruction that led elsewhere or may have changed the mode: on where it went, unless something
/// comes first.
@inline(__always)
private func goOnElsewhere(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  let target = core.rip
  let isAtOnce = core.isLong && isCanonical(target, bits: 48) && core.withInterpreter { $0.mayGoOn }
  if !isAtOnce { return leaveBehind(core, operation) }
  core.budget = core.budget &+ (operation.remaining &- 1)
  return resumeTransfer(core, to: target)
}

/// Leaves after `operation`, with RIP where it went.
@inline(__always)
func leaveBehind(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  core.budget = core.budget &+ (operation.remaining &- 1)
  return leave(core, .lookUp, rip: core.rip)
}

/// Leaves at `operation`, which did not complete.
@inline(__always)
private func leaveInterrupted(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  core.budget = core.budget &+ operation.remaining
  return leave(core, .interruption, rip: core.rip)
}

extension Interpreter {
  /// Executes; false where `interruption` says why it did not complete.
  @inline(__always)
  func tryToExecute(_ instruction: borrowing Instruction) -> Bool {
    do throws(Interruption) {
      try execute(instruction)
      return true
    } catch {
      interruption = error
      return false
    }
  }

  /// Fetches, decodes and executes the instruction at RIP.
  func tryToExecuteAtRIP() -> Bool {
    do throws(Interruption) {
      try execute(try fetchInstruction())
      return true
    } catch {
      interruption = error
      return false
    }
  }
}
