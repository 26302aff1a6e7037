// Bits and small numbers in the kernel's structures, as types. Each is used through `rawValue` in a
// member of the same width.

/// Properties of a memory slot (KVM_MEM_*).
public struct KVMMemoryFlags: OptionSet, Sendable {
  /// The kernel's bits.
  public let rawValue: UInt32
  /// The flags with these bits.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The kernel notes which pages are written to.
  public static let logDirtyPages = Self(rawValue: 1 << 0)
  /// Writes of the guest leave it as `KVMExitReason.mmio`.
  public static let readOnly = Self(rawValue: 1 << 1)
}

/// Registers shared in the run area (KVM_SYNC_X86_*).
public struct KVMSyncFields: OptionSet, Sendable {
  /// The kernel's bits, as in `kvm_valid_regs`.
  public let rawValue: UInt64
  /// The fields with these bits.
  @inlinable public init(rawValue: UInt64) { self.rawValue = rawValue }
  /// General registers.
  @inlinable public static var registers: Self { Self(rawValue: 1 << 0) }
  /// Special registers.
  @inlinable public static var specialRegisters: Self { Self(rawValue: 1 << 1) }
  /// Events.
  @inlinable public static var events: Self { Self(rawValue: 1 << 2) }
}

/// What to stop at (KVM_GUESTDBG_*).
public struct KVMGuestDebugFlags: OptionSet, Sendable {
  /// The kernel's bits, as in `control`.
  public let rawValue: UInt32
  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// Debugging is on.
  public static let enable = Self(rawValue: 1 << 0)
  /// Stop after each instruction.
  public static let singleStep = Self(rawValue: 1 << 1)
  /// INT3 stops.
  public static let softwareBreakpoints = Self(rawValue: 0x0001_0000)
  /// The debug registers given along stop.
  public static let hardwareBreakpoints = Self(rawValue: 0x0002_0000)
  /// Inject a debug exception.
  public static let injectDebug = Self(rawValue: 0x0004_0000)
  /// Inject a breakpoint exception.
  public static let injectBreakpoint = Self(rawValue: 0x0008_0000)
  /// No interrupt is delivered while stepping.
  public static let blockInterrupts = Self(rawValue: 0x0010_0000)
}

/// Whether a vCPU runs (KVM_MP_STATE_*).
public struct KVMMPState: RawRepresentable, Hashable, Sendable {
  /// The kernel's number.
  public let rawValue: UInt32
  /// The state with this number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// It runs.
  public static let runnable = Self(rawValue: 0)
  /// An application processor that waits for INIT.
  public static let uninitialized = Self(rawValue: 1)
  /// It had INIT and waits for the start-up message.
  public static let initReceived = Self(rawValue: 2)
  /// It halted and waits for an interrupt.
  public static let halted = Self(rawValue: 3)
  /// It had the start-up message.
  public static let sipiReceived = Self(rawValue: 4)
}

/// Which fields of `KVMProcessorEvents` are valid (KVM_VCPUEVENT_VALID_*).
public struct KVMEventFlags: OptionSet, Sendable {
  /// The kernel's bits, as in `flags`.
  public let rawValue: UInt32
  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// `nmi.pending`.
  public static let nmiPending = Self(rawValue: 0x01)
  /// `sipi_vector`.
  public static let sipiVector = Self(rawValue: 0x02)
  /// `interrupt.shadow`.
  public static let shadow = Self(rawValue: 0x04)
  /// `smi`.
  public static let smi = Self(rawValue: 0x08)
  /// `exception_has_payload`, `exception_payload`, `exception.pending`.
  public static let payload = Self(rawValue: 0x10)
  /// `triple_fault`.
  public static let tripleFault = Self(rawValue: 0x20)
}

/// Why no interrupt can be taken just now (KVM_X86_SHADOW_INT_*).
public struct KVMInterruptShadow: OptionSet, Sendable {
  /// The kernel's bits, as in `interrupt.shadow`.
  public let rawValue: UInt8
  /// The shadow with these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }
  /// The instruction before loaded SS.
  public static let movSS = Self(rawValue: 1)
  /// The instruction before was STI.
  public static let sti = Self(rawValue: 2)
}

