import Testing

@testable import SwiftVMCommand

/// Numbers as people write them on a command line.
@Suite struct QuantityTests {
  @Test(
    arguments: [
      ("0", 0), ("1", 1), ("4096", 4096), ("64M", 64 << 20), ("64m", 64 << 20), ("1G", 1 << 30),
      ("512K", 512 << 10),
      ("2T", 2 << 40), ("64MB", 64 << 20), ("64MiB", 64 << 20), ("1KB", 1024), ("0x1000", 0x1000),
      ("0X1000", 0x1000),
      ("0xB", 11), ("0XB", 11), ("0x1B", 27), ("0xffffffffffffffff", .max), ("18446744073709551615", .max),
      ("16777215T", 16_777_215 << 40), ("0x10K", 0x4000), ("0M", 0), ("007", 7),
    ] as [(String, UInt64)])
  func readsSizes(_ text: String, _ value: UInt64) {
    #expect(Quantity.byteCount(text) == value)
  }

  @Test(arguments: [
    "", " ", "M", "MiB", "B", "-1", "+1", "1.5M", "64 M", "64X", "64MM", "64Mi", "1e6", "0x", "0xG", "0x-1",
    "0x+1",
    "16777216T", "18446744073709551616", "1_000", "٣", "²", "1٣", "64M\0", "0b1", "MB64", "0x+1K",
  ])
  func refusesWhatIsNoSize(_ text: String) {
    #expect(Quantity.byteCount(text) == nil)
  }

  @Test(
    arguments: [("0", 0), ("10", 10), ("0xf4", 0xF4), ("0XF4", 0xF4), ("255", 255)] as [(String, UInt64)])
  func readsNumbers(_ text: String, _ value: UInt64) {
    #expect(Quantity.number(text) == value)
  }

  @Test(arguments: ["", "x", "-1", "+1", "1 ", " 1", "1.0", "0x", "0x 1", "0x+1", "0x-0", "f4", "٣"])
  func refusesWhatIsNoNumber(_ text: String) {
    #expect(Quantity.number(text) == nil)
  }

  @Test(
    arguments: [
      ("10", 10_000_000_000), ("10s", 10_000_000_000), ("1.5", 1_500_000_000), ("500ms", 500_000_000),
      ("250us", 250_000), ("2m", 120_000_000_000), ("0", 0), ("0.001", 1_000_000), ("1.5ms", 1_500_000),
    ] as [(String, UInt64)])
  func readsTimes(_ text: String, _ value: UInt64) {
    #expect(Quantity.nanoseconds(text) == value)
  }

  @Test(arguments: [
    "", "s", "ms", "-1", "+1", "nan", "inf", "1h", "1 s", ".5", "1e30", "9223372037", "1s s", "½", "0x10",
    "1e3",
  ])
  func refusesWhatIsNoTime(_ text: String) {
    #expect(Quantity.nanoseconds(text) == nil)
  }
}
