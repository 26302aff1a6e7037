import Engine
import Foundation
import Host
import KVM
import ProcessorPolicy
import Testing

@testable import SwiftVM

/// What KVM offers to its guests beyond a PC, at work: a guest uses it, under the policy that every machine has. What a
/// host's KVM does not have is skipped there by name.
struct KVMInterfaceTests {
  /// A feature of KVM's, by its bit of EAX in CPUID leaf 0x40000001 (Linux Documentation/virt/kvm/x86/cpuid.rst).
  enum Feature: Int {
    case clock = 3
    case stolenTime = 5
    case endOfInterrupt = 6

    /// Whether this host's KVM offers it.
    var isOffered: Bool { Self.offered >> UInt32(rawValue) & 1 == 1 }

    private static let offered: UInt32 =
      (try? KVMDevice().supportedCPUID())?.first { $0.function == 0x4000_0001 }?.eax ?? 0
  }

  /// KVM with each kind of interrupt controllers.
  private static let onKVM = TestedEngine.usable.filter(\.usesKVM)

  /// The bits of leaf 0x40000001's EAX by the names that explanations have, from the same document. Bit 8 means
  /// nothing.
  private static let bits: [String: Int] = [
    "kvm_clocksource": 0, "kvm_nop_io_delay": 1, "kvm_mmu_op": 2, "kvm_clocksource2": 3, "kvm_async_pf": 4,
    "kvm_steal_time": 5, "kvm_pv_eoi": 6, "kvm_pv_unhalt": 7, "kvm_pv_tlb_flush": 9,
    "kvm_async_pf_vmexit": 10, "kvm_pv_send_ipi": 11, "kvm_poll_control": 12, "kvm_pv_sched_yield": 13,
    "kvm_async_pf_int": 14, "kvm_msi_ext_dest_id": 15, "kvm_hc_map_gpa_range": 16,
    "kvm_migration_control": 17, "kvm_clocksource_stable": 24,
  ]

  /// The guest sees the features that `--explain cpu` calls passed, and no others.
  @Test(arguments: TestedEngine.usable)
  func theGuestSeesWhatIsSaidToBePassed(_ engine: TestedEngine) async throws {
    let decisions = Lock<[PolicyDecision]>([])
    let (output, outcome) = try await BuiltGuests.run("kvm-features", on: engine) {
      $0.explainProcessor = { explanation in decisions.withLock { $0 = explanation.decisions } }
    }
    #expect(outcome.reason == .guestExit(status: 0), "\(outcome.sentence)")
    let line = try #require(output.split(separator: "\n").first)
    try #require(line.hasPrefix("features: "))
    let seen = try #require(UInt32(line.dropFirst(10).prefix(8), radix: 16))

    var expected: UInt32 = 0
    for decision in decisions.withLock({ $0 }) where decision.area == .cpuid && decision.verdict == .passed {
      for name in decision.subject.split(separator: " ") {
        if let bit = Self.bits[String(name)] { expected |= 1 << UInt32(bit) }
      }
    }
    #expect(seen == expected, "\(String(seen, radix: 16)) \(String(expected, radix: 16))")
    #expect(seen & 1 << 3 != 0 || engine.usesKVM && !Feature.clock.isOffered)
    // What works on the kernel's interrupt controllers alone: page faults told by interrupt, end of interrupt in
    // memory, wake-up, interrupts, and turns by hypercall, control of polling.
    if engine == .kvmWithSoftwareControllers { #expect(seen & 0x78D0 == 0) }
  }

  @Test(
    .enabled(if: Feature.clock.isOffered, "KVM here does not offer kvm_clocksource2: kvmclock was not used"),
    arguments: onKVM)
  func kvmTellsTheTime(_ engine: TestedEngine) async throws {
    let (output, outcome) = try await BuiltGuests.run("kvm-clock", on: engine)
    #expect(outcome.reason == .guestExit(status: 0), "\(output)")
    #expect(output.hasPrefix("clock: it goes\n"), "\(output)")
    #expect(outcome.denied.isEmpty, "\(outcome.denied)")
  }

  @Test(
    .enabled(
      if: Feature.stolenTime.isOffered,
      "KVM here does not offer kvm_steal_time: stolen time was not looked at"),
    arguments: onKVM)
  func kvmTellsOfStolenTime(_ engine: TestedEngine) async throws {
    let (output, outcome) = try await BuiltGuests.run("kvm-stolen-time", on: engine)
    #expect(output == "stolen time: the host writes, goes on, and ends when it is told to\n")
    #expect(outcome.reason == .guestExit(status: 0), "\(outcome.sentence)")
    #expect(outcome.denied.isEmpty, "\(outcome.denied)")
  }

  /// Where the local APICs are the host CPU's own, KVM has nothing to save by it, and may note nothing.
  @Test(
    .enabled(
      if: Feature.endOfInterrupt.isOffered,
      "KVM here does not offer kvm_pv_eoi: the end of an interrupt in memory was not used"))
  func kvmNotesInterruptsInMemory() async throws {
    let (output, outcome) = try await BuiltGuests.run("kvm-eoi", on: .kvm)
    #expect(outcome.reason == .guestExit(status: 0), "\(outcome.sentence)")
    #expect(outcome.denied.isEmpty, "\(outcome.denied)")
    let expected =
      "end of interrupt: 10 interrupts, noted in memory: \(Self.hostHasAPICs ? "{any}" : "10"), ended there: {any}\n"
    #expect(OutputComparison.difference(of: output, from: expected) == nil, "\(output)")
  }

  /// Whether KVM leaves local APICs to the host's CPU (APICv, AVIC).
  private static let hostHasAPICs = ["kvm_intel/parameters/enable_apicv", "kvm_amd/parameters/avic"].contains
  {
    ["Y", "1"].contains(try? String(contentsOfFile: "/sys/module/\($0)", encoding: .utf8).prefix(1))
  }
}
