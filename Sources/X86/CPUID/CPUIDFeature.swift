/// A feature that CPUID reports with one bit.
public struct CPUIDFeature: Sendable, Hashable {
  /// The leaf.
  public let leaf: UInt32
  /// The subleaf; 0 where the leaf has none.
  public let subleaf: UInt32
  /// The register.
  public let register: CPUIDRegister
  /// The bit in the register, 0…31.
  public let bit: UInt8
  /// The name, as Linux prints it in /proc/cpuinfo where it does, such as "x2apic".
  public let name: String

  /// A feature; `bit` is taken modulo 32.
  public init(leaf: UInt32, subleaf: UInt32 = 0, register: CPUIDRegister, bit: UInt8, name: String) {
    self.leaf = leaf
    self.subleaf = subleaf
    self.register = register
    self.bit = bit & 31
    self.name = name
  }

  /// The feature's bit in its register.
  public var mask: UInt32 { 1 << UInt32(bit) }

  /// The feature called `name`, or nil where we know none of that name. Case does not count.
  public static func named(_ name: String) -> CPUIDFeature? {
    byName[name] ?? byName[name.lowercased()]
  }

  private static let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
}

extension CPUIDFeature: CustomStringConvertible {
  /// The name and the place: "x2apic (CPUID leaf 0x1, ECX bit 21)".
  public var description: String {
    let place = subleaf == 0 ? hex(leaf) : "\(hex(leaf)), subleaf \(subleaf)"
    return "\(name) (CPUID leaf \(place), \(register.rawValue) bit \(bit))"
  }
}

/// The features that code of ours asks for by name.
extension CPUIDFeature {
  /// The CPU has a local APIC, and it is on.
  public static let localAPIC = known("apic")
  /// x2APIC mode.
  public static let x2APIC = known("x2apic")
  /// The local APIC's timer can wait for a value of the time-stamp counter.
  public static let timeStampDeadline = known("tsc_deadline_timer")
  /// More than one logical processor in the package.
  public static let hyperThreading = known("ht")
  /// These logical processors are cores, not threads (AMD).
  public static let coreMultiprocessingLegacy = known("cmp_legacy")
  /// MONITOR and MWAIT.
  public static let monitor = known("monitor")
  /// XSAVE and XCR0.
  public static let xsave = known("xsave")
  /// CR4.OSXSAVE is set.
  public static let osXSAVE = known("osxsave")
  /// XSAVEC.
  public static let xsaveCompaction = known("xsavec")
  /// XSAVES.
  public static let xsaveSupervisor = known("xsaves")
  /// The program runs under a hypervisor.
  public static let hypervisor = known("hypervisor")
  /// VMX.
  public static let vmx = known("vmx")
  /// SVM.
  public static let svm = known("svm")
  /// Protection keys for user pages.
  public static let protectionKeys = known("pku")
  /// CR4.PKE is set.
  public static let osProtectionKeys = known("ospke")
  /// 5-level paging.
  public static let linearAddress57 = known("la57")
  /// SMEP.
  public static let supervisorModeExecutionPrevention = known("smep")
  /// SMAP.
  public static let supervisorModeAccessPrevention = known("smap")
  /// PAE paging.
  public static let physicalAddressExtension = known("pae")
  /// No-execute pages.
  public static let noExecute = known("nx")
  /// 1 GiB pages.
  public static let gigabytePages = known("pdpe1gb")
  /// Long mode.
  public static let longMode = known("lm")
  /// SYSCALL and SYSRET in long mode.
  public static let systemCall = known("syscall")
  /// The time-stamp counter runs at a constant rate in every power state.
  public static let invariantTimeStamp = known("invtsc")

  /// A feature of `all` by its name.
  private static func known(_ name: String) -> CPUIDFeature {
    guard let feature = named(name) else { preconditionFailure("No CPUID feature is called \(name).") }
    return feature
  }
}
