internal import CLinux
internal import ProcessorPolicy
internal import X86

/// What CPU the guest sees: what CPUID tells, and what follows from it. An instruction exists exactly if
/// CPUID shows its feature, and a control bit can be set exactly if it shows what the bit is for.
struct ProcessorModel {
  /// What CPUID tells.
  let table: CPUIDTable
  /// The instructions that exist: bit n for the feature with raw value n.
  private let features: UInt128
  /// Whether AMD's manual holds where it differs from Intel's.
  let isAMD: Bool
  /// Bits of a physical address.
  let physicalAddressBits: Int
  /// Whether 1 GiB pages exist.
  let hasGigabytePages: Bool
  /// What may be set in XCR0, CR4 and EFER.
  let supportedXCR0: XCR0
  let supportedCR4: CR4
  let supportedEFER: EFER
  /// IA32_ARCH_CAPABILITIES; 0 where the register does not exist.
  let architecturalCapabilities: UInt64
  /// The frequency of the time-stamp counter in Hz, or 0 where it is not known.
  let timeStampFrequency: UInt64
  /// The host's time-stamp counter when the guest's was zero.
  let timeStampStart: UInt64
  /// Whether leaf 0x16 tells a frequency that is measured when a guest asks for it.
  private var measuresFrequency = false

  /// The model of one vCPU of a machine.
  ///
  /// - Parameters:
  ///   - index: the vCPU's number, which is its local APIC ID.
  ///   - processorCount: how many vCPUs there are.
  ///   - host: what is taken over from the host's CPU.
  ///   - timeStampStart: the host's time-stamp counter when the machine was made; one value for all vCPUs.
  init(
    index: Int = 0, processorCount: Int = 1, host: HostIdentification = .current,
    timeStampStart: UInt64 = swiftvm_time_stamp()
  ) {
    let table = CPUIDPolicy.table(
      from: .softwareProcessor(host), .software(host, processorCount: processorCount)
    ).describing(apicID: UInt32(clamping: index), of: processorCount)
    self.init(table, timeStampFrequency: host.timeStampFrequency, timeStampStart: timeStampStart)
    measuresFrequency = host.timeStampFrequency == 0
  }

  /// The model that a table describes.
  ///
  /// - Parameter offersEverything: executes every instruction that is implemented, whatever the table
  ///   says; for comparisons with other CPUs.
  init(
    _ table: CPUIDTable, timeStampFrequency: UInt64 = 0, timeStampStart: UInt64 = 0,
    offersEverything: Bool = false
  ) {
    self.table = table
    isAMD = table.isAMDCompatible
    physicalAddressBits = table.physicalAddressBits
    hasGigabytePages = table.hasGigabytePages
    supportedXCR0 = table.supportedXCR0
    supportedCR4 = table.supportedCR4
    supportedEFER = table.supportedEFER
    // Everything that is there to say about faults of speculation: there is none. See the table.
    architecturalCapabilities = table.hasNamed("arch_capabilities") ? 0x0D10_E179 : 0
    self.timeStampFrequency = timeStampFrequency
    self.timeStampStart = timeStampStart
    var features: UInt128 = 0
    for feature in InstructionFeature.allCases where offersEverything || table.offers(feature) {
      features |= 1 << UInt128(feature.rawValue)
    }
    self.features = features
  }

  /// Whether instructions of this feature exist.
  @inline(__always)
  func has(_ feature: InstructionFeature) -> Bool {
    features &>> UInt128(feature.rawValue) & 1 != 0
  }

  /// Whether CPUID has a leaf.
  func has(leaf: UInt32) -> Bool { table.has(leaf: leaf) }

  /// What CPUID returns; two bits follow registers.
  ///
  /// Where the host does not tell the frequency of its time-stamp counter, leaf 0x16 has the measured one. It
  /// spares Linux a calibration against the interval timer, which goes wrong where the host is busy. Leaf 0x15
  /// stays empty then: it claims to be exact, and Linux would not look any closer.
  func identification(leaf: UInt32, subleaf: UInt32, hasOSXSAVE: Bool, isAPICEnabled: Bool) -> CPUIDRegisters
  {
    var result = table.result(leaf: leaf, subleaf: subleaf)
    if leaf == 1 {
      if hasOSXSAVE { result.ecx |= CPUIDFeature.osXSAVE.mask }
      if !isAPICEnabled { result.edx &= ~CPUIDFeature.localAPIC.mask }
    }
    if leaf == 0x16, measuresFrequency {
      result = CPUIDTable.speed(ofFrequency: HostIdentification.timeStampFrequency)
    }
    return result
  }
}
