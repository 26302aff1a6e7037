import Engine
import Testing

@testable import SwiftVM

/// How an end becomes an exit status, a word and a sentence. The statuses are those that the user
/// guide promises.
@Suite struct OutcomeTests {
  static let ends: [(StopReason, UInt8, String)] = [
    (.poweredOff, 0, "powered-off"),
    (.halted, 0, "halted"),
    (.requested, 0, "requested"),
    (.guestExit(status: 0), 0, "guest-exit"),
    (.guestExit(status: 1), 1, "guest-exit"),
    (.guestExit(status: 255), 255, "guest-exit"),
    (.guestExit(status: 256), 255, "guest-exit"),
    (.guestExit(status: .max), 255, "guest-exit"),
    (.tripleFault(vcpu: 0), 100, "triple-fault"),
    (.emulationFailure(vcpu: 1, EmulationFailure(code: 1, bytes: [])), 101, "emulation-failure"),
    (.failedEntry(vcpu: 0, reason: 0x8000_0021), 102, "failed-entry"),
    (.guestPanic, 103, "guest-panic"),
    (.reset(by: "the keyboard controller"), 104, "reset"),
    (.timeout, 124, "timeout"),
    (.signal(2), 130, "signal"),
    (.signal(13), 141, "signal"),
    (.signal(15), 143, "signal"),
    (.internalFault("KVM_RUN failed"), 70, "internal-fault"),
  ]

  @Test(arguments: ends)
  func hasItsStatusAndWord(_ reason: StopReason, _ status: UInt8, _ word: String) {
    let outcome = Outcome(reason: reason)
    #expect(outcome.exitStatus == status)
    #expect(outcome.reasonName == word)
    #expect(!outcome.sentence.isEmpty)
  }

  @Test func aSentenceNamesWhatIsSpecial() {
    #expect(Outcome(reason: .guestExit(status: 77)).sentence.contains("77"))
    #expect(Outcome(reason: .tripleFault(vcpu: 3)).sentence.contains("vCPU 3"))
    #expect(Outcome(reason: .failedEntry(vcpu: 0, reason: 0x80000021)).sentence.contains("0x80000021"))
    #expect(
      Outcome(reason: .reset(by: "the keyboard controller")).sentence.contains("the keyboard controller"))
    #expect(Outcome(reason: .signal(15)).sentence.contains("15"))
    #expect(Outcome(reason: .internalFault("no memory")).sentence == "no memory")
  }

  @Test func everySubCodeOfAnEmulationFailureHasATextOfItsOwn() {
    let codes = Array(UInt32(1)...6) + [EmulationFailure.taskSwitch]
    let texts = codes.map {
      Outcome(reason: .emulationFailure(vcpu: 0, EmulationFailure(code: $0, bytes: []))).sentence
    }
    #expect(Set(texts).count == texts.count)
    #expect(texts.allSatisfy { $0.contains("KVM") != $0.contains("software engine") })
  }

  @Test func theEngineAndItsHelperAreInTheReport() {
    var outcome = Outcome(reason: .poweredOff)
    #expect(!outcome.json.text.contains("engine") && !outcome.json.text.contains("assistance"))
    #expect(outcome.assistanceLine == nil)
    outcome.engine = .kvm
    outcome.assistance.byMnemonic = ["wait": 3, "int": 4]
    outcome.assistance.instructions = 1_000_000
    outcome.assistance.moves = 12
    // Without blanks and line ends: only what is said counts.
    let report = outcome.json.text.filter { !$0.isWhitespace }
    #expect(report.contains(#""engine":"kvm""#))
    #expect(
      report.contains(
        #""assistance":{"instructions":1000000,"moves":12,"takeovers":0,"byMnemonic":{"int":4,"wait":3}}"#))
    #expect(outcome.assistanceLine?.contains("slow") == false)
    outcome.assistance.takeovers = 5
    #expect(outcome.assistanceLine?.contains("12 moves, 5 of them because KVM was slow") == true)
    #expect(outcome.assistanceLine?.contains("int (4), wait (3)") == true)
    var both = outcome.assistance
    both.add(outcome.assistance)
    #expect(both.takeovers == 10 && both.moves == 24 && both.failures == 14)
  }
}
