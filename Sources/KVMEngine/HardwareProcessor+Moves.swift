public import Engine
internal import KVM
public import X86

/// Moving a vCPU to another engine and back, often: only what the other engine uses is read, and only
/// what it changed is written.
extension HardwareProcessor {
  /// The model-specific registers that instructions use without RDMSR and WRMSR, which stay here.
  private static let movedRegisters: [MSR] = [
    .star, .lstar, .cstar, .fmask, .kernelGSBase, .sysenterCS, .sysenterESP, .sysenterEIP,
    .timeStampCounter, .timeStampAuxiliary,
  ]

  /// The state but for the model-specific registers that only RDMSR and WRMSR reach.
  ///
  /// - Throws: where the kernel refuses to tell it.
  public func saveStateForMove() throws(EngineError) -> CPUState {
    try saveState(registers: Self.movedRegisters.map(\.rawValue))
  }

  /// Whether KVM may be delivering #BP or #OF just now: it never says so, and leaves their vector there when it
  /// has done it.
  ///
  /// - Throws: where the kernel refuses to tell.
  public func mayHideException() throws(EngineError) -> Bool {
    let vector = try asEngineError { () throws(KVMError) in try processor.events().exception.nr }
    return vector == ExceptionVector.breakpoint.rawValue || vector == ExceptionVector.overflow.rawValue
  }

  /// Writes what differs between `old`, which this vCPU has, and `new`. The time-stamp counter goes on as
  /// it does here.
  ///
  /// - Throws: where the kernel refuses it.
  public func loadState(_ new: CPUState, replacing old: CPUState) throws(EngineError) {
    try asEngineError { () throws(KVMError) in
      if Self.specialRegistersDiffer(new, old) {
        var special = try processor.specialRegisters()
        special.take(new)
        try processor.setSpecialRegisters(special)
      }
      // Always: it also drops the exception that KVM queued for an instruction that it could not emulate.
      try processor.setRegisters(KVMRegisters(new))
      if new.xcr0 != old.xcr0 { try setXCR0(new.xcr0) }
      if new.extended != old.extended { try processor.setXSAVE(xsaveArea(new.extended)) }
      var changed: [KVMMSREntry] = []
      for register in Self.movedRegisters where register != .timeStampCounter {
        guard let value = new.modelSpecific[register], value != old.modelSpecific[register] else { continue }
        changed.append(KVMMSREntry(index: register.rawValue, reserved: 0, data: value))
      }
      if !changed.isEmpty { _ = try processor.setMSRs(changed) }
      if new.debug != old.debug { try setDebugRegisters(new.debug) }
      taskPriority = UInt8(truncatingIfNeeded: new.cr8)
      setReadiness(for: new)
      if hasLocalAPIC, new.activity != old.activity {
        try processor.setMPState(KVMMPState(rawValue: new.activity.rawValue))
      }
      try processor.setEvents(KVMProcessorEvents(new.events))
    }
  }

  private static func specialRegistersDiffer(_ new: CPUState, _ old: CPUState) -> Bool {
    for segment in [\CPUState.cs, \.ds, \.es, \.fs, \.gs, \.ss, \.tr, \.ldt]
    where new[keyPath: segment] != old[keyPath: segment] { return true }
    return new.gdt != old.gdt || new.idt != old.idt || new.cr0 != old.cr0 || new.cr2 != old.cr2
      || new.cr3 != old.cr3 || new.cr4 != old.cr4 || new.cr8 != old.cr8 || new.efer != old.efer
      || new.apicBase != old.apicBase
  }
}
