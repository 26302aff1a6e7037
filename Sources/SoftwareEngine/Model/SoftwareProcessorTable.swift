internal import X86

/// What CPUID tells of the software CPU: an x86-64 of the second level (x86-64-v2) with what this engine
/// carries out, and nothing else.
extension CPUIDTable {
  /// The features that need nothing of the host.
  private static let ownFeatures = """
    fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 \
    cx16 x2apic movbe popcnt tsc_deadline_timer xsave hypervisor \
     fsgsbase tsc_adjust bmi1 smep bmi2 erms adx smap umip arat xsaveopt xsavec \
     syscall nx rdtscp lm lahf_lm abm 3dnowprefetch zero_fcs_fds
    """
  /// The features whose instructions the host's CPU executes for this one, and what its x87 does.
  private static let hostFeatures =
    "pni ssse3 sse4_1 sse4_2 aes pclmulqdq sha_ni gfni fdp_excptn_only rdrand rdseed"

  /// The frequency of the local APIC's timer, and so of the clock that leaf 0x15 calls the crystal: 1 GHz.
  static let crystalFrequency: UInt64 = 1_000_000_000

  /// The table of a machine's first vCPU.
  static func softwareProcessor(_ host: HostIdentification) -> CPUIDTable {
    var table = CPUIDTable()
    func set(_ leaf: UInt32, _ eax: UInt32 = 0, _ ebx: UInt32 = 0, _ ecx: UInt32 = 0, _ edx: UInt32 = 0) {
      table.set(
        CPUIDEntry(leaf: leaf, registers: CPUIDRegisters(eax: eax, ebx: ebx, ecx: ecx, edx: edx)))
    }
    func set(_ leaf: UInt32, subleaf: UInt32, _ eax: UInt32 = 0, _ ebx: UInt32 = 0, _ ecx: UInt32 = 0) {
      table.set(
        CPUIDEntry(
          leaf: leaf, subleaf: subleaf, isSubleafSignificant: true,
          registers: CPUIDRegisters(eax: eax, ebx: ebx, ecx: ecx)))
    }
    let isAMD = host.vendor == "AuthenticAMD"
    set(0, 0x16)
    // Intel's first Atom executes in order and speculates about nothing, like this CPU; systems know it,
    // and spare themselves what they do against speculation. AMD: an early Opteron.
    set(1, isAMD ? 0x0006_0FB1 : 0x0001_06CA, 8 << 8)
    // "See leaf 4", and no TLB worth a descriptor.
    set(2, 0x00FF_FF01)
    for leaf in [UInt32(3), 5, 9, 0xA, 0xC, 0xE, 0xF, 0x10, 0x11, 0x12, 0x13, 0x14] { set(leaf) }
    set(6)
    set(7)
    set(8)
    if isAMD { set(4) } else { table.setIntelCaches() }
    set(0xB, subleaf: 0, 0, 1, 0x100)
    set(0xB, subleaf: 1, 0, 1, 0x201)
    // XCR0: x87 and SSE, an area of 576 bytes.
    set(0xD, subleaf: 0, 3, 576, 576)
    set(0xD, subleaf: 1, 0, 576)
    table.setTimeStamp(host.timeStampFrequency)
    set(0x8000_0000, 0x8000_0008)
    for leaf in UInt32(0x8000_0001)...0x8000_0004 { set(leaf) }
    // Caches as AMD tells them: 64-byte lines, 32 KiB of each kind, 512 KiB.
    set(0x8000_0005, 0, 0, 0x2008_0140, 0x2008_0140)
    set(0x8000_0006, 0, 0, 0x0200_8140)
    set(0x8000_0007)
    // 40 bits of physical, 48 of linear addresses.
    set(0x8000_0008, 48 << 8 | 40)
    set(0x4000_0000, 0x4000_0010)
    for leaf in UInt32(0x4000_0001)...0x4000_0010 where leaf != 0x4000_0010 { set(leaf) }
    set(
      0x4000_0010, UInt32(clamping: host.timeStampFrequency / 1000), UInt32(crystalFrequency / 1000))

    table.vendor = host.vendor
    table.hypervisor = "SwiftVM"
    table.brand = "SwiftVM software CPU"
    table.setFeatures(host)
    return table
  }

