internal import Host
internal import KVM

/// What a host's KVM offers: the facts behind `swiftvm doctor`.
public struct HostCheck: Sendable {
  /// A capability that machines here use, and whether this kernel has it.
  public struct Capability: Sendable {
    /// The kernel's name of it.
    public var name: String
    /// What it is used for.
    public var purpose: String
    /// Without it no machine runs.
    public var isRequired: Bool
    /// The kernel's answer: 0 where it is absent.
    public var value: Int32
    /// Whether it is there.
    public var isPresent: Bool { value > 0 }
  }

  /// The path that was looked at.
  public var path: String
  /// Why KVM cannot be used, with what to do; nil where it can.
  public var obstacle: String?
  /// The interface's version.
  public var apiVersion: Int32?
  /// The capabilities in use.
  public var capabilities: [Capability] = []
  /// The recommended and the largest number of vCPUs.
  public var recommendedCPUCount = 0
  /// The largest number of vCPUs.
  public var maximumCPUCount = 0
  /// The number of memory slots.
  public var memorySlotCount = 0

  /// Whether machines can run: KVM can be used and nothing required is missing.
  public var isUsable: Bool { obstacle == nil && capabilities.allSatisfy { $0.isPresent || !$0.isRequired } }

  private static let inUse: [(KVMCapability, String, Bool)] = [
    (.userMemory, "guest memory", true),
    (.irqChip, "interrupt controllers", true),
    (.pit2, "interval timer", true),
    (.immediateExit, "stopping a vCPU without a race", true),
    (.setTSSAddress, "real mode on old Intel CPUs", true),
    (.extendedCPUID, "CPUID", true),
    (.mpState, "SMP and the halt watch", true),
    (.readOnlyMemory, "ROM", false),
    (.signalMSI, "message-signalled interrupts", false),
    (.irqFD, "interrupts by eventfd", false),
    (.ioEventFD, "notifications by eventfd", false),
    (.processorEvents, "crash reports and snapshots", false),
    (.debugRegisters, "crash reports and snapshots", false),
    (.xsave2, "crash reports and snapshots", false),
    (.binaryStatistics, "a halt watch that does not disturb", false),
    (.syncRegisters, "registers without a system call", false),
    (.setGuestDebug, "breakpoints and single steps", false),
    (.splitIRQChip, "I/O APIC in user space", false),
    (.userSpaceMSR, "model-specific registers in user space", false),
    (.tscDeadlineTimer, "the local APIC's deadline timer", false),
    (.nestedState, "hypervisors as guests", false),
  ]

  /// Looks at the KVM at `path`; takes some milliseconds.
  public init(path: String = "/dev/kvm") {
    self.path = path
    do throws(KVMError) {
      let device = try KVMDevice(path: path)
      apiVersion = KVMDevice.apiVersion
      for (capability, purpose, isRequired) in Self.inUse {
        capabilities.append(
          Capability(
            name: capability.description, purpose: purpose, isRequired: isRequired,
            value: device.check(capability)))
      }
      let limits = device.limits()
      recommendedCPUCount = limits.recommendedProcessorCount
      maximumCPUCount = limits.maximumProcessorCount
      memorySlotCount = limits.memorySlotCount
    } catch {
      obstacle = error.description
      return
    }
    let missing = capabilities.filter { $0.isRequired && !$0.isPresent }.map(\.name)
    if !missing.isEmpty {
      obstacle = "this kernel's KVM lacks \(missing.joined(separator: ", ")); use a newer kernel"
    }
  }
}
