public import Engine
public import GuestMemory
internal import KVM
internal import ProcessorPolicy
internal import X86

/// A virtual machine on KVM.
public final class HardwareEngine: MachineEngine, @unchecked Sendable {
  // @unchecked: set-up is single-threaded; afterwards only `machine` is used, whose ioctls the
  // kernel serializes.

  let kernelMachine: KernelMachine
  private let runAreaByteCount: Int
  /// The guest memory that the kernel maps: it must outlive the machine.
  private(set) var memory: GuestMemory?
  /// See `forgetTranslations`.
  var spare: SparePage?
  private let savedRegisters: SavedRegisters
  private let cpuid: SupportedCPUID
  /// Where the interrupt controllers are.
  private var place: InterruptControllerPlace
  /// This vCPU runs the guest's user mode only: nothing of it is KVM's to decide.
  private var runsUserModeOnly = false
  /// RDMSR and WRMSR that KVM does not answer leave the guest.
  private(set) var hasRegisterExits = false
  /// What the guest sees of its CPU; nil before `finishSetup`.
  var policy: HardwarePolicy?

  /// Where KVM keeps the three pages and the one page that old Intel CPUs need for real mode: just
  /// under the 4 GiB firmware area, where a PC has no RAM.
  private static let identityMapAddress: UInt64 = 0xFFFB_C000
  private static let tssAddress: UInt32 = 0xFFFB_D000

  /// Opens KVM and creates a machine without memory or vCPUs.
  ///
  /// - Parameters:
  ///   - cpuid: the answer that was asked for in advance, or nil to ask now.
  ///   - interrupts: where the interrupt controllers will most likely be: what `prepareInterrupts` is told
  ///     counts, but it takes longer where it is something else.
  /// - Throws: where KVM is missing, not accessible, or lacks what every machine here needs.
  public init(
    path: String = "/dev/kvm", cpuid: SupportedCPUID? = nil, interrupts: InterruptControllerPlace = .engine
  ) throws(EngineError) {
    place = interrupts
    self.cpuid = cpuid ?? SupportedCPUID(path: path)
    savedRegisters = SavedRegisters(path: path)
    do throws(KVMError) {
      let device = try KVMDevice(path: path)
      kernelMachine = KernelMachine(try device.createMachine())
      runAreaByteCount = try device.runAreaByteCount()
    } catch {
      throw EngineError(error.description, errno: error.errno)
    }
  }

  /// Leaves out what is for a guest's kernel. Before `map`.
  public func prepareForUserModeOnly() { runsUserModeOnly = true }

  /// One memory slot for each region (KVM_SET_USER_MEMORY_REGION).
  ///
  /// The filter for model-specific registers comes before it: the kernel waits for all readers of the
  /// machine's structures at each of the two, and that takes milliseconds where it had to do so a moment ago.
  /// In this order it does only once.
  public func map(_ memory: GuestMemory) throws(EngineError) {
    self.memory = memory
    try asEngineError { () throws(KVMError) in
      try filterRegisters()
      for (slot, region) in memory.regions.enumerated() {
        // Sound: `self` keeps the memory mapped for as long as the machine exists.
        try unsafe kernelMachine.machine.setUserMemoryRegion(
          slot: UInt32(slot), flags: region.isReadOnly ? [.readOnly] : [],
          guestPhysicalAddress: region.base.rawValue, byteCount: region.byteCount, hostMemory: region.hostBase
        )
      }
    }
  }

  /// In the engine: the PIC pair, the I/O APIC and, with each vCPU, a local APIC. In software: none, and
  /// the registers of the local APIC leave the guest where this kernel can do that.
  public func prepareInterrupts(_ place: InterruptControllerPlace) throws(EngineError) {
    let isOther = place != self.place
    self.place = place
    try asEngineError { () throws(KVMError) in
      if isOther { try filterRegisters() }
      // Both addresses must be set before the first vCPU exists.
      try kernelMachine.machine.setIdentityMapAddress(Self.identityMapAddress)
      try kernelMachine.machine.setTSSAddress(Self.tssAddress)
      guard place == .engine else { return }
      try kernelMachine.machine.createIRQChip()
      try kernelMachine.machine.setGSIRouting(Self.wiring)
    }
  }

