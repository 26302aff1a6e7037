import Foundation
import Host
import Testing

@Suite struct HostProcessorTests {
  /// What the kernel found is there. (It leaves out what the firmware has switched off.)
  @Test func virtualizationThatTheKernelFoundIsFound() throws {
    let text = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    let flags = text.split(separator: "\n").first { $0.hasPrefix("flags") }?.split(separator: " ") ?? []
    try #require(flags.contains("fpu"))
    #expect(HostProcessor.hasVirtualization || !(flags.contains("vmx") || flags.contains("svm")))
  }

  @Test func whatMayNotBeOpenedIsToldFromWhatMay() {
    #expect(FileAccess.isAllowed("/dev/null"))
    #expect(!FileAccess.isAllowed("/dev/null/nothing"))
    #expect(!FileAccess.isAllowed("/no/such/file"))
  }
}