/// How an entry of a CPUID list is looked up (KVM_CPUID_FLAG_*).
public struct KVMCPUIDFlags: OptionSet, Sendable {
  /// The kernel's bits, as in `flags`.
  public let rawValue: UInt32
  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The entry answers only where ECX is its `index`.
  public static let significantIndex = Self(rawValue: 1)
}

/// Why KVM cannot go on (`suberror` of KVM_EXIT_INTERNAL_ERROR; KVM_INTERNAL_ERROR_*).
public struct KVMInternalError: RawRepresentable, Hashable, Sendable {
  /// The kernel's number.
  public let rawValue: UInt32
  /// The error with this number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// An instruction that KVM's emulator does not know: `emulation_failure`.
  public static let emulation = Self(rawValue: 1)
  /// Two exceptions at once that cannot be combined.
  public static let simultaneousExceptions = Self(rawValue: 2)
  /// The hardware left the guest while an event was delivered.
  public static let deliveryEvent = Self(rawValue: 3)
  /// The hardware left the guest for a reason KVM does not expect.
  public static let unexpectedExitReason = Self(rawValue: 4)
  /// In `emulation_failure.flags`: the instruction's bytes are there.
  public static let hasInstructionBytes: UInt64 = 1
}

/// What the guest asks for (`type` of KVM_EXIT_SYSTEM_EVENT; KVM_SYSTEM_EVENT_*).
public struct KVMSystemEvent: RawRepresentable, Hashable, Sendable {
  /// The kernel's number.
  public let rawValue: UInt32
  /// The event with this number.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// To be switched off.
  public static let shutdown = Self(rawValue: 1)
  /// To be reset.
  public static let reset = Self(rawValue: 2)
  /// It crashed.
  public static let crash = Self(rawValue: 3)
  /// It was woken up.
  public static let wakeUp = Self(rawValue: 4)
  /// To be suspended.
  public static let suspend = Self(rawValue: 5)
}

/// Which accesses to model-specific registers leave the guest (KVM_MSR_EXIT_REASON_*).
public struct KVMMSRExitReasons: OptionSet, Sendable {
  /// The kernel's bits.
  public let rawValue: UInt32
  /// The reasons with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The value is not allowed.
  public static let invalid = Self(rawValue: 1)
  /// KVM does not know the register.
  public static let unknown = Self(rawValue: 2)
  /// The machine's filter refuses it.
  public static let filter = Self(rawValue: 4)
}

/// What `KVMClockData` holds (KVM_CLOCK_*).
public struct KVMClockFlags: OptionSet, Sendable {
  /// The kernel's bits, as in `flags`.
  public let rawValue: UInt32
  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The clock is the same on all vCPUs.
  public static let stable = Self(rawValue: 1 << 1)
  /// `realtime` is valid: the host's wall clock at the same instant, in nanoseconds.
  public static let realTime = Self(rawValue: 1 << 2)
  /// `host_tsc` is valid: the host's time-stamp counter at the same instant.
  public static let hostTSC = Self(rawValue: 1 << 3)
}

/// Options of the interval timer in the kernel.
public struct KVMPITFlags: OptionSet, Sendable {
  /// The kernel's bits.
  public let rawValue: UInt32
  /// The flags with these bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// The kernel also answers port 0x61, the speaker's (KVM_PIT_SPEAKER_DUMMY).
  public static let speakerDummy = Self(rawValue: 1)
}

/// The interrupt controllers in the kernel whose state can be read and set (KVM_IRQCHIP_*).
public enum KVMIRQChip: UInt32, Sendable, CaseIterable {
  /// The first PIC.
  case masterPIC = 0
  /// The second PIC.
  case slavePIC = 1
  /// The I/O APIC.
  case ioapic = 2
}
