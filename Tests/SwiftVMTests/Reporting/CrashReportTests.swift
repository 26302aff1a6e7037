import Engine
import Foundation
import GuestMemory
import Testing
import X86

@testable import SwiftVM

/// The report on a guest's death, for states made by hand.
@Suite struct CrashReportTests {
  /// A machine with 1 MiB of RAM whose page tables at 0x1000 map the first 2 MiB to themselves.
  private func memory() throws -> GuestMemory {
    let memory = try GuestMemory(pcWithByteCount: 1 << 20)
    try memory.write(UInt64(0x2003), at: GuestAddress(0x1000))
    try memory.write(UInt64(0x3003), at: GuestAddress(0x2000))
    try memory.write(UInt64(0x0083), at: GuestAddress(0x3000))
    return memory
  }

  private func longMode(rip: UInt64, root: UInt64 = 0x1000) -> CPUState {
    var state = CPUState.long(
      entryPoint: rip, pageTableRoot: root, globalDescriptorTable: DescriptorTable(base: 0x500, limit: 0x3F))
    state.general.rsp = 0x8000
    return state
  }

  private func remains(
    _ state: CPUState?, failure: String? = nil, isCulprit: Bool = true, exits: [ExitRecord] = []
  ) -> VCPURemains {
    VCPURemains(
      ending: Ending(state: state, failure: failure, isCulprit: isCulprit), lastExits: exits,
      exitCount: UInt64(exits.count))
  }

  private func report(
    _ reason: StopReason, _ remains: [VCPURemains], memory: GuestMemory, postCode: UInt8? = nil
  ) throws -> CrashReport {
    let bench = try Bench([])
    let shared = SharedParts(
      ports: bench.shared.ports, memory: bench.shared.memory,
      interrupts: bench.interrupts, gate: bench.gate, control: bench.control,
      guestMemory: memory, post: bench.shared.post)
    if let postCode { bench.shared.post.write(UInt64(postCode), offset: 0, width: .byte) }
    return try #require(CrashReport(reason: reason, remains: remains, machine: shared))
  }

