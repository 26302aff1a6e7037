internal import Engine
public import X86

/// The part of the state that moves when another engine runs the guest's user mode.
extension SoftwareProcessor {
  /// Whether the vCPU is in user mode with paging, and nothing happens around its next instruction that
  /// another engine would have to be told of: no event on its way, no single step, no breakpoint.
  var isInPlainUserMode: Bool {
    let core = interpreter.core
    return core.privilege == 3 && core.cr0.contains(.paging) && !core.systemFlags.contains(.virtual8086)
      && !interpreter.mustStep && !interpreter.hasPendingEvents && !interpreter.deviceAccesses.isUnderWay
      && interpreter.activity == .running
  }

  /// What user mode sees and can change, and the control registers; all else is as in a state that was
  /// never set.
  public func userModeState() -> CPUState {
    let core = interpreter.core
    var state = CPUState()
    for number in UInt8(0)..<16 { state.general[Int(number)] = core[number] }
    state.rip = core.rip
    state.rflags = core.rflags
    state.cs = interpreter.segment(.cs)
    state.ss = interpreter.segment(.ss)
    state.ds = interpreter.segment(.ds)
    state.es = interpreter.segment(.es)
    state.fs = interpreter.segment(.fs)
    state.gs = interpreter.segment(.gs)
    (state.cr0, state.cr3, state.cr4, state.efer) = (core.cr0, core.cr3, core.cr4, core.efer)
    state.xcr0 = core.xcr0
    state.extended = interpreter.savedExtended()
    return state
  }

  /// Takes over what user mode has done on another engine. CS, SS and the control registers are as before:
  /// user mode cannot change them without an event.
  public func takeUserModeState(_ state: CPUState) {
    let core = interpreter.core
    for number in UInt8(0)..<16 { core[number] = state.general[Int(number)] }
    core.rip = state.rip
    core.rflags = state.rflags
    interpreter.setSegment(.ds, state.ds)
    interpreter.setSegment(.es, state.es)
    interpreter.setSegment(.fs, state.fs)
    interpreter.setSegment(.gs, state.gs)
    interpreter.loadExtended(state.extended)
    interpreter.modeDidChange()
    memoryMayHaveChanged()
  }

  /// Whether user mode could execute an instruction at `linear`, as the page tables are.
  public func isExecutableInUserMode(_ linear: UInt64) -> Bool {
    let memory = interpreter.memory
    let translation = try? interpreter.walker.translate(
      linear, for: MemoryAccess(.execute, .user), read32: { memory.load(UInt32.self, at: $0) },
      read64: { memory.load(UInt64.self, at: $0) })
    return translation != nil
  }

  /// Delivers the single-step trap that another engine met after an instruction of user mode.
  public func deliverSingleStep() {
    interpreter.deliver(
      GuestException(vector: .debug, payload: DebugStatus.singleStep, isTrap: true))
  }

  /// The time-stamp counter now.
  public var timeStamp: UInt64 { interpreter.timeStamp }

  /// What CPUID tells.
  public var identification: CPUIDTable { interpreter.model.table }
}
