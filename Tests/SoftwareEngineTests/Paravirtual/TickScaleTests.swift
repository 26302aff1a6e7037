@testable import SoftwareEngine
import Testing

@Suite("kvmclock's arithmetic")
struct TickScaleTests {
  static let frequencies: [UInt64] = [
    1, 1000, 32_768, 1_000_000, 500_000_000, 999_999_999, 1_000_000_000, 1_000_000_001, 1_999_999_999,
    2_000_000_000, 2_000_000_001, 2_100_000_000, 2_300_000_000, 3_792_896_000, 4_000_000_000, 5_700_000_000,
    1 << 40,
  ]

  @Test("a second of ticks is a second", arguments: frequencies)
  func second(_ frequency: UInt64) {
    let scale = TickScale(frequency: frequency)
    let told = scale.nanoseconds(frequency)
    // The fraction has 31 bits at least, and a right shift loses less than a shifted tick.
    #expect(told <= 1_000_000_000 && told >= 1_000_000_000 - 3, "\(scale)")
    // As large as it can be: the first bit of the fraction is set.
    #expect(scale.multiplier >> 31 == 1)
  }

  @Test("ten years do not overflow", arguments: [2_300_000_000, 999_999_999] as [UInt64])
  func tenYears(_ frequency: UInt64) {
    let seconds: UInt64 = 10 * 365 * 86_400
    let told = TickScale(frequency: frequency).nanoseconds(frequency * seconds)
    let wanted = seconds * 1_000_000_000
    #expect(told <= wanted && wanted - told < wanted >> 30)
  }

  @Test("frequencies that make no sense have a scale all the same", arguments: [0, .max] as [UInt64])
  func nonsense(_ frequency: UInt64) { #expect(TickScale(frequency: frequency).multiplier != 0) }
}
