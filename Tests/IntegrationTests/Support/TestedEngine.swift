import SwiftVM
import Testing

/// What guests are run on here: each engine, with the interrupt controllers that it can have.
enum TestedEngine: String, CaseIterable, Sendable, CustomTestStringConvertible {
  /// KVM with the kernel's interrupt controllers.
  case kvm
  /// KVM with the interrupt controllers in software.
  case kvmWithSoftwareControllers
  /// The CPU in software, which every host can run.
  case software

  var usesKVM: Bool { self != .software }

  /// Those that this host can run.
  static let usable = allCases.filter { canUseKVM || !$0.usesKVM }
  /// The same with one kind of controllers for each, where a test is not about them.
  static let usableCPUs = usable.filter { $0 != .kvmWithSoftwareControllers }

  /// The options for `swiftvm run`.
  var options: [String] {
    switch self {
    case .kvm: ["--engine", "kvm", "--irqchip", "kernel"]
    case .kvmWithSoftwareControllers: ["--engine", "kvm", "--irqchip", "software"]
    case .software: ["--engine", "software"]
    }
  }

  /// The same for the library.
  func apply(to configuration: inout VirtualMachine.Configuration) {
    configuration.engine = usesKVM ? .kvm : .software
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
struct TestedEngineTests {
  @Test(.enabled(if: canUseKVM, "no usable /dev/kvm: what runs on every engine ran in software only"))
  func everyEngineIsTested() {
    #expect(TestedEngine.usable == TestedEngine.allCases)
  }
}
