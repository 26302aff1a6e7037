/// The whole architectural state of one x86-64 virtual CPU.
///
/// Every engine can save it and load it, at any instruction boundary. That one fact carries the
/// rest of the product: moving a vCPU between engines, snapshots, the crash report, the debugger.
///
/// The values are what the architecture defines, not what one hypervisor's interface happens to
/// use; the conversion to and from KVM's structures is in `KVMEngine`.
public struct CPUState: Sendable, Equatable {
  /// RAX … R15.
  public var general = GeneralRegisters()
  /// The address of the next instruction, relative to the CS base.
  public var rip: UInt64 = 0
  /// The flags. Bit 1 reads as one on every x86.
  public var rflags: RFLAGS = .reserved1

  /// Code segment.
  public var cs = Segment()
  /// Data segment.
  public var ds = Segment()
  /// Extra segment.
  public var es = Segment()
  /// Segment FS; its base is the 64-bit FS base.
  public var fs = Segment()
  /// Segment GS; its base is the 64-bit GS base.
  public var gs = Segment()
  /// Stack segment.
  public var ss = Segment()
  /// Task register.
  public var tr = Segment()
  /// Local descriptor table register.
  public var ldt = Segment()
  /// Global descriptor table register.
  public var gdt = DescriptorTable()
  /// Interrupt descriptor table register.
  public var idt = DescriptorTable()

  /// Control register 0: operating modes.
  public var cr0: CR0 = []
  /// Control register 2: the linear address of the last page fault.
  public var cr2: UInt64 = 0
  /// Control register 3: the page-table base and its cache bits.
  public var cr3 = CR3(rawValue: 0)
  /// Control register 4: extensions.
  public var cr4: CR4 = []
  /// Control register 8: the task priority, 0…15.
  public var cr8: UInt64 = 0
  /// Extended control register 0: which XSAVE components are enabled.
  public var xcr0: XCR0 = .x87
  /// Extended feature enable register (MSR 0xC000_0080).
  public var efer: EFER = []
  /// IA32_APIC_BASE (MSR 0x1B).
  public var apicBase: UInt64 = 0

  /// Model-specific registers other than EFER, APIC_BASE, and the FS and GS base.
  public var modelSpecific = ModelSpecificRegisters()
  /// DR0 … DR7.
  public var debug = DebugRegisters()
  /// x87, SSE and later register state, in the layout of XSAVE.
  public var extended = ExtendedState()
  /// Exceptions and interrupts that are under way or held back.
  public var events = PendingEvents()
  /// Whether the vCPU runs, is halted, or waits for a start-up IPI.
  public var activity: ActivityState = .running

  /// A state with every register zero but the ones the architecture fixes.
  public init() {}

  /// The privilege level the CPU runs at, 0…3: the DPL of SS (SDM Vol. 3A, 5.5), 0 in real mode.
  public var privilegeLevel: UInt8 {
    guard cr0.contains(.protectionEnable) else { return 0 }
    if rflags.contains(.virtual8086) { return 3 }
    return ss.privilegeLevel
  }

  /// The operating mode that CR0, EFER, RFLAGS and CS select (AMD APM Vol. 2, 1.2).
  public var mode: OperatingMode {
    guard cr0.contains(.protectionEnable) else { return .real }
    if efer.contains(.longModeActive) {
      return cs.isLong ? .long : .compatibility
    }
    return rflags.contains(.virtual8086) ? .virtual8086 : .protected
  }

  /// The linear address of the next instruction: RIP plus the CS base, which long mode ignores.
  public var linearInstructionPointer: UInt64 {
    mode == .long ? rip : (cs.base &+ rip) & 0xFFFF_FFFF
  }

  /// The linear address of the top of the stack: RSP plus the SS base, which long mode ignores.
  public var linearStackPointer: UInt64 {
    if mode == .long { return general.rsp }
    let offset = ss.isDefault32 ? general.rsp & 0xFFFF_FFFF : general.rsp & 0xFFFF
    return (ss.base &+ offset) & 0xFFFF_FFFF
  }
}

/// The operating modes of an x86-64 processor (AMD APM Vol. 2, 1.2).
public enum OperatingMode: String, Sendable {
  /// 16-bit real-address mode.
  case real
  /// Virtual-8086 mode.
  case virtual8086
  /// 16- or 32-bit protected mode, EFER.LMA clear.
  case protected
  /// EFER.LMA set, CS.L clear: 16- or 32-bit code under a 64-bit system.
  case compatibility
  /// 64-bit mode.
  case long
}

/// What a vCPU does when it is given time (KVM API, KVM_GET_MP_STATE).
public enum ActivityState: UInt32, Sendable {
  /// It executes instructions.
  case running = 0
  /// An application processor that was not started: it waits for INIT.
  case uninitialized = 1
  /// It received INIT and waits for a start-up IPI.
  case initReceived = 2
  /// It executed HLT and waits for an interrupt.
  case halted = 3
  /// It received a start-up IPI that is not delivered yet.
  case startupReceived = 4
}
