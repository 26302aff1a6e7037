import Testing
import X86

@testable import ProcessorPolicy

/// What is left of what KVM offers.
@Suite struct CPUIDPolicyTests {
  static let offers: [(String, CPUIDTable)] = [("Intel", Offers.intel), ("AMD", Offers.amd)]

  @Test(arguments: offers)
  func nothingIsShownThatNoRulePassesOrInvents(_ name: String, _ offer: CPUIDTable) {
    let table = CPUIDPolicy.table(from: offer, Offers.circumstances())
    let seen = Set(
      CPUIDFeatureRule.all.filter { $0.verdict != .hidden }.flatMap {
        $0.names.split(separator: " ").map(String.init)
      })
    for feature in table.features { #expect(seen.contains(feature.name), "\(feature)") }
    // And what a rule passes is not lost.
    for rule in CPUIDFeatureRule.all where rule.verdict == .passed {
      for feature in rule.features where offer.has(feature) { #expect(table.has(feature), "\(feature)") }
    }
    #expect(table[7, 1]?.registers.eax ?? 0 < 1 << 31)
  }

  @Test func whatMakesNoSenseIsHidden() {
    let intel = CPUIDPolicy.table(from: Offers.intel, Offers.circumstances())
    for name in [
      "vmx", "sgx", "waitpkg", "la57", "intel_pt", "pdcm", "amx_tile", "xfd", "core_capabilities", "lam",
    ] {
      #expect(Offers.intel.shows(name) && !intel.shows(name), "\(name)")
    }
    let amd = CPUIDPolicy.table(from: Offers.amd, Offers.circumstances())
    #expect(Offers.amd.shows("svm") && !amd.shows("svm"))
    #expect(amd[0x8000_000A] == nil && amd[0x8000_001F] == nil)
    for leaf in [3, 5, 0x14, 0x1D, 0x1F] as [UInt32] {
      #expect(intel.result(leaf: leaf, subleaf: 0) == intel.result(leaf: 0x1234, subleaf: 0) || leaf <= 0x16)
      #expect(intel[leaf] == nil, "\(leaf)")
    }
  }

  @Test func theHighestLeavesAreThoseThatAreShown() throws {
    let intel = CPUIDPolicy.table(from: Offers.intel, Offers.circumstances())
    #expect(intel[0]?.registers.eax == 0x16)
    #expect(intel[0x4000_0000]?.registers.eax == 0x4000_0010)
    #expect(intel[0x8000_0000]?.registers.eax == 0x8000_0008)
    #expect(intel.vendor == "GenuineIntel" && intel.hypervisorSignature == CPUIDTable.kvmSignature)
    let amd = CPUIDPolicy.table(from: Offers.amd, Offers.circumstances())
    #expect(amd[0]?.registers.eax == 0xD)
    #expect(amd[0x8000_0000]?.registers.eax == 0x8000_0021)
    // Its own repetition of leaf 1.
    let repeated = try #require(amd[0x8000_0001]?.registers.edx) & 0x0183_F3FF
    #expect(repeated == (try #require(amd[1]?.registers.edx)) & 0x0183_F3FF)
  }

  @Test func tilesAreNoPartOfTheSavedState() throws {
    let table = CPUIDPolicy.table(from: Offers.intel, Offers.circumstances())
    #expect(table.supportedXCR0.rawValue == 0b10_1110_0111)
    #expect(table.extendedStateComponent(18) == nil && table.extendedStateComponent(9) != nil)
    #expect(table[0xD, 0]?.registers.ecx == 2696)
    let second = try #require(table[0xD, 1]?.registers)
    #expect(second.ecx == 0 && second.edx == 0 && second.eax == 0b1111)
  }

  @Test func featuresOfTheKernelsLocalAPICsGoWithThem() {
    let circumstances = Offers.circumstances(
      hasOwnLocalAPICs: false, hasX2APIC: false, hasDeadlineTimer: false)
    let table = CPUIDPolicy.table(from: Offers.intel, circumstances)
    for name in [
      "kvm_pv_eoi", "kvm_pv_unhalt", "kvm_pv_send_ipi", "kvm_async_pf", "x2apic", "tsc_deadline_timer",
    ] {
      #expect(!table.shows(name), "\(name)")
    }
    for name in ["kvm_clocksource2", "kvm_steal_time", "kvm_pv_tlb_flush"] { #expect(table.shows(name)) }
    // And the other way round: what only the local APICs have is shown although nobody offers it.
    #expect(!Offers.amd.shows("tsc_deadline_timer"))
    #expect(CPUIDPolicy.table(from: Offers.amd, Offers.circumstances()).shows("tsc_deadline_timer"))
  }

  @Test func theFrequencyIsToldWhereItIsKnown() throws {
    let intel = CPUIDPolicy.table(from: Offers.intel, Offers.circumstances(frequency: 2_300_000_000))
    let ratio = try #require(intel[0x15]?.registers)
    #expect(UInt64(ratio.ecx) * UInt64(ratio.ebx) / UInt64(ratio.eax) == 2_300_000_000)
    #expect(intel[0x16]?.registers.eax == 2300)
    #expect(intel[0x4000_0010]?.registers == CPUIDRegisters(eax: 2_300_000, ebx: 1_000_000))
    let amd = CPUIDPolicy.table(from: Offers.amd, Offers.circumstances(frequency: 2_300_000_000))
    #expect(amd[0x15] == nil && amd[0x16] == nil && amd[0x4000_0010]?.registers.eax == 2_300_000)
    let unknown = CPUIDPolicy.table(from: Offers.intel, Offers.circumstances(frequency: 0))
    #expect(unknown[0x15]?.registers == CPUIDRegisters())
    #expect(unknown[0x4000_0000]?.registers.eax == 0x4000_0001)
  }

  /// One package with as many cores as there are vCPUs, whatever the leaf: read as Linux reads them
  /// (arch/x86/kernel/cpu: topology.c, cacheinfo.c, amd.c).
  @Test(arguments: [1, 2, 3, 4, 5, 8, 15, 16], offers.map(\.0))
  func topology(_ count: Int, _ vendor: String) throws {
    let offer = vendor == "AMD" ? Offers.amd : Offers.intel
    let policy = CPUIDPolicy.table(from: offer, Offers.circumstances(processorCount: count))
    var places: Set<[UInt32]> = []
    for identifier in 0..<UInt32(count) {
      let table = policy.describing(apicID: identifier, of: count)
      let leaf1 = try #require(table[1]?.registers)
      #expect(leaf1.ebx >> 24 == identifier)
      #expect(table.has(.hyperThreading) == (count > 1))
      if count > 1 { #expect(leaf1.ebx >> 16 & 0xFF >= UInt32(count)) }
      // Levels: threads, then cores; the shift of the last leaves the package's number.
      let threads = try #require(table[0xB, 0]?.registers)
      let cores = try #require(table[0xB, 1]?.registers)
      #expect(threads.ecx >> 8 & 0xFF == 1 && cores.ecx >> 8 & 0xFF == 2)
      #expect(threads.ebx == 1 && cores.ebx == UInt32(count))
      #expect(threads.edx == identifier && cores.edx == identifier)
      let package = identifier >> (cores.eax & 31)
      let core = identifier & (1 << (cores.eax & 31) - 1) >> (threads.eax & 31)
      places.insert([package, core])
      #expect(package == 0)
      #expect(try #require(table[0xB, 2]?.registers).ebx == 0)
      if vendor == "AMD" {
        #expect(table.shows("cmp_legacy") == (count > 1))
        #expect(try #require(table[0x8000_0008]?.registers.ecx) & 0xFF == UInt32(count - 1))
        let extended = try #require(table[0x8000_001E]?.registers)
        #expect(extended.eax == identifier && extended.ebx >> 8 & 0xFF == 0 && extended.ecx == 0)
        // The last-level cache is one for all, the others each core's own.
        #expect(try #require(table[0x8000_001D, 3]?.registers.eax) >> 14 & 0xFFF == UInt32(count - 1))
        #expect(try #require(table[0x8000_001D, 0]?.registers.eax) >> 14 & 0xFFF == 0)
      } else {
        let data = try #require(table[4, 0]?.registers.eax)
        let last = try #require(table[4, 3]?.registers.eax)
        #expect(data >> 26 &+ 1 >= UInt32(count) && data >> 14 & 0xFFF == 0)
        #expect(last >> 14 & 0xFFF &+ 1 >= UInt32(count))
      }
    }
    #expect(places.count == count)
  }

  // MARK: Explanations

  @Test(arguments: offers)
  func everyFeatureOfferedIsExplainedOnce(_ name: String, _ offer: CPUIDTable) {
    for isOwn in [true, false] {
      let circumstances = Offers.circumstances(
        hasOwnLocalAPICs: isOwn, hasX2APIC: isOwn, hasDeadlineTimer: isOwn)
      let decisions = CPUIDPolicy.explain(offer, circumstances)
      let table = CPUIDPolicy.table(from: offer, circumstances)
      let topology = ["ht", "cmp_legacy"]
      for feature in offer.features
      where !topology.contains(feature.name) && CPUIDLeafRule.of(feature.leaf)?.verdict != .hidden {
        let lines = decisions.filter { $0.subject.split(separator: " ").contains(Substring(feature.name)) }
        #expect(lines.count == 1, "\(feature): \(lines)")
        #expect((lines.first?.verdict == .hidden) == !table.has(feature), "\(feature)")
      }
    }
  }

  @Test func bitsAndLeavesWithoutANameAreExplained() {
    var offer = Offers.intel
    offer.set(CPUIDEntry(leaf: 0x21, registers: CPUIDRegisters(eax: 1)))
    let decisions = CPUIDPolicy.explain(offer, Offers.circumstances(processorCount: 4))
    func has(_ verdict: PolicyDecision.Verdict, _ subject: String) -> Bool {
      decisions.contains { $0.verdict == verdict && $0.subject.hasPrefix(subject) }
    }
    #expect(has(.hidden, "leaf 0x7.1 EAX bit 31"))
    #expect(has(.hidden, "leaf 0x21"))
    #expect(has(.hidden, "leaf 0x5"))
    #expect(has(.invented, "topology") && has(.invented, "frequency") && has(.invented, "ht"))
  }

  @Test func linesAreGroupedAndReadable() {
    let explanation = PolicyExplanation(
      headline: "Head.",
      decisions: [
        PolicyDecision(.msr, .passed, "0x10", "a"), PolicyDecision(.cpuid, .hidden, "vmx", "b"),
        PolicyDecision(.cpuid, .passed, "fpu", "c"),
      ])
    #expect(
      explanation.lines == [
        "Head.", "cpuid passed   fpu: c", "cpuid hidden   vmx: b", "msr   passed   0x10: a",
      ])
  }
}
