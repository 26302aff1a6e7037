/// How kvmclock turns ticks of the time-stamp counter into nanoseconds: shifted, then multiplied by a fraction
/// of 2³² (Linux, Documentation/virt/kvm/x86/msr.rst, MSR_KVM_SYSTEM_TIME_NEW).
struct TickScale: Equatable {
  /// The fraction: nanoseconds in a shifted tick × 2³².
  let multiplier: UInt32
  /// Bits by which ticks are shifted to the left before, or to the right where it is negative.
  let shift: Int8

  /// The scale of a counter with this frequency in Hz.
  init(frequency: UInt64) {
    // Shifted, a second has more than 10⁹ and at most 2 × 10⁹ ticks: so the fraction is less than one, and as
    // many of its bits as possible say something.
    let second: UInt64 = 1_000_000_000
    let frequency = min(max(frequency, 1), 1 << 40)
    var shift = 0
    while shift < 31, frequency.leadingZeroBitCount > shift, frequency << UInt64(shift) <= second {
      shift += 1
    }
    while frequency >> UInt64(-min(shift, 0)) > 2 * second { shift -= 1 }
    // 10⁹ × 2³² / (frequency × 2^shift): 62 bits and those of a negative shift.
    let dividend =
      shift < 0
      ? second.multipliedFullWidth(by: 1 << UInt64(32 - shift)) : (high: 0, low: second << 32)
    let divisor = shift < 0 ? frequency : frequency << UInt64(shift)
    let quotient = dividend.high < divisor ? divisor.dividingFullWidth(dividend).quotient : .max
    multiplier = UInt32(clamping: quotient)
    self.shift = Int8(clamping: shift)
  }

  /// Ticks in nanoseconds, as a guest works it out.
  func nanoseconds(_ ticks: UInt64) -> UInt64 {
    let shifted = shift < 0 ? ticks >> UInt64(-Int(shift)) : ticks << UInt64(shift)
    let product = shifted.multipliedFullWidth(by: UInt64(multiplier))
    return product.high << 32 | product.low >> 32
  }
}
