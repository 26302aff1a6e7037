internal import X86

/// The whole architectural state in and out, at an instruction boundary.
extension Interpreter {
  /// Replaces everything. What was known of translations is forgotten.
  func load(_ state: CPUState) {
    for number in UInt8(0)..<16 { core[number] = state.general[Int(number)] }
    core.rip = state.rip
    core.rflags = state.rflags
    setSegment(.es, state.es)
    setSegment(.cs, state.cs)
    setSegment(.ss, state.ss)
    setSegment(.ds, state.ds)
    setSegment(.fs, state.fs)
    setSegment(.gs, state.gs)
    (tr, ldt, gdt, idt) = (state.tr, state.ldt, state.gdt, state.idt)
    core.cr0 = state.cr0
    core.cr2 = state.cr2
    core.cr3 = state.cr3
    core.cr4 = state.cr4
    core.efer = state.efer
    core.xcr0 = state.xcr0
    taskPriority = state.cr8
    modelSpecific.load(state.modelSpecific, apicBase: state.apicBase, timeStamp: timeStamp)
    debug = state.debug
    loadExtended(state.extended)
    events = state.events
    activity = state.activity
    deviceAccesses.forget()
    pendingExit = nil
    translations.flush()
    assistance.didLoad(flushes: translations.flushCount)
    debugRegistersDidChange()
    modeDidChange()
    tellTime()
  }

  /// The state as it is.
  func save() -> CPUState {
    var state = CPUState()
    for number in UInt8(0)..<16 { state.general[Int(number)] = core[number] }
    state.rip = core.rip
    state.rflags = core.rflags
    state.es = segment(.es)
    state.cs = segment(.cs)
    state.ss = segment(.ss)
    state.ds = segment(.ds)
    state.fs = segment(.fs)
    state.gs = segment(.gs)
    (state.tr, state.ldt, state.gdt, state.idt) = (tr, ldt, gdt, idt)
    state.cr0 = core.cr0
    state.cr2 = core.cr2
    state.cr3 = core.cr3
    state.cr4 = core.cr4
    state.efer = core.efer
    state.xcr0 = core.xcr0
    state.cr8 = taskPriority
    (state.modelSpecific, state.apicBase) = modelSpecific.save(timeStamp: timeStamp)
    state.debug = debug
    state.extended = savedExtended()
    state.events = events
    state.activity = activity
    return state
  }

  /// Takes over the x87 and SSE registers. A component that XSTATE_BV leaves out has its initial
  /// values; components that this engine does not have are dropped.
  func loadExtended(_ extended: ExtendedState) {
    let initial = ExtendedState()
    // A state whose header is all zero comes from FXSAVE, or was never saved: its legacy area counts.
    let present = extended.presentComponents
    let isPlain = present.isEmpty
    for offset in 0..<ExtendedState.legacySize {
      let isSSE = offset >= 160 && offset < 416 || offset >= 24 && offset < 32
      let isPresent = isPlain || present.contains(isSSE ? .sse : .x87) || (offset >= 24 && offset < 32)
      core.store(
        isPresent ? extended.bytes[offset] : initial.bytes[offset], at: CoreLayout.extended + offset)
    }
    core.correctImage()
  }

  func savedExtended() -> ExtendedState {
    var bytes = [UInt8](repeating: 0, count: ExtendedState.legacySize + ExtendedState.headerSize)
    for offset in 0..<ExtendedState.legacySize {
      bytes[offset] = core.load(at: CoreLayout.extended + offset)
    }
    var extended = ExtendedState(bytes: bytes)
    extended.presentComponents = [.x87, .sse]
    return extended
  }
}
