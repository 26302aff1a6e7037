/// What CPUID tells of the time-stamp counter's frequency (SDM Vol. 2A, CPUID leaves 0x15 and 0x16).
extension CPUIDTable {
  /// Sets leaves 0x15, 0x16 and 0x4000_0010 for a time-stamp counter of this frequency.
  ///
  /// The ratio of 0x15 is chosen such that Linux, which multiplies the crystal's kHz by the numerator in
  /// 32 bits, does not overflow. Leaf 0x4000_0010 is what hypervisors have agreed on: the counter's and the
  /// local APIC's frequency in kHz.
  ///
  /// - Parameters:
  ///   - frequency: in Hz; 0 where it is not known: then the leaves tell nothing of it.
  ///   - crystal: the frequency of the local APIC's timer in Hz, which leaf 0x15 calls the crystal's.
  public mutating func setTimeStampFrequency(_ frequency: UInt64, crystal: UInt32) {
    var ratio = CPUIDRegisters()
    var speed = CPUIDRegisters()
    if frequency != 0, crystal != 0 {
      let (numerator, denominator) = Self.ratio(frequency, UInt64(crystal), limit: 4000)
      ratio = CPUIDRegisters(eax: denominator, ebx: numerator, ecx: crystal)
      speed = Self.speed(ofFrequency: frequency)
    }
    set(CPUIDEntry(leaf: 0x15, registers: ratio))
    set(CPUIDEntry(leaf: 0x16, registers: speed))
    let told = CPUIDRegisters(eax: UInt32(clamping: frequency / 1000), ebx: crystal / 1000)
    set(CPUIDEntry(leaf: 0x4000_0010, registers: told))
  }

  /// Leaf 0x16 of a CPU with this frequency in Hz: base and maximum in MHz, and a bus of 100 MHz.
  public static func speed(ofFrequency frequency: UInt64) -> CPUIDRegisters {
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
