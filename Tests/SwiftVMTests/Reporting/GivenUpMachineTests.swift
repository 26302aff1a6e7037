import Engine
import Testing

@testable import SwiftVM

/// The sentence on a machine whose vCPUs did not come out.
@Suite struct GivenUpMachineTests {
  private func sentence(_ change: (inout GivenUpMachine) -> Void = { _ in }) -> String {
    var machine = GivenUpMachine(
      vcpus: [GivenUpMachine.VCPU(number: 3, computedNanoseconds: 9_950_000_000)], isWriting: false,
      isCutShort: false, waitedNanoseconds: 10_049_999_999, reason: .signal(15), engine: .software)
    change(&machine)
    return machine.sentence
  }

  @Test func saysWhoHowLongAndWhy() {
    #expect(
      sentence()
        == "vCPU 3 did not come back within 10.0 s of being told to stop (stopped by signal 15), and the machine "
        + "was given up with its thread inside, which computed for 9.9 s meanwhile: that is a defect of swiftvm, "
        + "please report it with this message and the output of `swiftvm doctor`")
  }

  @Test func namesEveryVCPU() {
    let text = sentence { $0.vcpus.append(GivenUpMachine.VCPU(number: 5, computedNanoseconds: 0)) }
    #expect(text.hasPrefix("vCPUs 3, 5 did not"))
    #expect(text.contains("with their threads inside, which computed for 9.9 s, 0.0 s meanwhile"))
  }

  @Test func accusesWhoeverItMayBe() {
    #expect(
      sentence { $0.engine = .kvm }.contains("that is a defect of swiftvm or of the host's KVM, please"))
    let cutShort = sentence { $0.isCutShort = true }
    #expect(cutShort.contains("unless the host is very busy, that is a defect of swiftvm, please"))
    let writing = sentence { $0.isWriting = true }
    #expect(!writing.contains("defect") && writing.contains("a write to the console's channel"))
  }

  /// Under `--no-reboot` or not: the machine did not come to that.
  @Test func aResetIsToldAsOne() {
    let text = sentence { $0.reason = .reset(by: "port 0xcf9") }
    #expect(text.contains("(the guest asked for a reset by port 0xcf9)"))
  }
}
