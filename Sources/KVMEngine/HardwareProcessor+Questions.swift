public import Engine
internal import KVM

/// What a guest asks its hypervisor for, beyond devices.
extension HardwareProcessor {
  /// KVM_GET_REGS: KVM leaves RIP on an instruction whose answer it waits for.
  public var instructionPointer: UInt64? { (try? processor.registers())?.rip }

  /// `hypercall.args`.
  public var hypercallArguments: HypercallArguments {
    // Sound: the exit was KVM_EXIT_HYPERCALL, so that the union holds `hypercall`, and it is this thread's.
    let arguments = unsafe processor.runArea.pointee.hypercall.args
    return HypercallArguments(arguments.0, arguments.1, arguments.2, arguments.3)
  }

  /// `hypercall.ret`.
  public func completeHypercall(_ result: Int64) {
    // Sound: as above.
    unsafe processor.runArea.pointee.hypercall.ret = UInt64(bitPattern: result)
  }

  /// KVM_KVMCLOCK_CTRL. It fails where the guest does not use kvmclock, which then has nothing to be told by.
  public func noteThatItWasPaused() { try? processor.notifyOfPause() }
}
