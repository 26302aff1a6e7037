import Testing
import X86

@testable import ProcessorPolicy

/// Which registers a guest may use.
@Suite struct MSRPolicyTests {
  private func policy(_ offer: CPUIDTable, _ circumstances: PolicyCircumstances = Offers.circumstances())
    -> MSRPolicy
  {
    MSRPolicy(CPUIDPolicy.table(from: offer, circumstances), circumstances)
  }

  @Test func registersFollowWhatCPUIDShows() {
    let intel = policy(Offers.intel)
    let amd = policy(Offers.amd)
    func both(_ number: UInt32, _ onIntel: Bool, _ onAMD: Bool) {
      #expect(intel.allows(MSR(rawValue: number), isWrite: false) == onIntel, "\(MSR(rawValue: number))")
      #expect(amd.allows(MSR(rawValue: number), isWrite: false) == onAMD, "\(MSR(rawValue: number))")
    }
    both(0xC000_0080, true, true)
    both(0x277, true, true)
    both(0x1A0, true, false)
    both(0xC001_0015, false, true)
    // Performance counters: Intel's as leaf 0xa says, AMD's as its features say.
    both(0xC1, true, false)
    both(0xC001_0200, false, true)
    // What the hidden features would bring: VMX, SVM, SGX, branch records, thermal, energy.
    for number in [0x3A, 0x480, 0xC001_0114, 0x8C, 0x345, 0x1C9, 0x606, 0xE7, 0x33, 0x1C4, 0x4000_0000]
      as [UInt32]
    {
      both(number, false, false)
    }
    both(0x4B56_4D05, true, false)
    both(0x4B56_4D08, false, false)
  }

  @Test func directionsAreSeparate() {
    let intel = policy(Offers.intel)
    let capabilities = MSR(rawValue: 0x10A)
    #expect(intel.allows(capabilities, isWrite: false) && !intel.allows(capabilities, isWrite: true))
    let barrier = MSR(rawValue: 0x49)
    #expect(!intel.allows(barrier, isWrite: false) && intel.allows(barrier, isWrite: true))
  }

  @Test func registersOfLocalAPICsThatAreOursLeaveTheGuest() {
    let circumstances = Offers.circumstances(hasOwnLocalAPICs: false)
    for number in [0x1B, 0x6E0, 0x800] as [UInt32] {
      let register = MSR(rawValue: number)
      #expect(policy(Offers.intel).allows(register, isWrite: true))
      #expect(!policy(Offers.intel, circumstances).allows(register, isWrite: true))
    }
  }

  @Test(arguments: [Offers.intel, Offers.amd])
  func theRangesAreOnesThatKVMTakes(_ offer: CPUIDTable) {
    let ranges = policy(offer).ranges
    // One filter for reads and one for writes of each; KVM takes 16, of 12288 registers.
    #expect(ranges.count * 2 <= 16)
    for (range, next) in zip(ranges, ranges.dropFirst()) {
      #expect(UInt64(range.first) + UInt64(range.reads.count) <= UInt64(next.first))
    }
    #expect(ranges.allSatisfy { $0.reads.count == $0.writes.count && $0.reads.count <= 12288 })
    // They say what `allows` says, at their edges too.
    let first = ranges[0]
    let end = first.first + UInt32(first.reads.count)
    #expect(first.reads.last == true || first.writes.last == true)
    #expect(!policy(offer).allows(MSR(rawValue: end), isWrite: false))
  }

  @Test func theExplanationHasALineForEachRuleThatHolds() {
    let circumstances = Offers.circumstances()
    let table = CPUIDPolicy.table(from: Offers.intel, circumstances)
    let decisions = MSRPolicy.explain(table, circumstances)
    #expect(
      decisions.filter { $0.verdict == .passed }.count
        == MSRRule.all.filter { $0.holds(table, circumstances) }.count)
    #expect(decisions.contains { $0.subject == "0x10a (IA32_ARCH_CAPABILITIES) (read only)" })
    #expect(decisions.last?.verdict == .hidden)
    #expect(MSRPolicy.explain(table, circumstances) { _ in false }.count == 1)
  }
}
