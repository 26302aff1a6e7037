public import Engine
internal import KVM
public import X86

/// Running nothing but a guest's user mode on this vCPU; all else is another engine's.
///
/// The vCPU gets the guest's registers and page tables, but an interrupt descriptor table without a gate
/// in it and a system-call entry that no page maps. So whatever would take the guest to its kernel (a
/// system call, an exception, INT n) cannot be delivered and comes out as a triple fault, before anything
/// has changed. The other engine then executes the instruction again, and the event happens there.
extension HardwareProcessor {
  /// How user mode was left.
  public enum UserModeExit {
    /// The instruction at RIP has to be executed by the other engine.
    case event
    /// The guest set RFLAGS.TF itself, and one instruction was executed after that.
    case singleStep
    /// `kick` was called.
    case interrupted
    /// The time is over.
    case timeIsUp
    /// Something that ends the machine.
    case failure(VMExit)
  }

  /// Where SYSCALL goes: the last page but one of the address space, where no guest has user code.
  public static let systemCallTrap: UInt64 = 0xFFFF_FFFF_FFFF_E000

  /// Prepares the vCPU. `state` is any state of the guest with paging.
  ///
  /// - Throws: where this KVM cannot share its registers, or refuses the set-up.
  public func prepareUserMode(_ state: CPUState, identification: CPUIDTable, timeStamp: UInt64)
    throws(EngineError)
  {
    try asEngineError { () throws(KVMError) in
      try processor.setCPUID(identification.entries.map(\.kernelEntry))
      let traps: [(MSR, UInt64)] = [
        (.star, 0x0023_0010_0000_0000), (.lstar, Self.systemCallTrap), (.cstar, Self.systemCallTrap),
        (.fmask, 0), (.sysenterCS, 0), (.timeStampCounter, timeStamp),
      ]
      _ = try processor.setMSRs(
        traps.map { KVMMSREntry(index: $0.0.rawValue, reserved: 0, data: $0.1) })
      try setXCR0(state.xcr0)
      // The kernel's own values of what is not the guest's come along.
      let special = try processor.specialRegisters()
      // Sound: only this thread uses the run area, between two calls of KVM_RUN.
      unsafe processor.syncRegisters.pointee.sregs = special
      processor.setSynchronizedFields([.registers, .specialRegisters, .events])
    }
  }

  /// Runs the guest's user mode from `state` on, and leaves in it what user mode has done.
  ///
  /// - Parameters:
  ///   - state: where user mode is; then, where it has come to.
  ///   - image: the x87 and SSE registers that this vCPU has; it is written where `state` has others.
  ///   - nanoseconds: how long it may run; nil for as long as it will.
  /// - Throws: where KVM_RUN fails, or the kernel refuses the state.
  public func runUserMode(
    _ state: inout CPUState, image: inout ExtendedState, forAtMost nanoseconds: UInt64? = nil
  ) throws(EngineError) -> UserModeExit {
    if state.extended != image {
      try asEngineError { () throws(KVMError) in
        try processor.setXSAVE(xsaveArea(state.extended))
      }
    }
    enter(state)
    let end = try runTurn(nanoseconds)
    try leave(&state)
    image = state.extended
    // SYSCALL was executed, and what is there not yet.
    let isTrapped = state.rip == Self.systemCallTrap
    guard case .exit(let exit) = end else { return isTrapped ? undo(&state) : .timeIsUp }
    switch exit {
    case .shutdown: return undo(&state)
    // A kick that is not told here is known to the other engine.
    case .interrupted: return isTrapped ? undo(&state) : .interrupted
    case .portIO, .mmio:
      // The other engine makes the access anew. KVM must not go on with its own.
      try dropAccess()
      return .event
    case .halt, .emulationFailure, .interruptWindow, .debug, .taskPriorityLowered: return .event
    default: return .failure(exit)
    }
  }

