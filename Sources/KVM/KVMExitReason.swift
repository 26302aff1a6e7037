/// Why a vCPU left the guest (`exit_reason` of the run area; KVM_EXIT_*). Section 5 of the
/// kernel's Documentation/virt/kvm/api.rst says what each comes with.
public struct KVMExitReason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The kernel's number.
  public var rawValue: UInt32

  /// The reason with this number.
  @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The hardware left for a reason KVM does not know: `hw`.
  @inlinable public static var unknown: Self { Self(rawValue: 0) }
  /// An exception KVM does not handle: `ex`.
  @inlinable public static var exception: Self { Self(rawValue: 1) }
  /// IN or OUT: `io`.
  @inlinable public static var io: Self { Self(rawValue: 2) }
  /// A hypercall that user space wants: `hypercall`.
  @inlinable public static var hypercall: Self { Self(rawValue: 3) }
  /// A breakpoint or single step: `debug`.
  @inlinable public static var debug: Self { Self(rawValue: 4) }
  /// HLT, where the local APIC is not in the kernel.
  @inlinable public static var hlt: Self { Self(rawValue: 5) }
  /// An access to memory that is in no slot, or a write to a read-only slot: `mmio`.
  @inlinable public static var mmio: Self { Self(rawValue: 6) }
  /// The guest can take an interrupt, as asked for.
  @inlinable public static var irqWindowOpen: Self { Self(rawValue: 7) }
  /// A triple fault, or a machine that cannot go on.
  @inlinable public static var shutdown: Self { Self(rawValue: 8) }
  /// The processor refused to enter the guest: `fail_entry`.
  @inlinable public static var failEntry: Self { Self(rawValue: 9) }
  /// A signal is pending for the thread (KVM_RUN then also returns -EINTR), or `immediate_exit`.
  @inlinable public static var intr: Self { Self(rawValue: 10) }
  /// The guest changed CR8, where user space wants to know.
  @inlinable public static var setTPR: Self { Self(rawValue: 11) }
  /// An access to the task priority register: `tpr_access`.
  @inlinable public static var tprAccess: Self { Self(rawValue: 12) }
  /// A non-maskable interrupt of the host.
  @inlinable public static var nmi: Self { Self(rawValue: 16) }
  /// KVM cannot go on: `internal`, `emulation_failure`.
  @inlinable public static var internalError: Self { Self(rawValue: 17) }
  /// A watchdog expired.
  @inlinable public static var watchdog: Self { Self(rawValue: 21) }
  /// The guest asks for shutdown, reset or tells of a crash: `system_event`.
  @inlinable public static var systemEvent: Self { Self(rawValue: 24) }
  /// An end of interrupt for a vector of the I/O APIC in user space: `eoi`.
  @inlinable public static var ioapicEOI: Self { Self(rawValue: 26) }
  /// Hyper-V: `hyperv`.
  @inlinable public static var hyperV: Self { Self(rawValue: 27) }
  /// RDMSR that user space is to answer: `msr`.
  @inlinable public static var rdmsr: Self { Self(rawValue: 29) }
  /// WRMSR that user space is to carry out: `msr`.
  @inlinable public static var wrmsr: Self { Self(rawValue: 30) }
  /// The ring of dirty pages is full.
  @inlinable public static var dirtyRingFull: Self { Self(rawValue: 31) }
  /// A processor of an encrypted guest waits after INIT.
  @inlinable public static var apResetHold: Self { Self(rawValue: 32) }
  /// The guest locked the bus.
  @inlinable public static var busLock: Self { Self(rawValue: 33) }
  /// Xen: `xen`.
  @inlinable public static var xen: Self { Self(rawValue: 34) }
  /// No event window for a long time: `notify`.
  @inlinable public static var notify: Self { Self(rawValue: 37) }
  /// An access to memory that the kernel cannot resolve.
  @inlinable public static var memoryFault: Self { Self(rawValue: 39) }

  /// The kernel's name, "KVM_EXIT_IO", or "KVM_EXIT_" and the number.
  public var description: String {
    let name =
      switch self {
      case .unknown: "UNKNOWN"
      case .exception: "EXCEPTION"
      case .io: "IO"
      case .hypercall: "HYPERCALL"
      case .debug: "DEBUG"
      case .hlt: "HLT"
      case .mmio: "MMIO"
      case .irqWindowOpen: "IRQ_WINDOW_OPEN"
      case .shutdown: "SHUTDOWN"
      case .failEntry: "FAIL_ENTRY"
      case .intr: "INTR"
      case .setTPR: "SET_TPR"
      case .tprAccess: "TPR_ACCESS"
      case .nmi: "NMI"
      case .internalError: "INTERNAL_ERROR"
      case .watchdog: "WATCHDOG"
      case .systemEvent: "SYSTEM_EVENT"
      case .ioapicEOI: "IOAPIC_EOI"
      case .hyperV: "HYPERV"
      case .rdmsr: "X86_RDMSR"
      case .wrmsr: "X86_WRMSR"
      case .dirtyRingFull: "DIRTY_RING_FULL"
      case .apResetHold: "AP_RESET_HOLD"
      case .busLock: "X86_BUS_LOCK"
      case .xen: "XEN"
      case .notify: "NOTIFY"
      case .memoryFault: "MEMORY_FAULT"
      default: String(rawValue)
      }
    return "KVM_EXIT_" + name
  }
}
