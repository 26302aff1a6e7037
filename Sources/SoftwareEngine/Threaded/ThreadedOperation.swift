/// What executes a threaded operation: a C function, because those are plain addresses.
///
/// A small one ends with a call of the next operation's handler, which the optimizer makes a jump: so
/// the operations of a block run one after the other without coming back. One that has more to do
/// (a frame on the stack, which that call would keep) returns the address of the operation to go on
/// with instead. Zero leaves the threaded tier; `CoreLayout.leave` says why, and RIP is right then.
typealias HandlerFunction =
  @convention(c) (
    _ core: UnsafeMutableRawPointer, _ operation: UnsafeRawPointer
  ) -> UInt

/// A handler as a value. Naming one is safe; only the threaded tier calls it.
@safe
struct ThreadedHandler {
  typealias Body = (_ core: UnsafeMutableRawPointer, _ operation: UnsafeRawPointer) -> UInt

  /// The function; it must be called with a state block and an operation that was made for it.
  @unsafe let function: HandlerFunction

  /// The handler that `body`, a function without captures, is.
  ///
  /// Converting it to a C function would put one more function in front of it, which does nothing but jump
  /// to it, and every instruction would pass by there. With pointers and a number Swift's calling convention
  /// is C's, so its own entry point does as well.
  @safe
  init(_ body: @escaping Body) {
    // Sound: a function value is the address of its code and a context, which is null without captures; and
    // see above.
    let (code, context) = unsafe unsafeBitCast(Value(body: body), to: (UInt, UInt).self)
    precondition(context == 0, "A handler must not capture anything.")
    unsafe function = unsafeBitCast(code, to: HandlerFunction.self)
  }

  /// A function in the form in which it is stored.
  @unsafe
  private struct Value { var body: Body }
}

/// Why the threaded tier came back.
enum ThreadedLeave: UInt8 {
  /// To go on at RIP, which leads somewhere that is not linked yet.
  case lookUp
  /// The budget is used up, or too small for the block at RIP.
  case budget
  /// `Interpreter.interruption` says why the instruction at RIP did not complete.
  case interruption
}

/// One operation: an instruction prepared for its handler, 32 bytes.
///
/// Registers are named by their offset in the state block. An address is base + index × 2^scale +
/// displacement, where an absent register is the block's constant zero, the base of a RIP-relative
/// one is the page that is executed, and the base of FS and GS takes the place of the index.
@safe
struct ThreadedOperation {
  /// The operation's first byte.
  @unsafe let base: UnsafeRawPointer

  @unsafe @inline(__always)
  init(_ base: UnsafeRawPointer) { unsafe self.base = base }

  static let byteCount = 32
  static let handlerOffset = 0
  static let destinationOffset = 8
  static let sourceOffset = 9
  static let baseOffset = 10
  static let indexOffset = 11
  static let scaleOffset = 12
  static let lengthOffset = 13
  static let remainingOffset = 14
  static let displacementOffset = 16
  static let pageOffsetOffset = 20
  static let immediateOffset = 24

  @inline(__always)
  private func load<Value: BitwiseCopyable>(_ offset: Int) -> Value {
    // Sound: an operation is 32 bytes, and lives until no handler can be running in it.
    unsafe base.load(fromByteOffset: offset, as: Value.self)
  }

  /// Offset of the destination register in the state block.
  @inline(__always) var destination: Int { Int(load(Self.destinationOffset) as UInt8) }
  /// Offset of the source register.
  @inline(__always) var source: Int { Int(load(Self.sourceOffset) as UInt8) }
  @inline(__always) var addressBase: Int { Int(load(Self.baseOffset) as UInt8) }
  @inline(__always) var addressIndex: Int { Int(load(Self.indexOffset) as UInt8) }
  @inline(__always) var scale: UInt64 { UInt64(load(Self.scaleOffset) as UInt8) }
  /// Bytes of the instruction.
  @inline(__always) var length: UInt64 { UInt64(load(Self.lengthOffset) as UInt8) }
  /// Instructions from this one to the end of its block, itself included.
  @inline(__always) var remaining: Int64 { Int64(load(Self.remainingOffset) as UInt8) }
  @inline(__always) var displacement: UInt64 {
    UInt64(bitPattern: Int64(load(Self.displacementOffset) as Int32))
  }
  /// Offset of the instruction in its page.
  @inline(__always) var pageOffset: UInt64 { UInt64(load(Self.pageOffsetOffset) as UInt16) }
  /// The immediate; for a branch inside the page the operation it leads to, 0 while that is unknown.
  @inline(__always) var immediate: UInt64 { load(Self.immediateOffset) }

