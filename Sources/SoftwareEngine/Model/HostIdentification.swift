internal import CLinux
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
    host.timeStampFrequency = timeStampFrequency(highest, isGuest: host.features.has(.hypervisor))
    return host
  }

  /// Leaf 0x15, or what a hypervisor tells in leaf 0x4000_0010.
  private static func timeStampFrequency(_ highest: UInt32, isGuest: Bool) -> UInt64 {
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
    // Sound: four words that live as long as the call.
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4) { words in
      unsafe swiftvm_cpuid(number, 0, words.baseAddress)
      var registers = CPUIDRegisters()
      unsafe (registers.eax, registers.ebx, registers.ecx, registers.edx) = (words[0], words[1], words[2], words[3])
      return registers
    }
  }
}
