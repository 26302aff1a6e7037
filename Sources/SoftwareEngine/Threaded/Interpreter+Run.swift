internal import X86

/// Running: from block to block in the threaded tier, one instruction at a time in the plain one.
extension Interpreter {
  /// Why `execute(atMost:)` came back.
  enum Pause {
    /// As many instructions as were asked for are done.
    case budget
    /// `pendingExit` is for the run loop.
    case exit
    /// An instruction ended after which interrupts may be taken that could not be before, or the
    /// activity changed.
    case attention
  }

  /// Executes up to `count` instructions from RIP on, delivering the exceptions they raise.
  ///
  /// - Parameters:
  ///   - count: how many; at least as many as a block can have, unless `isExact`.
  ///   - isExact: exactly so many, for comparisons; otherwise it may stop early rather than take a
  ///     block apart.
  /// - Returns: why it stopped. `core.budget` has what is left of `count`.
  func execute(atMost count: Int64, isExact: Bool = false) -> Pause {
    core.budget = count
    defer {
      let done = count &- core.budget
      core.store(core.load(Int64.self, at: CoreLayout.retired) &+ done, at: CoreLayout.retired)
      core.store(UInt(0), at: CoreLayout.leftAt)
    }
    while core.budget > 0 {
      buryStaleCode()
      guard !mustStep, let operation = findOperation() else {
        if let pause = stepOnce() { return pause }
        continue
      }
      guard operation.remaining <= core.budget else {
        if !isExact { return .budget }
        if let pause = stepOnce() { return pause }
        continue
      }
      core.budget = core.budget &- operation.remaining
      runThreaded(operation)
      switch ThreadedLeave(rawValue: core.load(at: CoreLayout.leave)) ?? .lookUp {
      case .lookUp, .budget:
        if pendingExit != nil { return .exit }
        if wantsAttention { return .attention }
      case .interruption:
        if let pause = handleInterruption() { return pause }
      }
    }
    return .budget
  }

  /// Runs operations until one leaves.
  @inline(__always)
  func runThreaded(_ first: ThreadedOperation) {
    var operation = first
    while true {
      let following = SoftwareEngine.run(core, operation)
      guard let place = unsafe UnsafeRawPointer(bitPattern: following) else { return }
      // Sound: a handler returns the address of an operation that is alive, or zero.
      operation = unsafe ThreadedOperation(place)
    }
  }

  /// Whether the loop must look up before the next instruction.
  var wantsAttention: Bool {
    looksUpSoon || activity != .running || hasPendingEvents || assistance.wantsToPause(core.privilege)
      || (wantsInterruptWindow && canTakeInterrupt)
      || (events.isNMIPending && canTakeNMI)
  }

  /// Whether the next instruction may be executed without a look at anything else.
  var mayGoOn: Bool {
    if pendingExit != nil { return false }
    return !mustStep && !wantsAttention
  }

  /// Executes one instruction in the plain tier, with all that can happen around it.
  private func stepOnce() -> Pause? {
    core.store(UInt(0), at: CoreLayout.leftAt)
    step()
    // One that waits for a device is not done yet.
    if !deviceAccesses.isUnderWay { core.budget = core.budget &- 1 }
    if pendingExit != nil { return .exit }
    return wantsAttention ? .attention : nil
  }

  private func handleInterruption() -> Pause? {
    core.store(UInt(0), at: CoreLayout.leftAt)
    switch interruption {
    case .exception(let exception):
      deliver(exception)
      // It counts: a guest whose handler faults for ever must not keep the loop from looking up.
      core.budget = core.budget &- 1
      return pendingExit != nil ? .exit : hasPendingEvents ? .attention : nil
    case .deviceAccess, nil:
      return .exit
    }
  }

  // MARK: Finding operations

  /// The operation at RIP, decoded if need be; nil where the plain tier must do it.
  func findOperation() -> ThreadedOperation? {
    let rip = core.rip
    let linear = core.isLong ? rip : (segmentBase(.cs) &+ rip) & 0xFFFF_FFFF
    let salt = core.load(UInt64.self, at: CoreLayout.modeSalt)
    let found = translations.jumpCache.find(linear, salt: salt) ?? lookUp(linear, rip: rip, salt: salt)
    guard let operation = found else { return nil }
    core.store(rip &- (linear & 0xFFF), at: CoreLayout.codePage)
    link(to: operation)
    return operation
  }

  /// Finds the operation at a linear address through the page tables.
  @inline(never)
  private func lookUp(_ linear: UInt64, rip: UInt64, salt: UInt64) -> ThreadedOperation? {
    let isLong = core.isLong
    if isLong {
      guard isCanonical(rip, bits: 48) else { return nil }
    } else {
      // The whole page must lie inside the code segment, so that no operation has to look.
      let first = rip &- (linear & 0xFFF)
      guard first <= rip, first &+ 4095 <= UInt64(segment(.cs).limit) else { return nil }
    }
    let access = MemoryAccess(.execute, instructionPrivilege)
    guard let physical = try? translate(linear, for: access) else { return nil }
    let flavor: CodeFlavor = isLong ? .bits64 : core.codeSize == 4 ? .bits32 : .bits16
    guard
      let operation = operation(
        physicalPage: physical & ~0xFFF, offset: Int(physical & 0xFFF), flavor: flavor)
    else { return nil }
    translations.jumpCache.enter(linear, salt: salt, operation)
    return operation
  }

  /// Links the branch that just left, if it stays in its page, to where it led.
  private func link(to target: ThreadedOperation) {
    let place = core.load(UInt.self, at: CoreLayout.leftAt)
    guard place != 0 else { return }
    core.store(UInt(0), at: CoreLayout.leftAt)
    // Sound: the branch left a moment ago. Had its page been made stale since, `buryStaleCode` would
    // have taken the note back.
    guard let branch = unsafe UnsafeMutableRawPointer(bitPattern: place) else { return }
    unsafe branch.storeBytes(
      of: UInt64(UInt(bitPattern: target.base)), toByteOffset: ThreadedOperation.immediateOffset,
      as: UInt64.self)
  }

  /// Frees operations of code that was written to, none of which can be running here.
  func buryStaleCode() {
    if codeCache.bury() { core.store(UInt(0), at: CoreLayout.leftAt) }
  }
}