  /// The linear address of the memory operand in 64-bit mode.
  @inline(__always)
  func address(_ core: Core) -> UInt64 {
    core.load(UInt64.self, at: addressBase)
      &+ (core.load(UInt64.self, at: addressIndex) &<< scale) &+ displacement
  }

  /// RIP of this instruction.
  @inline(__always)
  func rip(_ core: Core) -> UInt64 { core.load(UInt64.self, at: CoreLayout.codePage) &+ pageOffset }

  /// RIP of the instruction after it.
  @inline(__always)
  func nextRIP(_ core: Core) -> UInt64 { rip(core) &+ length }
}

// MARK: How a handler ends

/// Goes on with the operation after `operation`.
@inline(__always)
func next(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  // Sound: a block ends with an operation that does not come here.
  unsafe run(core, ThreadedOperation(operation.base + ThreadedOperation.byteCount))
}

/// Calls the handler of `operation`.
@inline(__always)
func run(_ core: Core, _ operation: ThreadedOperation) -> UInt {
  let handler = unsafe operation.base.load(as: HandlerFunction.self)
  return unsafe handler(core.base, operation.base)
}

/// Returns to the loop, which goes on with `operation`: for handlers whose frame must not pile up.
@inline(__always)
func resume(_ operation: ThreadedOperation) -> UInt { unsafe UInt(bitPattern: operation.base) }

/// Returns to the loop, which goes on with the operation after `operation`.
@inline(__always)
func resumeAfter(_ operation: ThreadedOperation) -> UInt {
  unsafe UInt(bitPattern: operation.base) &+ UInt(ThreadedOperation.byteCount)
}

/// Enters the block that begins with `target`, as far as the budget allows.
@inline(__always)
func enter(_ core: Core, _ target: ThreadedOperation) -> UInt {
  let budget = core.budget &- target.remaining
  if budget < 0 { return leave(core, .budget, rip: target.rip(core)) }
  core.budget = budget
  #if DEBUG
    // Without the optimizer a call stays a call, and blocks would pile up on the stack.
    return resume(target)
  #else
    return run(core, target)
  #endif
}

/// Leaves the threaded tier; the vCPU goes on at `rip`.
@inline(__always)
func leave(_ core: Core, _ reason: ThreadedLeave, rip: UInt64) -> UInt {
  core.rip = rip
  core.store(reason.rawValue, at: CoreLayout.leave)
  return 0
}

/// Goes on at `target`, a canonical address in 64-bit mode, if the jump cache knows it.
@inline(__always)
func transfer(_ core: Core, to target: UInt64) -> UInt {
  guard let operation = knownOperation(core, at: target) else { return leave(core, .lookUp, rip: target) }
  return enter(core, operation)
}

/// The same for handlers whose frame must not pile up.
@inline(__always)
func resumeTransfer(_ core: Core, to target: UInt64) -> UInt {
  guard let operation = knownOperation(core, at: target) else { return leave(core, .lookUp, rip: target) }
  let budget = core.budget &- operation.remaining
  if budget < 0 { return leave(core, .budget, rip: target) }
  core.budget = budget
  return resume(operation)
}

/// The operation that the jump cache knows for `target`, a canonical address in 64-bit mode, whose page
/// becomes the one that is executed.
@inline(__always)
private func knownOperation(_ core: Core, at target: UInt64) -> ThreadedOperation? {
  let cache = unsafe core.load(UnsafeRawPointer.self, at: CoreLayout.jumpCache)
  let entry = unsafe cache + JumpCache.offset(of: target)
  let key = unsafe entry.load(as: UInt64.self)
  if key == target ^ core.load(UInt64.self, at: CoreLayout.modeSalt) {
    core.store(target & ~0xFFF, at: CoreLayout.codePage)
    // Sound: an entry with a key holds an operation that is alive; it is cleared with its page.
    return unsafe ThreadedOperation(entry.load(fromByteOffset: 8, as: UnsafeRawPointer.self))
  }
  return nil
}
