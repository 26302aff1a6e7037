import Engine
import Testing

@testable import SwiftVM

/// What hangs guests elsewhere when a platform answers it wrongly.
@Suite struct PlatformTests {
  /// Port 0x61, bit 5: the output of timer channel 2, which guests wait for when they calibrate.
  @Test(arguments: TestedEngine.usable) func theTimersOutputShowsAtPort61(_ engine: TestedEngine) async throws
  {
    let code: [UInt8] = [
      0xE4, 0x61, 0x24, 0xFD, 0x0C, 0x01, 0xE6, 0x61,  // gate of channel 2 on, speaker off
      0xB0, 0xB0, 0xE6, 0x43,  // channel 2, both bytes, mode 0
      0xB0, 0xFF, 0xE6, 0x42, 0xB0, 0x00, 0xE6, 0x42,  // 255 ticks
      0xE4, 0x61, 0xA8, 0x20, 0x74, 0xFA,  // wait for bit 5
      0xB0, 0x07, 0xE6, 0xF4, 0xEB, 0xFE,  // status 7
    ]
    var configuration = TinyGuest.configuration(code)
    configuration.timeoutNanoseconds = 20_000_000_000
    engine.apply(to: &configuration)
    #expect(try await VirtualMachine(configuration).run().reason == .guestExit(status: 7))
  }

  /// The I/O APIC: an index that does not exist, and its version register read by a byte and by four.
  @Test(arguments: TestedEngine.usable) func theIOAPICTakesAnyIndexAndWidth(_ engine: TestedEngine)
    async throws
  {
    let code: [UInt8] = [
      0xBB, 0x00, 0x00, 0xC0, 0xFE,  // mov ebx, 0xfec00000
      0xC7, 0x03, 0xFF, 0x00, 0x00, 0x00, 0x8B, 0x4B, 0x10,  // index 0xff, read
      0xC7, 0x03, 0x01, 0x00, 0x00, 0x00,  // index 1: the version
      0x8A, 0x43, 0x10, 0x8B, 0x4B, 0x10, 0x38, 0xC1, 0x75, 0x02,  // al and ecx, compared
      0xE6, 0xF4, 0xEB, 0xFE,  // the version's low byte as status
    ]
    var configuration = TinyGuest.configuration(code)
    configuration.mode = .long
    engine.apply(to: &configuration)
    configuration.memoryByteCount = 2 << 20
    configuration.timeoutNanoseconds = 20_000_000_000
    // 0x11: an 82093AA.
    #expect(try await VirtualMachine(configuration).run().reason == .guestExit(status: 0x11))
  }

  /// A guest without a boot protocol finds the ACPI tables, sees the PM timer run, and switches off.
  @Test(arguments: TestedEngine.usable) func acpiIsThereAndSwitchesOff(_ engine: TestedEngine) async throws {
    let code: [UInt8] = [
      0xB8, 0x00, 0xE0, 0x8E, 0xD8, 0x81, 0x3E, 0x00, 0x00, 0x52, 0x53, 0x75, 0x18,  // "RS" at e000:0000
      0xBA, 0x08, 0x06, 0x66, 0xED, 0x66, 0x89, 0xC3,  // the PM timer, kept
      0x66, 0xED, 0x66, 0x39, 0xD8, 0x74, 0xF9,  // until it is another
      0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF, 0xEB, 0xFE,  // SLP_EN
      0xB0, 0x01, 0xE6, 0xF4, 0xEB, 0xFE,  // status 1
    ]
    var configuration = TinyGuest.configuration(code)
    engine.apply(to: &configuration)
    configuration.timeoutNanoseconds = 20_000_000_000
    let outcome = try await VirtualMachine(configuration).run()
    #expect(outcome.reason == .poweredOff)
    #expect(outcome.exitStatus == 0)
  }
}
