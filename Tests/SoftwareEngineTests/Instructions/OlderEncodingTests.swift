import Testing
import X86

@testable import SoftwareEngine

/// Encodings that were given a meaning by a feature: without it they are what they were before.
@Suite("Encodings with an older meaning")
struct OlderEncodingTests {
  @Test(
    "hints of features that are not offered do nothing",
    arguments: [
      [0xF3, 0x0F, 0x1E, 0xFA], [0xF3, 0x0F, 0x1E, 0xFB], [0xF3, 0x48, 0x0F, 0x1E, 0xC8],
      [0x0F, 0x1C, 0x04, 0x24], [0x0F, 0x0D, 0x14, 0x24], [0x0F, 0x0D, 0x0C, 0x24],
    ] as [[UInt8]])
  func hints(_ code: [UInt8]) throws {
    let machine = try Machine.long(code)
    let before = machine.cpu.save()
    machine.step()
    let after = machine.cpu.save()
    #expect(after.rip == Machine.code + UInt64(code.count))
    #expect(after.general == before.general)
    #expect(after.rflags == before.rflags)
  }
}
