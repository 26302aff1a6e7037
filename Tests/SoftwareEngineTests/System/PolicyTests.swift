import Engine
import ProcessorPolicy
@testable import SoftwareEngine
import Testing
import X86

@Suite("The policy on the software engine")
struct PolicyTests {
  private static func host(_ vendor: String, _ frequency: UInt64) -> HostIdentification {
    var host = HostIdentification()
    host.vendor = vendor
    host.timeStampFrequency = frequency
    host.hasInvariantTimeStamp = true
    return host
  }
  static let hosts: [HostIdentification] = [
    .current, host("GenuineIntel", 2_300_000_000), host("AuthenticAMD", 0),
  ]

  @Test("it passes all that the engine carries out", arguments: hosts.indices)
  func nothingIsHidden(_ index: Int) {
    let host = Self.hosts[index]
    let offer = CPUIDTable.softwareProcessor(host)
    let table = CPUIDPolicy.table(from: offer, .software(host, processorCount: 1))
    #expect(table.features == offer.features)
    // Leaf 0x8000_0001 repeats others on AMD's.
    for entry in table.entries where ![0, 0xB, 0x8000_0000, 0x8000_0001].contains(entry.leaf) {
      #expect(offer[entry.leaf, entry.subleaf]?.registers == entry.registers, "\(entry)")
    }
    #expect(table[0]?.registers.eax == 0x16)
  }

  @Test("a register that exists is one that the policy allows", arguments: hosts.indices)
  func registers(_ index: Int) {
    let host = Self.hosts[index]
    let model = ProcessorModel(host: host)
    let policy = MSRPolicy(model.table, .software(host, processorCount: 1))
    let ranges: [ClosedRange<UInt32>] = [
      0...0x1FFF, 0x4000_0000...0x4000_0FFF, 0x4B56_4D00...0x4B56_4DFF, 0xC000_0000...0xC000_0FFF,
      0xC001_0000...0xC001_1FFF,
    ]
    for number in ranges.joined() {
      let register = MSR(rawValue: number)
      let isAllowed = policy.allows(register, isWrite: false)
      if model.has(register: register) { #expect(isAllowed, "\(register)") }
    }
  }

  @Test("it explains what the host has and the engine has not")
  func explanation() {
    let explanation = SoftwareMachine.explainProcessor(processorCount: 2)
    #expect(explanation.decisions.contains { $0.area == .msr && $0.subject.contains("IA32_PAT") })
    #expect(explanation.decisions.contains { $0.verdict == .invented && $0.reason.contains("2 cores") })
    if HostIdentification.current.features.hasNamed("avx") {
      #expect(
        explanation.decisions.contains {
          $0.verdict == .hidden && $0.subject.split(separator: " ").contains("avx")
        })
    }
  }

  @Test("a leaf that is not there is counted; other hypervisors' signatures count as one")
  func absentLeaves() throws {
    let code: [UInt8] = (0..<8).flatMap { _ in [0x0F, 0xA2] as [UInt8] }
    let machine = try Machine.long(code)
    for leaf in [0, 0x40, 0x4000_0000, 0x4000_0100, 0x4000_0200, 0x40, 0x8000_0025, 1] as [UInt64] {
      machine.cpu.core.rax = leaf
      machine.step()
    }
    let leaves = machine.cpu.denied.leaves
    #expect(leaves.map(\.leaf) == [0x40, 0x4000_0100, 0x8000_0025])
    #expect(leaves.map(\.count) == [2, 2, 1])
  }
}