  private mutating func setFeatures(_ host: HostIdentification) {
    for name in Self.ownFeatures.split(separator: " ") { allow(name) }
    for name in Self.hostFeatures.split(separator: " ") where host.features.hasNamed(String(name)) {
      allow(name)
    }
    if host.hasInvariantTimeStamp { set(.invariantTimeStamp, to: true) }
    // AMD tells of its faults of speculation by other means.
    if !isAMDCompatible { allow("arch_capabilities") }
  }

  private mutating func allow(_ name: Substring) {
    if let feature = CPUIDFeature.named(String(name)) { set(feature, to: true) }
  }

  /// The signature of leaf 0x4000_0000, padded with zeros.
  private var hypervisor: String {
    get { hypervisorSignature ?? "" }
    set {
      var words: [UInt32] = [0, 0, 0]
      for (index, byte) in newValue.utf8.prefix(12).enumerated() {
        words[index / 4] |= UInt32(byte) << UInt32(index % 4 * 8)
      }
      update(0x4000_0000) { leaf in (leaf.ebx, leaf.ecx, leaf.edx) = (words[0], words[1], words[2]) }
    }
  }

  /// Leaf 4: 32 KiB of data and of instructions with 8 ways, 512 KiB with 8 ways; 64-byte lines.
  private mutating func setIntelCaches() {
    // EAX: type 1 data, 2 instructions, 3 unified; the level; self-initializing. EBX: ways, line size.
    let caches: [(type: UInt32, level: UInt32, sets: UInt32)] = [(1, 1, 64), (2, 1, 64), (3, 2, 1024)]
    for (subleaf, cache) in caches.enumerated() {
      set(
        CPUIDEntry(
          leaf: 4, subleaf: UInt32(subleaf), isSubleafSignificant: true,
          registers: CPUIDRegisters(
            eax: cache.type | cache.level << 5 | 1 << 8, ebx: 7 << 22 | 63, ecx: cache.sets - 1)))
    }
  }

  /// Leaves 0x15 and 0x16, where the frequency of the time-stamp counter is known.
  ///
  /// The ratio of 0x15 is chosen such that Linux, which multiplies the crystal's kHz by the numerator in
  /// 32 bits, does not overflow.
  private mutating func setTimeStamp(_ frequency: UInt64) {
    var ratio = CPUIDRegisters()
    var speed = CPUIDRegisters()
    if frequency != 0 {
      let (numerator, denominator) = Self.ratio(frequency, Self.crystalFrequency, limit: 4000)
      ratio = CPUIDRegisters(eax: denominator, ebx: numerator, ecx: UInt32(Self.crystalFrequency))
      speed = Self.speed(ofFrequency: frequency)
    }
    set(CPUIDEntry(leaf: 0x15, registers: ratio))
    set(CPUIDEntry(leaf: 0x16, registers: speed))
  }

  /// Leaf 0x16 of a CPU with this frequency in Hz: base and maximum in MHz, and a bus of 100 MHz.
  static func speed(ofFrequency frequency: UInt64) -> CPUIDRegisters {
    let megahertz = UInt32(clamping: (frequency &+ 500_000) / 1_000_000) & 0xFFFF
    return CPUIDRegisters(eax: megahertz, ebx: megahertz, ecx: 100)
  }

  /// The best fraction for `value` / `unit` whose two parts are at most `limit`: a convergent of its
  /// continued fraction.
  static func ratio(_ value: UInt64, _ unit: UInt64, limit: UInt64) -> (
    numerator: UInt32, denominator: UInt32
  ) {
    var (high, low) = (value, unit)
    var (before, last) = ((p: UInt64(0), q: UInt64(1)), (p: UInt64(1), q: UInt64(0)))
    while low != 0 {
      let whole = high / low
      let (p, overflowP) = whole.multipliedReportingOverflow(by: last.p)
      let (q, overflowQ) = whole.multipliedReportingOverflow(by: last.q)
      guard !overflowP, !overflowQ, p <= limit, q <= limit else { break }
      let next = (p: p + before.p, q: q + before.q)
      guard next.p <= limit, next.q <= limit else { break }
      (before, last) = (last, next)
      (high, low) = (low, high % low)
    }
    return (UInt32(clamping: last.p), UInt32(clamping: max(last.q, 1)))
  }
}
