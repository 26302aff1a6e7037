public import Engine
internal import KVM
public import X86
internal import Host

/// Which model-specific registers make up a vCPU's state on this host. Asked for when a state is first
/// saved: most machines never do.
final class SavedRegisters: Sendable {
  private let path: String
  private let list = Lock<[UInt32]?>(nil)

  init(path: String) { self.path = path }

  /// Their numbers: what KVM lists, without those that `CPUState` holds by other names.
  func numbers() throws(KVMError) -> [UInt32] {
    if let known = list.withLock({ $0 }) { return known }
    let elsewhere = [MSR.efer, .apicBase, .fsBase, .gsBase].map(\.rawValue)
    let numbers = try KVMDevice(path: path).msrIndexList().filter { !elsewhere.contains($0) }
    list.withLock { $0 = numbers }
    return numbers
  }
}

extension HardwareProcessor {
  /// Reads the whole state.
  ///
  /// A register that KVM lists and then refuses is left out: refusals are facts of the host.
  public func saveState() throws(EngineError) -> CPUState {
    let numbers = try asEngineError { () throws(KVMError) in try savedRegisters.numbers() }
    return try saveState(registers: numbers)
  }

  /// Reads the state with these model-specific registers.
  func saveState(registers: [UInt32]) throws(EngineError) -> CPUState {
    try asEngineError { () throws(KVMError) in
      var state = CPUState()
      // First: the question makes KVM take up a start-up IPI that has come, which changes the rest.
      state.activity = ActivityState(rawValue: try processor.mpState().rawValue) ?? .running
      state.take(try processor.registers())
      state.take(try processor.specialRegisters())
      let controls = try processor.extendedControlRegisters()
      if controls.nr_xcrs > 0 { state.xcr0 = XCR0(rawValue: controls.xcrs.0.value) }
      state.extended = ExtendedState(bytes: try processor.xsave())
      for entry in try processor.msrs(registers).entries {
        state.modelSpecific[MSR(rawValue: entry.index)] = entry.data
      }
      state.events = PendingEvents(try processor.events())
      let debug = try processor.debugRegisters()
      state.debug.dr0 = debug.db.0
      state.debug.dr1 = debug.db.1
      state.debug.dr2 = debug.db.2
      state.debug.dr3 = debug.db.3
      state.debug.dr6 = debug.dr6
      state.debug.dr7 = debug.dr7
      return state
    }
  }

  /// Writes the whole state.
  ///
  /// On a vCPU that was just created, parts that are as after reset are left as they are: each is a
  /// system call on the way to the guest's first instruction.
  public func loadState(_ state: CPUState) throws(EngineError) {
    let isFirst = isPristine
    isPristine = false
    let reset = CPUState()
    try asEngineError { () throws(KVMError) in
      // Events come last: setting registers discards a pending exception.
      var special = try processor.specialRegisters()
      special.take(state)
      try processor.setSpecialRegisters(special)
      try processor.setRegisters(KVMRegisters(state))
      if !isFirst || state.xcr0 != reset.xcr0 { try setXCR0(state.xcr0) }
      if !isFirst || state.extended != reset.extended { try processor.setXSAVE(xsaveArea(state.extended)) }
      let entries = state.modelSpecific.entries
      if !entries.isEmpty {
        // What is refused cannot be helped: the list of what this host accepts is its own.
        _ = try processor.setMSRs(
          entries.map { KVMMSREntry(index: $0.register.rawValue, reserved: 0, data: $0.value) })
      }
      if !isFirst || state.debug != reset.debug { try setDebugRegisters(state.debug) }
      // KVM_RUN takes CR8 from here where the local APIC is not in the kernel.
      taskPriority = UInt8(truncatingIfNeeded: state.cr8)
      setReadiness(for: state)
      if hasLocalAPIC, !isFirst || state.activity != .running {
        try processor.setMPState(KVMMPState(rawValue: state.activity.rawValue))
      }
      if !isFirst || state.events != reset.events {
        try processor.setEvents(KVMProcessorEvents(state.events))
      }
    }
  }

  func setXCR0(_ value: XCR0) throws(KVMError) {
    var controls = KVMExtendedControlRegisters()
    controls.nr_xcrs = 1
    controls.xcrs.0.xcr = 0
    controls.xcrs.0.value = value.rawValue
    try processor.setExtendedControlRegisters(controls)
  }

  func setDebugRegisters(_ debug: DebugRegisters) throws(KVMError) {
    var registers = KVMDebugRegisters()
    registers.db = (debug.dr0, debug.dr1, debug.dr2, debug.dr3)
    registers.dr6 = debug.dr6
    registers.dr7 = debug.dr7
    try processor.setDebugRegisters(registers)
  }

  /// The area at the size that this vCPU's KVM_SET_XSAVE takes.
  func xsaveArea(_ extended: ExtendedState) -> [UInt8] {
    let wanted = processor.xsaveByteCount
    let bytes = extended.bytes
    if bytes.count >= wanted { return Array(bytes.prefix(wanted)) }
    return bytes + [UInt8](repeating: 0, count: wanted - bytes.count)
  }
}
