import SwiftVM
import Testing

/// What tiny guests are run on here: each engine, with the interrupt controllers that it can have.
enum TestedEngine: String, CaseIterable, Sendable, CustomTestStringConvertible {
  /// KVM with the kernel's interrupt controllers.
  case kvm
  /// KVM with the interrupt controllers in software.
  case kvmWithSoftwareControllers
  /// The CPU in software, which every host can run.
  case software

  /// Those that this host can run.
  static let usable = allCases.filter { canUseKVM || $0 == .software }

  func apply(to configuration: inout VirtualMachine.Configuration) {
    configuration.engine = self == .software ? .software : .kvm
    configuration.interruptControllers = self == .kvm ? .kernel : .software
  }

  var testDescription: String {
    switch self {
    case .kvm: "KVM"
    case .kvmWithSoftwareControllers: "KVM, irqchip software"
    case .software: "software"
    }
  }
}

/// Tells where the tests that run on every engine left one out.
@Suite struct TestedEngineTests {
  @Test(.enabled(if: canUseKVM, "no usable /dev/kvm: what runs on every engine ran in software only"))
  func everyEngineIsTested() {
    #expect(TestedEngine.usable == TestedEngine.allCases)
  }
}