  /// Denies the registers that the policy does not allow, where this kernel can.
  private func filterRegisters() throws(KVMError) {
    if runsUserModeOnly { return }
    hasRegisterExits = reportsRegisterAccesses()
    guard hasRegisterExits else { return }
    try HardwarePolicy(offer: try cpuid.table(), circumstances([])).applyFilter(to: kernelMachine.machine)
  }

  /// Lets RDMSR and WRMSR that KVM would answer with #GP leave the guest: of registers that the filter denies,
  /// that KVM does not know, and of values that it does not take (KVM API, 4.97 and 7.21). What is ours to
  /// answer are the registers of local APICs outside the kernel; all else is counted, and is #GP.
  ///
  /// IA32_APIC_BASE and IA32_TSC_DEADLINE are denied by the filter where they are ours. The x2APIC registers
  /// cannot be, but KVM refuses them without a local APIC of its own.
  ///
  /// - Returns: false before Linux 5.10.
  private func reportsRegisterAccesses() -> Bool {
    guard kernelMachine.machine.check(.msrFilter) > 0 else { return false }
    let reasons: KVMMSRExitReasons = [.invalid, .unknown, .filter]
    return (try? kernelMachine.machine.enableUserSpaceMSR(reasons)) != nil
  }

  /// How a PC's interrupt lines are wired: 0…15 to the PIC pair, 0…23 to the I/O APIC, where the
  /// timer (line 0) arrives at pin 2. KVM's own wiring has it at pin 0.
  private static let wiring: [KVMIRQRoute] = {
    let pic = (UInt32(0)..<16).filter { $0 != 2 }.map { line in
      KVMIRQRoute.pin(gsi: line, chip: line < 8 ? .masterPIC : .slavePIC, pin: line % 8)
    }
    let ioapic = (UInt32(0)..<24).filter { $0 != 2 }.map { line in
      KVMIRQRoute.pin(gsi: line, chip: .ioapic, pin: line == 0 ? 2 : line)
    }
    return pic + ioapic
  }()

  /// A vCPU, as yet without CPUID.
  public func makeProcessor(index: Int) throws(EngineError) -> HardwareProcessor {
    try asEngineError { () throws(KVMError) in
      HardwareProcessor(
        index: index,
        processor: try kernelMachine.machine.createProcessor(
          id: UInt32(index), runAreaByteCount: runAreaByteCount),
        savedRegisters: savedRegisters, hasLocalAPIC: place == .engine)
    }
  }

  /// The interval timer, with a speaker port that does nothing (KVM_CREATE_PIT2), where it goes with the
  /// controllers in the kernel; and each vCPU's CPUID.
  public func finishSetup(_ processors: [HardwareProcessor]) throws(EngineError) {
    if place == .engine {
      try asEngineError { () throws(KVMError) in
        try kernelMachine.machine.createPIT2(flags: .speakerDummy)
      }
    }
    try asEngineError { () throws(KVMError) in
      let policy = HardwarePolicy(offer: try cpuid.table(), circumstances(processors))
      self.policy = policy
      try policy.apply(to: processors)
    }
  }

  private func circumstances(_ processors: [HardwareProcessor]) -> PolicyCircumstances {
    let kilohertz = (try? processors.first?.processor.timeStampFrequency()) ?? 0
    let isOwn = place == .engine
    return PolicyCircumstances(
      engine: .kvm, hasOwnLocalAPICs: isOwn, hasX2APIC: isOwn || hasRegisterExits,
      hasDeadlineTimer: isOwn
        ? kernelMachine.machine.check(.tscDeadlineTimer) > 0 : hasRegisterExits && kilohertz > 0,
      timeStampFrequency: UInt64(kilohertz) * 1000, processorCount: processors.count)
  }

  /// The kernel's controllers.
  public var interruptController: (any InterruptController)? { place == .engine ? kernelMachine : nil }
}

/// The machine's descriptor, shared by the engine and everything that raises interrupts.
final class KernelMachine: InterruptController {
  let machine: KVMMachine

  init(_ machine: consuming KVMMachine) { self.machine = machine }

  /// KVM_IRQ_LINE. It fails only for a line that does not exist, and those are fixed in our tables.
  func setLine(_ gsi: UInt32, level: Bool) { try? machine.setLine(irq: gsi, level: level) }

  /// KVM_SIGNAL_MSI. A guest can make it fail with a nonsensical message; then nothing is delivered.
  func signal(_ message: MSIMessage) {
    _ = try? machine.signalMSI(address: message.address, data: message.data)
  }
}
