import Engine
import Host
import Testing

@testable import SwiftVM

/// Starts that fail, with the error and the status that the user guide promises. None needs KVM.
@Suite struct StartTests {
  private func error(_ change: (inout VirtualMachine.Configuration) -> Void) -> StartError? {
    var configuration = TinyGuest.configuration(TinyGuest.halting)
    change(&configuration)
    do throws(StartError) {
      try VirtualMachine(configuration).start()
      return nil
    } catch {
      return error
    }
  }

  /// Who insists on KVM, or on the kernel's interrupt controllers, gets an error without it.
  @Test(arguments: ["/nonexistent/kvm", "/dev/null", "/", "/etc/passwd"], [true, false])
  func aPathThatIsNoKVMIsToldAsAMissingEngine(_ path: String, _ insistsByEngine: Bool) throws {
    let error = try #require(
      error { configuration in
        configuration.kvmPath = path
        if insistsByEngine {
          configuration.engine = .kvm
        } else {
          configuration.interruptControllers = .kernel
        }
      })
    #expect(error.exitStatus == 69)
    #expect(error.description.contains(path))
    #expect(!error.description.contains("\n"))
  }

  /// Who leaves the choice to us gets the software engine, and is told why.
  @Test(arguments: ["/nonexistent/kvm", "/dev/null", "/", "/etc/passwd"])
  func withoutKVMTheMachineRunsInSoftware(_ path: String) async throws {
    var configuration = TinyGuest.configuration(TinyGuest.exiting)
    configuration.kvmPath = path
    let machine = try VirtualMachine(configuration)
    #expect(try await machine.run().reason == .guestExit(status: 42))
    let note = try #require(machine.engineNote)
    #expect(note.contains(path))
    #expect(!note.contains("\n"))
  }

  /// A machine that starts anew does so on the engine it found at first.
  @Test func withoutKVMAMachineAlsoResetsInSoftware() async throws {
    var configuration = TinyGuest.configuration(TinyGuest.resetting)
    configuration.kvmPath = "/nonexistent/kvm"
    let machine = try VirtualMachine(configuration)
    try machine.start()
    #expect(eventually { machine.life.read(\.reboots) >= 3 })
    machine.stop()
    #expect(await machine.wait().reason == .requested)
  }

  /// Who asks for the software engine hears nothing of KVM, whether it is there or not.
  @Test func theSoftwareEngineNeedsNoKVM() async throws {
    var configuration = TinyGuest.configuration(TinyGuest.exiting)
    configuration.engine = .software
    configuration.kvmPath = "/nonexistent/kvm"
    let machine = try VirtualMachine(configuration)
    #expect(try await machine.run().reason == .guestExit(status: 42))
    #expect(machine.engineNote == nil)
  }

  @Test(arguments: ["/nonexistent/image", "/", "/dev/zero", "/dev/null"])
  func anImageThatIsNoneIsTold(_ path: String) throws {
    let error = try #require(error { $0.image = .file(path: path) })
    #expect(error.exitStatus == 66)
    #expect(error.description.contains(path))
  }

  @Test func aWrongImageIsToldAlsoWithoutKVM() throws {
    let error = try #require(
      error { configuration in
        configuration.image = .bytes([], name: "nothing")
        configuration.kvmPath = "/nonexistent/kvm"
      })
    #expect(error.exitStatus == 66)
    #expect(error.description.contains("nothing is empty"))
  }

  @Test func aModuleThatIsMissingIsTold() throws {
    let error = try #require(error { $0.modules = [.init(path: "/nonexistent/initrd")] })
    #expect(error.exitStatus == 66)
    #expect(error.description.contains("/nonexistent/initrd"))
  }

  @Test func aConsoleThatCannotBeOpenedIsTold() throws {
    let error = try #require(error { $0.console = .file(path: "/nonexistent/log") })
    #expect(error.exitStatus == 70)
    #expect(error.description.contains("/nonexistent/log"))
  }

  /// Who waits for a machine that cannot be started is told, before and after.
  @Test func whoWaitsForAMachineThatCannotBeStartedIsTold() async throws {
    var configuration = TinyGuest.configuration(TinyGuest.halting)
    configuration.kvmPath = "/nonexistent/kvm"
    configuration.engine = .kvm
    let machine = try VirtualMachine(configuration)
    async let early = machine.wait()
    #expect(throws: StartError.self) { try machine.start() }
    let late = await machine.wait()
    for outcome in [await early, late] {
      #expect(outcome.exitStatus == 70)
      #expect(outcome.sentence.contains("/nonexistent/kvm"))
    }
    #expect { try machine.start() } throws: { error in
      if case .startedBefore? = error as? StartError { true } else { false }
    }
  }

  @Test func aMachineThatCouldNotBeStartedLeavesNoThread() throws {
    weak var loop: EventLoop?
    do {
      var configuration = TinyGuest.configuration(TinyGuest.halting)
      configuration.kvmPath = "/nonexistent/kvm"
      configuration.engine = .kvm
      configuration.console = .pty
      let machine = try VirtualMachine(configuration)
      loop = machine.parts.loop
      #expect(throws: StartError.self) { try machine.start() }
    }
    #expect(eventually { loop == nil })
  }

  @Test func aMachineThatNeverStartedCanBeAskedAnything() async throws {
    let machine = try VirtualMachine(TinyGuest.configuration(TinyGuest.halting))
    #expect(machine.timeline == nil)
    #expect(machine.bootPlan == nil)
    #expect(machine.consoleName == nil)
    #expect(machine.statusLine == "the machine is not running")
    await machine.pause()
    machine.resume()
    machine.stop()
  }
}
