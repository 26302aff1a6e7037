internal import CKVM

/// A feature of KVM that can be asked for (KVM_CAP_*). Its answer is 0 where it is absent; what
/// other answers mean differs from one to the next.
public struct KVMCapability: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The capability's number.
  public var rawValue: Int32

  /// The capability with this number.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  private init(_ rawValue: Int32) { self.rawValue = rawValue }

  /// Interrupt controllers in the kernel.
  public static let irqChip = Self(KVM_CAP_IRQCHIP)
  /// Memory slots backed by this process's memory.
  public static let userMemory = Self(KVM_CAP_USER_MEMORY)
  /// The address of the three pages KVM needs for real mode on old Intel processors.
  public static let setTSSAddress = Self(KVM_CAP_SET_TSS_ADDR)
  /// CPUID lists with an index (KVM_SET_CPUID2).
  public static let extendedCPUID = Self(KVM_CAP_EXT_CPUID)
  /// The recommended largest number of vCPUs; the answer is the number.
  public static let recommendedProcessorCount = Self(KVM_CAP_NR_VCPUS)
  /// The largest number of vCPUs; the answer is the number.
  public static let maximumProcessorCount = Self(KVM_CAP_MAX_VCPUS)
  /// The bound of vCPU numbers; the answer is one more than the largest.
  public static let maximumProcessorID = Self(KVM_CAP_MAX_VCPU_ID)
  /// The number of memory slots; the answer is the number.
  public static let memorySlotCount = Self(KVM_CAP_NR_MEMSLOTS)
  /// Whether a vCPU runs, waits for INIT or SIPI, or halts, can be read and set.
  public static let mpState = Self(KVM_CAP_MP_STATE)
  /// Writes to device memory can be gathered in a ring; the answer is its page in the run area.
  public static let coalescedMMIO = Self(KVM_CAP_COALESCED_MMIO)
  /// Guest memory may change in this process's address space at any time (KVM_CAP_SYNC_MMU).
  public static let synchronousMMU = Self(KVM_CAP_SYNC_MMU)
  /// User space can inject an NMI.
  public static let userNMI = Self(KVM_CAP_USER_NMI)
  /// Single steps and breakpoints.
  public static let setGuestDebug = Self(KVM_CAP_SET_GUEST_DEBUG)
  /// As `setGuestDebug`; the answer is the mask of flags.
  public static let setGuestDebug2 = Self(KVM_CAP_SET_GUEST_DEBUG2)
  /// Routes from interrupt numbers to controllers' pins and messages.
  public static let irqRouting = Self(KVM_CAP_IRQ_ROUTING)
  /// Interrupts raised by an eventfd.
  public static let irqFD = Self(KVM_CAP_IRQFD)
  /// Level-triggered irqfd with a second eventfd that tells of the end of interrupt.
  public static let irqFDResample = Self(KVM_CAP_IRQFD_RESAMPLE)
  /// A programmable interval timer in the kernel.
  public static let pit2 = Self(KVM_CAP_PIT2)
  /// The state of that timer can be read and set.
  public static let pitState2 = Self(KVM_CAP_PIT_STATE2)
  /// Which vCPU boots can be chosen.
  public static let setBootProcessorID = Self(KVM_CAP_SET_BOOT_CPU_ID)
  /// Eventfds signalled by a write to a port or to device memory.
  public static let ioEventFD = Self(KVM_CAP_IOEVENTFD)
  /// Such eventfds for writes of any width.
  public static let ioEventFDAnyLength = Self(KVM_CAP_IOEVENTFD_ANY_LENGTH)
  /// The address of the identity-mapped page that KVM needs for real mode on old Intel processors.
  public static let setIdentityMapAddress = Self(KVM_CAP_SET_IDENTITY_MAP_ADDR)
  /// The guest's clock can be read and set; the answer is the mask of `KVMClockFlags`.
  public static let adjustClock = Self(KVM_CAP_ADJUST_CLOCK)
  /// Internal errors come with data.
  public static let internalErrorData = Self(KVM_CAP_INTERNAL_ERROR_DATA)
  /// Pending events of a vCPU can be read and set.
  public static let processorEvents = Self(KVM_CAP_VCPU_EVENTS)
  /// Those events include the interrupt shadow.
  public static let interruptShadow = Self(KVM_CAP_INTR_SHADOW)
  /// Those events include an exception that is not yet delivered, with its payload.
  public static let exceptionPayload = Self(KVM_CAP_EXCEPTION_PAYLOAD)
  /// Those events include a pending triple fault.
  public static let tripleFaultEvent = Self(KVM_CAP_X86_TRIPLE_FAULT_EVENT)
  /// Debug registers can be read and set.
  public static let debugRegisters = Self(KVM_CAP_DEBUGREGS)
  /// Options can be set on a machine (KVM_ENABLE_CAP).
  public static let enableCapabilityOnMachine = Self(KVM_CAP_ENABLE_CAP_VM)
  /// The XSAVE area can be read and set.
  public static let xsave = Self(KVM_CAP_XSAVE)
  /// As `xsave`, of any size; asked of a machine, the answer is the size in bytes.
  public static let xsave2 = Self(KVM_CAP_XSAVE2)
  /// Extended control registers can be read and set.
  public static let xcrs = Self(KVM_CAP_XCRS)
  /// The frequency of the guest's time-stamp counter can be set.
  public static let tscControl = Self(KVM_CAP_TSC_CONTROL)
  /// That frequency can be read.
  public static let getTSCFrequency = Self(KVM_CAP_GET_TSC_KHZ)
  /// The local APIC in the kernel has the TSC-deadline timer.
  public static let tscDeadlineTimer = Self(KVM_CAP_TSC_DEADLINE_TIMER)
  /// Registers can be shared in the run area; the answer is the mask of `KVMSyncFields`.
  public static let syncRegisters = Self(KVM_CAP_SYNC_REGS)
  /// The guest can be told that it was paused.
  public static let clockControl = Self(KVM_CAP_KVMCLOCK_CTRL)
  /// Message-signalled interrupts can be sent without a route.
  public static let signalMSI = Self(KVM_CAP_SIGNAL_MSI)
  /// Read-only memory slots, writes to which leave the guest.
  public static let readOnlyMemory = Self(KVM_CAP_READONLY_MEM)
  /// The list of instructions KVM emulates that CPUID reports.
  public static let emulatedCPUID = Self(KVM_CAP_EXT_EMUL_CPUID)
  /// Capabilities can be asked of a machine.
  public static let checkOnMachine = Self(KVM_CAP_CHECK_EXTENSION_VM)
  /// System management mode.
  public static let systemManagementMode = Self(KVM_CAP_X86_SMM)
  /// Local APICs in the kernel, the other controllers in user space.
  public static let splitIRQChip = Self(KVM_CAP_SPLIT_IRQCHIP)
  /// The format of x2APIC identifiers can be chosen.
  public static let x2APICAPI = Self(KVM_CAP_X2APIC_API)
  /// `immediate_exit` in the run area.
  public static let immediateExit = Self(KVM_CAP_IMMEDIATE_EXIT)
  /// Exits for HLT, PAUSE, MWAIT can be turned off; the answer is the mask.
  public static let disableExits = Self(KVM_CAP_X86_DISABLE_EXITS)
  /// The host's feature registers can be read.
  public static let featureMSRs = Self(KVM_CAP_GET_MSR_FEATURES)
  /// The state of nested virtualization; the answer is its size in bytes.
  public static let nestedState = Self(KVM_CAP_NESTED_STATE)
  /// The dirty log can be read and cleared separately; the answer is the mask of its options.
  public static let manualDirtyLogProtect2 = Self(KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2)
  /// Dirty pages are told in a ring; the answer is its largest size in bytes.
  public static let dirtyLogRing = Self(KVM_CAP_DIRTY_LOG_RING)
  /// Accesses to unknown registers can leave the guest; the answer is the mask of reasons.
  public static let userSpaceMSR = Self(KVM_CAP_X86_USER_SPACE_MSR)
  /// Accesses to registers can be filtered.
  public static let msrFilter = Self(KVM_CAP_X86_MSR_FILTER)
  /// Hypercalls and registers of KVM's own interface exist only where CPUID shows their features (of a vCPU).
  public static let enforceHypervisorFeatures = Self(KVM_CAP_ENFORCE_PV_FEATURE_CPUID)
  /// Special registers with PDPTRs (KVM_GET_SREGS2).
  public static let specialRegisters2 = Self(KVM_CAP_SREGS2)
  /// Hypercalls that leave the guest; the answer is the mask.
  public static let exitHypercall = Self(KVM_CAP_EXIT_HYPERCALL)
  /// Statistics in binary form.
  public static let binaryStatistics = Self(KVM_CAP_BINARY_STATS_FD)
  /// Every emulation failure leaves the guest, also one in user mode.
  public static let exitOnEmulationFailure = Self(KVM_CAP_EXIT_ON_EMULATION_FAILURE)
  /// The width of guest-physical addresses (not x86).
  public static let guestAddressBits = Self(KVM_CAP_VM_GPA_BITS)
  /// Memory faults leave the guest with the address.
  public static let memoryFaultInfo = Self(KVM_CAP_MEMORY_FAULT_INFO)

  /// The capabilities that have a name here, each with the kernel's.
  public static let named: [(capability: KVMCapability, name: String)] = [
    (.irqChip, "IRQCHIP"), (.userMemory, "USER_MEMORY"), (.setTSSAddress, "SET_TSS_ADDR"),
    (.extendedCPUID, "EXT_CPUID"), (.recommendedProcessorCount, "NR_VCPUS"),
    (.maximumProcessorCount, "MAX_VCPUS"), (.maximumProcessorID, "MAX_VCPU_ID"),
    (.memorySlotCount, "NR_MEMSLOTS"), (.mpState, "MP_STATE"), (.coalescedMMIO, "COALESCED_MMIO"),
    (.synchronousMMU, "SYNC_MMU"), (.userNMI, "USER_NMI"), (.setGuestDebug, "SET_GUEST_DEBUG"),
    (.setGuestDebug2, "SET_GUEST_DEBUG2"), (.irqRouting, "IRQ_ROUTING"), (.irqFD, "IRQFD"),
    (.irqFDResample, "IRQFD_RESAMPLE"), (.pit2, "PIT2"), (.pitState2, "PIT_STATE2"),
    (.setBootProcessorID, "SET_BOOT_CPU_ID"), (.ioEventFD, "IOEVENTFD"),
    (.ioEventFDAnyLength, "IOEVENTFD_ANY_LENGTH"), (.setIdentityMapAddress, "SET_IDENTITY_MAP_ADDR"),
    (.adjustClock, "ADJUST_CLOCK"), (.internalErrorData, "INTERNAL_ERROR_DATA"),
    (.processorEvents, "VCPU_EVENTS"), (.interruptShadow, "INTR_SHADOW"),
    (.exceptionPayload, "EXCEPTION_PAYLOAD"), (.tripleFaultEvent, "X86_TRIPLE_FAULT_EVENT"),
    (.debugRegisters, "DEBUGREGS"), (.enableCapabilityOnMachine, "ENABLE_CAP_VM"), (.xsave, "XSAVE"),
    (.xsave2, "XSAVE2"), (.xcrs, "XCRS"), (.tscControl, "TSC_CONTROL"),
    (.getTSCFrequency, "GET_TSC_KHZ"), (.tscDeadlineTimer, "TSC_DEADLINE_TIMER"),
    (.syncRegisters, "SYNC_REGS"), (.clockControl, "KVMCLOCK_CTRL"), (.signalMSI, "SIGNAL_MSI"),
    (.readOnlyMemory, "READONLY_MEM"), (.emulatedCPUID, "EXT_EMUL_CPUID"),
    (.checkOnMachine, "CHECK_EXTENSION_VM"), (.systemManagementMode, "X86_SMM"),
    (.splitIRQChip, "SPLIT_IRQCHIP"), (.x2APICAPI, "X2APIC_API"), (.immediateExit, "IMMEDIATE_EXIT"),
    (.disableExits, "X86_DISABLE_EXITS"), (.featureMSRs, "GET_MSR_FEATURES"),
    (.nestedState, "NESTED_STATE"), (.manualDirtyLogProtect2, "MANUAL_DIRTY_LOG_PROTECT2"),
    (.dirtyLogRing, "DIRTY_LOG_RING"), (.userSpaceMSR, "X86_USER_SPACE_MSR"),
    (.msrFilter, "X86_MSR_FILTER"),
    (.enforceHypervisorFeatures, "ENFORCE_PV_FEATURE_CPUID"), (.specialRegisters2, "SREGS2"),
    (.exitHypercall, "EXIT_HYPERCALL"),
    (.binaryStatistics, "BINARY_STATS_FD"), (.exitOnEmulationFailure, "EXIT_ON_EMULATION_FAILURE"),
    (.guestAddressBits, "VM_GPA_BITS"), (.memoryFaultInfo, "MEMORY_FAULT_INFO"),
  ]

  /// The kernel's name, "KVM_CAP_IRQCHIP", or "KVM_CAP_" and the number.
  public var description: String {
    "KVM_CAP_" + (Self.named.first { $0.capability == self }?.name ?? String(rawValue))
  }
}
