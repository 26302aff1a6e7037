public import CKVM

// The kernel's structures under names of this module, so that the modules above can use their
// values without importing the C header. Their members keep the kernel's names.

/// What a vCPU shares with this process: why it left the guest, and the answer (struct kvm_run).
///
/// Its payload is a union: `io` is valid for `KVMExitReason.io`, `mmio` for `.mmio`, and so on.
/// In optimized code each access through a pointer is one load or store, not a copy of the area.
public typealias KVMRunArea = kvm_run
/// The registers that can be shared in the run area (struct kvm_sync_regs).
public typealias KVMSyncRegisters = kvm_sync_regs
/// General registers, instruction pointer and flags (struct kvm_regs).
public typealias KVMRegisters = kvm_regs
/// Segments, control registers, descriptor tables, EFER, APIC base (struct kvm_sregs).
public typealias KVMSpecialRegisters = kvm_sregs
/// The same with the PDPTRs and without the interrupt bitmap (struct kvm_sregs2).
public typealias KVMSpecialRegisters2 = kvm_sregs2
/// A segment register with its hidden part (struct kvm_segment).
public typealias KVMSegment = kvm_segment
/// GDTR or IDTR (struct kvm_dtable).
public typealias KVMDescriptorTable = kvm_dtable
/// x87 and SSE registers (struct kvm_fpu).
public typealias KVMFPU = kvm_fpu
/// Extended control registers (struct kvm_xcrs).
public typealias KVMExtendedControlRegisters = kvm_xcrs
/// One of them (struct kvm_xcr).
public typealias KVMExtendedControlRegister = kvm_xcr
/// A model-specific register and its value (struct kvm_msr_entry).
public typealias KVMMSREntry = kvm_msr_entry
/// A CPUID leaf and its answer (struct kvm_cpuid_entry2).
public typealias KVMCPUIDEntry = kvm_cpuid_entry2
/// The 1024 bytes of the local APIC's registers (struct kvm_lapic_state).
public typealias KVMLocalAPICState = kvm_lapic_state
/// Exceptions, interrupts and NMIs on their way (struct kvm_vcpu_events).
public typealias KVMProcessorEvents = kvm_vcpu_events
/// Debug registers (struct kvm_debugregs).
public typealias KVMDebugRegisters = kvm_debugregs
/// What to stop at (struct kvm_guest_debug).
public typealias KVMGuestDebug = kvm_guest_debug
/// The answer to a translation of a linear address (struct kvm_translation).
public typealias KVMTranslation = kvm_translation
/// The state of one interrupt controller (struct kvm_irqchip).
public typealias KVMIRQChipState = kvm_irqchip
/// The state of a PIC (struct kvm_pic_state).
public typealias KVMPICState = kvm_pic_state
/// The state of the I/O APIC (struct kvm_ioapic_state).
public typealias KVMIOAPICState = kvm_ioapic_state
/// The state of the interval timer (struct kvm_pit_state2).
public typealias KVMPITState = kvm_pit_state2
/// The guest's clock (struct kvm_clock_data).
public typealias KVMClockData = kvm_clock_data
/// One route from an interrupt number (struct kvm_irq_routing_entry).
public typealias KVMIRQRoute = kvm_irq_routing_entry

/// What was read of a list of model-specific registers.
public struct KVMMSRValues: Sendable {
  /// The registers that could be read, in the order in which they were asked for.
  public var entries: [KVMMSREntry] = []
  /// The numbers of those that could not.
  public var refused: [UInt32] = []
}