  private func parsed(_ report: CrashReport) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(report.json.text.utf8))
    return try #require(object as? [String: Any])
  }

  @Test(arguments: [
    StopReason.poweredOff, .halted, .guestExit(status: 1), .reset(by: "x"), .signal(15), .requested,
  ])
  func thereIsNoneWhereTheEndWasNoDeath(_ reason: StopReason) throws {
    let bench = try Bench([])
    #expect(CrashReport(reason: reason, remains: [remains(CPUState())], machine: bench.shared) == nil)
  }

  @Test func walksToThePhysicalAddressAndShowsTheCode() throws {
    let memory = try memory()
    try memory.write([0xF7, 0xF1, 0x56] as [UInt8], at: GuestAddress(0x9000))
    let report = try report(.tripleFault(vcpu: 0), [remains(longMode(rip: 0x9000))], memory: memory)
    let vcpu = try #require(report.vcpus.first)
    #expect(vcpu.code.prefix(3) == [0xF7, 0xF1, 0x56])
    #expect(vcpu.code.count == 16)
    let walk = try #require(vcpu.walks.first { $0.name == "RIP" })
    #expect(try walk.result.get().physicalAddress == 0x9000)
    #expect(try walk.result.get().path.map(\.value) == [0x2003, 0x3003, 0x83])
    #expect(!walk.isOutsideMemory)
    #expect(vcpu.walks.map(\.name) == ["RIP", "RSP", "CR2"])
    #expect(report.text.contains("f7 f1 56"))
    #expect(report.text.contains("PML4E"))
    // An empty interrupt table is the usual reason.
    #expect(report.hints.contains { $0.contains("interrupt descriptor table is empty") })
  }

  @Test func showsTheCodeAsInstructionsOfTheVCPUsMode() throws {
    let memory = try memory()
    try memory.write([0xF7, 0xF1, 0x48, 0x0F, 0x22, 0xD8] as [UInt8], at: GuestAddress(0x9000))
    var state = longMode(rip: 0x9000)
    let long = try report(.tripleFault(vcpu: 0), [remains(state)], memory: memory)
    #expect(long.vcpus[0].instructions.prefix(2).map(\.text) == ["div ecx", "mov cr3, rax"])
    #expect(long.text.contains("  0x00009002  48 0f 22 d8                     mov cr3, rax"))
    let vcpus = try #require(try parsed(long)["vcpus"] as? [[String: Any]])
    let instructions = try #require(vcpus[0]["instructionsAtRIP"] as? [[String: Any]])
    #expect(instructions[1]["text"] as? String == "mov cr3, rax")
    #expect(instructions[1]["bytes"] as? String == "48 0f 22 d8")
    state.cs.attributes.isLong = false
    state.cs.attributes.isDefault32 = true
    let compatible = try report(.tripleFault(vcpu: 0), [remains(state)], memory: memory)
    #expect(compatible.vcpus[0].instructions.prefix(3).map(\.text) == ["div ecx", "dec eax", "mov cr3, eax"])
  }

  @Test func stopsTheCodeWhereTheMappingEnds() throws {
    let memory = try memory()
    let report = try report(.tripleFault(vcpu: 0), [remains(longMode(rip: 0xFFFFD))], memory: memory)
    #expect(report.vcpus[0].code.count == 3, "RAM ends at 1 MiB")
  }

  @Test func aWalkThatFailsSaysWhere() throws {
    let memory = try memory()
    let report = try report(.tripleFault(vcpu: 0), [remains(longMode(rip: 0x4000_0000))], memory: memory)
    let vcpu = report.vcpus[0]
    guard case .failure(let failure) = vcpu.walks[0].result else {
      Issue.record("the walk leads to \(vcpu.walks[0].result)")
      return
    }
    #expect(failure.reason == .notPresent(level: 3))
    #expect(vcpu.code.isEmpty)
    #expect(report.text.contains("PDPTE is not present"))
    #expect(report.hints.contains { $0.contains("RIP leads nowhere") })
  }

  @Test func pageTablesOutsideOfMemoryAreToldAndDoNotTrap() throws {
    let memory = try memory()
    for root in [0x4000_0000, 0x000F_FFFF_FFFF_F000] as [UInt64] {
      let report = try report(.tripleFault(vcpu: 0), [remains(longMode(rip: 0, root: root))], memory: memory)
      #expect(report.text.contains("there is no memory at"))
    }
  }

  @Test func anAddressThatLeadsOutOfMemoryIsMarked() throws {
    let memory = try memory()
    let report = try report(.tripleFault(vcpu: 0), [remains(longMode(rip: 0x18_0000))], memory: memory)
    #expect(report.vcpus[0].walks[0].isOutsideMemory)
    #expect(report.hints.contains { $0.contains("where there is no RAM") })
  }

  /// Whatever a guest leaves in its registers and tables, the report is made.
  @Test func randomStatesAreReportedOn() throws {
    var generator = SystemRandomNumberGenerator()
    let memory = try memory()
    for _ in 0..<300 {
      func random() -> UInt64 {
        let value = UInt64.random(in: 0 ... .max, using: &generator)
        return [value, value & 0xF_F000, ~(value & 0xFFF), .max, 0].randomElement(using: &generator)!
      }
      var state = longMode(rip: random())
      state.cr0 = CR0(rawValue: random())
      state.cr3 = CR3(rawValue: random())
      state.cr4 = CR4(rawValue: random())
      state.efer = EFER(rawValue: random())
      state.cr2 = random()
      state.cs.base = random()
      state.ss.base = random()
      state.general.rsp = random()
      try memory.write(random(), at: GuestAddress(random() & 0xF_FFF8))
      let report = try report(.tripleFault(vcpu: 0), [remains(state)], memory: memory)
      #expect(!report.text.isEmpty)
      _ = try parsed(report)
    }
  }

  @Test func theCulpritComesFirst() throws {
    let report = try report(
      .tripleFault(vcpu: 1), [remains(longMode(rip: 1), isCulprit: false), remains(longMode(rip: 2))],
      memory: try memory())
    let text = report.text
    let first = try #require(text.range(of: "--- vCPU 1 ---"))
    let second = try #require(text.range(of: "--- vCPU 0 ---"))
    #expect(first.lowerBound < second.lowerBound)
    #expect(report.vcpus.map(\.index) == [0, 1])
  }

  @Test func registersThatCouldNotBeReadAreNotMadeUp() throws {
    let report = try report(
      .internalFault("x"), [remains(nil, failure: "KVM_GET_REGS: EIO")], memory: try memory())
    #expect(report.text.contains("KVM_GET_REGS: EIO"))
    #expect(!report.text.contains("rip"))
    #expect(report.text.contains("no exits"))
  }

  @Test func registersAfterAResetAreMarkedAsSuch() throws {
    let report = try report(.tripleFault(vcpu: 0), [remains(.resetVector())], memory: try memory())
    #expect(report.vcpus[0].isAfterReset)
    #expect(report.hints.count == 1)
    #expect(report.hints[0].contains("resets"))
  }

  @Test func showsTheLastExits() throws {
    let exits = [
      ExitRecord(kind: .portIO, direction: .write, width: 1, count: 1, address: 0x3F8, value: 0x48),
      ExitRecord(kind: .portIO, direction: .read, width: 2, count: 7, address: 0x1F0, value: 0xBEEF),
      ExitRecord(kind: .mmio, direction: .read, width: 4, count: 1, address: 0xFEC0_0000, value: 0x11),
      ExitRecord(kind: .shutdown, direction: .read, width: 0, count: 1, address: 0, value: 0),
    ]
    let report = try report(
      .tripleFault(vcpu: 0), [remains(longMode(rip: 0), exits: exits)], memory: try memory())
    for text in ["last 4 of 4 exits", "0x03f8", "0x48", "× 7", "0xbeef", "0x0fec00000", "shutdown"] {
      #expect(report.text.contains(text), "\(text)")
    }
  }

  @Test func theJSONFormSaysTheSame() throws {
    let memory = try memory()
    let exits = [ExitRecord(kind: .portIO, direction: .write, width: 1, count: 1, address: 0x80, value: 0x5A)]
    let report = try report(
      .emulationFailure(vcpu: 0, EmulationFailure(code: 1, bytes: [0x9B])),
      [remains(longMode(rip: 0x9000), exits: exits)], memory: memory, postCode: 0x5A)
    let object = try parsed(report)
    #expect(object["failedInstruction"] as? String == "9b")
    #expect(object["failedInstructionText"] as? String == "wait")
    #expect(object["postCode"] as? Int == 0x5A)
    let vcpu = try #require((object["vcpus"] as? [[String: Any]])?.first)
    #expect(vcpu["isCulprit"] as? Bool == true)
    let state = try #require(vcpu["state"] as? [String: Any])
    #expect(state["rip"] as? String == "0x9000")
    #expect(state["cr3"] as? String == "0x1000")
    #expect((state["cs"] as? [String: Any])?["selector"] as? String == "0x18")
    let walks = try #require(vcpu["walks"] as? [[String: Any]])
    #expect(walks.first?["physical"] as? String == "0x9000")
    let last = try #require((vcpu["lastExits"] as? [[String: Any]])?.first)
    #expect(last["kind"] as? String == "port")
    #expect(last["write"] as? Bool == true)
    #expect(last["address"] as? String == "0x80")
    #expect(report.text.contains("last code on the POST port: 0x5a"))
    #expect(report.text.contains("9b"))
  }

  @Test func noLineIsWiderThanATerminal() throws {
    let exits = (0..<16).map {
      ExitRecord(kind: .mmio, direction: .write, width: 8, count: 1, address: .max - $0, value: .max)
    }
    let report = try report(
      .tripleFault(vcpu: 0), [remains(longMode(rip: 0x9000), exits: exits)], memory: try memory(), postCode: 1
    )
    // Sentences may be longer: a terminal breaks them. Tables may not.
    for line in report.text.split(separator: "\n")
    where !line.hasPrefix("hint") && !line.hasPrefix("page walk") {
      #expect(line.count <= 100, "\(line)")
    }
  }
}
