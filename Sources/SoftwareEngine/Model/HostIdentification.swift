internal import CLinux
internal import Host
internal import X86

/// What of the host's CPU the software CPU follows: whose manual holds where Intel and AMD differ, and
/// what is executed by the host's own instructions.
struct HostIdentification {
  /// "GenuineIntel" or "AuthenticAMD"; other makers' CPUs count as Intel's.
  var vendor = "GenuineIntel"
  /// The features of leaves 1, 7 and 0x8000_0001 that the host has.
  var features = CPUIDTable()
  /// Whether the time-stamp counter runs at one rate always.
  var hasInvariantTimeStamp = false
  /// The frequency of the time-stamp counter in Hz, or 0 where the host does not tell.
  var timeStampFrequency: UInt64 = 0

  /// The CPU that runs this.
  static let current = HostIdentification.read()

  private static func read() -> HostIdentification {
    var host = HostIdentification()
    let highest = leaf(0).eax
    let highestExtended = leaf(0x8000_0000).eax
    for number in [0, 1, 7, 0x8000_0001, 0x8000_0007] as [UInt32] {
      guard number <= (number >= 0x8000_0000 ? highestExtended : highest) else { continue }
      host.features.set(CPUIDEntry(leaf: number, registers: leaf(number)))
    }
    if host.features.isAMDCompatible { host.vendor = "AuthenticAMD" }
    host.hasInvariantTimeStamp = host.features.has(.invariantTimeStamp)
    host.timeStampFrequency = toldFrequency(highest, isGuest: host.features.has(.hypervisor))
    return host
  }

  /// Leaf 0x15, or what a hypervisor tells in leaf 0x4000_0010.
  private static func toldFrequency(_ highest: UInt32, isGuest: Bool) -> UInt64 {
    if highest >= 0x15 {
      let ratio = leaf(0x15)
      if ratio.eax != 0, ratio.ebx != 0, ratio.ecx != 0 {
        return UInt64(ratio.ecx) * UInt64(ratio.ebx) / UInt64(ratio.eax)
      }
    }
    if isGuest, (0x4000_0010...0x4000_FFFF).contains(leaf(0x4000_0000).eax) {
      return UInt64(leaf(0x4000_0010).eax) * 1000
    }
    return 0
  }

  private static func leaf(_ number: UInt32) -> CPUIDRegisters {
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4) { words in
      // Sound: the function writes four numbers.
      unsafe swiftvm_cpuid(number, 0, words.baseAddress)
      return unsafe CPUIDRegisters(eax: words[0], ebx: words[1], ecx: words[2], edx: words[3])
    }
  }

  // MARK: Measuring

  /// The frequency of the time-stamp counter in Hz: as the host tells it, or measured once.
  static let timeStampFrequency = current.timeStampFrequency != 0 ? current.timeStampFrequency : measured()

  /// Compares the counter with the host's clock for two milliseconds; good to some 1/10000. A guest's
  /// deadline timer needs it, which re-arms itself where it was early, and leaf 0x16, which tells MHz.
  private static func measured() -> UInt64 {
    let start = moment()
    while HostClock.monotonicNanoseconds &- start.nanoseconds < 2_000_000 {}
    let end = moment()
    let elapsed = end.nanoseconds &- start.nanoseconds
    return max((end.timeStamp &- start.timeStamp) &* 1_000_000 / max(elapsed, 1) &* 1000, 1)
  }

  /// The counter and the clock at one moment: of some pairs the one with the least time around it, because
  /// the host may run something else between two readings.
  private static func moment() -> (timeStamp: UInt64, nanoseconds: UInt64) {
    var best = (timeStamp: UInt64(0), nanoseconds: UInt64(0))
    var least = UInt64.max
    for _ in 0..<8 {
      let before = swiftvm_time_stamp()
      let nanoseconds = HostClock.monotonicNanoseconds
      let width = swiftvm_time_stamp() &- before
      if width < least {
        least = width
        best = (before &+ width / 2, nanoseconds)
      }
    }
    return best
  }
}
