import Engine
import Host
import ProcessorPolicy
import Testing

@testable import SwiftVM

/// The policy as guests meet it, on every engine.
@Suite struct PolicyTests {
  private func run(
    _ code: [UInt8], on engine: TestedEngine,
    _ change: (inout VirtualMachine.Configuration) -> Void = { _ in }
  ) async throws -> Outcome {
    var configuration = TinyGuest.configuration(code)
    engine.apply(to: &configuration)
    change(&configuration)
    return try await VirtualMachine(configuration).run()
  }

  @Test(
    arguments: TestedEngine.usable,
    // IA32_FEATURE_CONTROL: KVM would answer for it. VMX; Hyper-V's; one that nobody has.
    [0x3A, 0x480, 0x4000_0000, 0xDEAD_BEEF] as [UInt32])
  func aRegisterThatIsNotAllowedIsDeniedAndCounted(_ engine: TestedEngine, _ register: UInt32) async throws {
    for isWrite in [false, true] {
      let outcome = try await run(TinyGuest.accessing(register, isWrite: isWrite), on: engine)
      #expect(outcome.reason == .guestExit(status: 42), "\(outcome.sentence)")
      #expect(outcome.denied.registers.count == 1, "\(outcome.denied)")
      let entry = try #require(outcome.denied.registers.first)
      #expect(entry.register.rawValue == register)
      #expect((entry.reads, entry.writes) == (isWrite ? 0 : 1, isWrite ? 1 : 0))
      #expect(try #require(entry.firstAddress) & 0xFF == 0x24)
      let json = outcome.json.text
      #expect(json.contains("\"denied\"") && json.contains("\"0x\(String(register, radix: 16))\""))
    }
  }

  @Test(arguments: TestedEngine.usable, [0x10, 0x1B, 0x277, 0xC000_0080] as [UInt32])
  func aRegisterThatIsAllowedCanBeRead(_ engine: TestedEngine, _ register: UInt32) async throws {
    let outcome = try await run(TinyGuest.accessing(register, isWrite: false), on: engine)
    #expect(outcome.reason == .guestExit(status: 1), "\(outcome.sentence)")
    #expect(outcome.denied.isEmpty, "\(outcome.denied)")
    #expect(!outcome.json.text.contains("denied"))
  }

  /// The registers of KVM's features: asynchronous page faults, stolen time, end of interrupt, control of polling.
  /// The guest has those that the explanation has, and no others, although KVM knows them all.
  @Test(arguments: TestedEngine.usable, [0x4B56_4D02, 0x4B56_4D03, 0x4B56_4D04, 0x4B56_4D05] as [UInt32])
  func aFeaturesRegisterIsThereWhereTheFeatureIs(_ engine: TestedEngine, _ register: UInt32) async throws {
    let decisions = Lock<[PolicyDecision]>([])
    let outcome = try await run(TinyGuest.accessing(register, isWrite: false), on: engine) {
      $0.explainProcessor = { explanation in decisions.withLock { $0 = explanation.decisions } }
    }
    let name = "0x" + String(register, radix: 16)
    let isPassed = decisions.withLock { $0 }.contains {
      $0.area == .msr && $0.verdict == .passed && $0.subject.contains(name)
    }
    #expect(outcome.reason == .guestExit(status: isPassed ? 1 : 42), "\(outcome.sentence)")
    #expect(outcome.denied.isEmpty == isPassed, "\(outcome.denied)")
    if engine == .software { #expect(!isPassed) }
    if engine == .kvmWithSoftwareControllers { #expect(!isPassed || register == 0x4B56_4D03) }
  }

  /// A value that the register does not take is denied like a register that is not there.
  @Test(arguments: TestedEngine.usable)
  func aValueThatIsNotTakenIsCounted(_ engine: TestedEngine) async throws {
    // IA32_MTRRCAP cannot be written.
    let outcome = try await run(TinyGuest.accessing(0xFE, isWrite: true), on: engine)
    #expect(outcome.reason == .guestExit(status: 42), "\(outcome.sentence)")
    #expect(outcome.denied.registers.map(\.register.rawValue) == [0xFE])
  }

  /// -KVM_ENOSYS. Not on KVM: one that emulates ring 0 replaces the instruction for ever.
  @Test func anUnknownHypercallIsRefused() async throws {
    let outcome = try await run(TinyGuest.calling, on: .software)
    #expect(outcome.reason == .guestExit(status: 0x18), "\(outcome.sentence)")
  }

  @Test(arguments: TestedEngine.usable)
  func theExplanationComesOnceBeforeTheGuest(_ engine: TestedEngine) async throws {
    let explanations = Lock<[PolicyExplanation]>([])
    let outcome = try await run(TinyGuest.resetting, on: engine) {
      $0.timeoutNanoseconds = 200_000_000
      $0.explainProcessor = { explanation in explanations.withLock { $0.append(explanation) } }
    }
    #expect(outcome.reason == .timeout)
    #expect(outcome.reboots > 0)
    let all = explanations.withLock { $0 }
    #expect(all.count == 1)
    for area in PolicyDecision.Area.allCases {
      #expect(all.first?.decisions.contains { $0.area == area && $0.verdict == .passed } == true)
    }
    let names = all.first?.decisions.first { $0.subject.contains("kvm_pv_eoi") }
    // Where the local APICs are not the kernel's, KVM cannot do it; in software it is not offered.
    switch engine {
    case .kvm: #expect(names == nil || names?.verdict == .passed)
    case .kvmWithSoftwareControllers: #expect(names == nil || names?.verdict == .hidden)
    case .software: #expect(names == nil)
    }
  }

  /// A guest that is paused goes on after it, whether it has a clock by which it can be told or not.
  @Test(arguments: TestedEngine.usable)
  func aPauseIsToldToGuestsWithoutAClockToo(_ engine: TestedEngine) async throws {
    let channel = CapturingChannel()
    var configuration = TinyGuest.configuration(TinyGuest.counting, console: .channel(channel))
    engine.apply(to: &configuration)
    let machine = try VirtualMachine(configuration)
    try machine.start()
    await machine.pause()
    let before = channel.bytes.count
    machine.resume()
    #expect(eventually { channel.bytes.count > before })
    machine.stop()
    #expect(await machine.wait().reason == .requested)
  }
}