  /// Where the end came while KVM was delivering an exception, it goes on until that has failed: RIP may be
  /// past the instruction, and the exception must not be there at the next entry.
  private func runTurn(_ nanoseconds: UInt64?) throws(EngineError) -> TurnEnd {
    var end: TurnEnd
    if let nanoseconds {
      end = try run(forAtMost: nanoseconds)
    } else {
      end = .exit(try run())
    }
    while true {
      switch end {
      case .timeIsUp, .exit(.interrupted): break
      case .exit: return end
      }
      // Sound: only this thread uses the run area, between two calls of KVM_RUN, and the kernel wrote the
      // field asked for at the exit.
      let events = unsafe processor.syncRegisters.pointee.events
      // KVM does not report #BP and #OF as pending. Their vector says it: there was none at the entry.
      if events.exception.injected == 0, events.exception.pending == 0, events.interrupt.injected == 0,
        events.exception.nr != ExceptionVector.breakpoint.rawValue,
        events.exception.nr != ExceptionVector.overflow.rawValue
      {
        return end
      }
      // A kick that is taken up here is known to the other engine, too.
      end = .exit(try run())
    }
  }

  private func enter(_ state: CPUState) {
    // Sound: only this thread uses the run area, between two calls of KVM_RUN.
    let shared = unsafe processor.syncRegisters
    unsafe shared.pointee.regs = KVMRegisters(state)
    var special = unsafe shared.pointee.sregs
    let apicBase = special.apic_base
    special.take(state)
    special.apic_base = apicBase
    special.cr8 = 0
    special.idt.limit = 0
    special.gdt.limit = 0
    // A busy TSS of 64 bits and of one byte: no port is open and no stack known.
    special.tr = KVMSegment(Self.emptyTaskState)
    special.ldt = KVMSegment(Self.noLocalTable)
    unsafe shared.pointee.sregs = special
    unsafe shared.pointee.events.exception = .init()
    unsafe shared.pointee.events.interrupt.injected = 0
    processor.markSynchronizedFieldsChanged([.registers, .specialRegisters, .events])
  }

  private static let emptyTaskState: Segment = {
    var segment = Segment()
    segment.selector = 8
    segment.attributes.type = 11
    segment.attributes.isPresent = true
    segment.attributes.isUnusable = false
    return segment
  }()

  private static let noLocalTable: Segment = {
    var segment = Segment()
    segment.attributes.isUnusable = true
    return segment
  }()

  private func leave(_ state: inout CPUState) throws(EngineError) {
    let (code, stack) = (state.cs, state.ss)
    let control = (state.cr0, state.cr3, state.cr4, state.efer)
    // Sound: as above; the kernel wrote the fields asked for at the exit.
    let shared = unsafe processor.syncRegisters
    state.take(unsafe shared.pointee.regs)
    state.take(unsafe shared.pointee.sregs)
    (state.cs, state.ss) = (code, stack)
    (state.cr0, state.cr3, state.cr4, state.efer) = control
    // What KVM set for the handler that it could not enter.
    state.rflags.remove(.resume)
    state.extended = try asEngineError { () throws(KVMError) in
      ExtendedState(bytes: try processor.xsave())
    }
  }

  /// From the triple fault back to the instruction that caused it.
  private func undo(_ state: inout CPUState) -> UserModeExit {
    if state.rip == Self.systemCallTrap {
      // SYSCALL has left its return address and flags, and changes nothing else (SDM Vol. 2).
      state.rip = state.general.rcx &- 2
      state.rflags = RFLAGS(rawValue: state.general.r11)
      return .event
    }
    // Sound: as above. KVM leaves the vector of the last exception but one there.
    let vector = unsafe processor.syncRegisters.pointee.events.exception.nr
    switch ExceptionVector(rawValue: vector) {
    case .debug:
      if state.rflags.contains(.trap) { return .singleStep }
      // INT1.
      state.rip = state.rip &- 1
    case .breakpoint, .overflow:
      // INT3 and INTO are one byte long, and RIP is past them.
      state.rip = state.rip &- 1
    default: break
    }
    return .event
  }

  /// Has KVM finish an access that it asked us for, without entering the guest. What it does to the
  /// registers is overwritten at the next entry.
  private func dropAccess() throws(EngineError) {
    while true {
      dontEnter()
      if case .interrupted = try run() { return }
    }
  }
}
