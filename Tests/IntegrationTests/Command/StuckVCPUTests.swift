import CLinux
import Foundation
import Testing

/// A vCPU's thread that never comes back: the command ends all the same, and as a defect.
struct StuckVCPUTests {
  /// A guest that runs, with its vCPU's thread held.
  private func held(
    _ engine: TestedEngine, _ options: [String] = [], stream: Command.Stream = .pipe,
    until isThere: (RunningCommand) -> Bool
  ) throws -> (RunningCommand, HeldThread) {
    let image = try BuiltGuests.path("endless-loop")
    let command = try RunningCommand(
      ["run"] + engine.options + options + [image], input: stream, output: stream, errors: stream)
    #expect(isThere(command))
    return (command, try HeldThread("vcpu0", of: command.processID))
  }

  /// Asks again and again, as a user would. Early requests after the first count for nothing.
  private func insist(_ command: RunningCommand, _ request: () -> Void) {
    for _ in 0..<600 where !command.hasEnded {
      request()
      usleep(200_000)
    }
    // A thread that is held does not die of a signal to its process that somebody else is to answer.
    if !command.hasEnded { command.signal(SIGKILL) }
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func signalsEndIt(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report"
    let (command, thread) = try held(engine, ["--report", path]) { $0.waitForOutput(".\n") }
    insist(command) { command.signal(SIGTERM) }
    thread.waitForEnd()
    let result = command.finish()
    #expect(result.exitStatus == 70, "\(result.status)")
    #expect(result.errors.hasPrefix("swiftvm: vCPU 0 did not come back within "), "\(result.errors)")
    #expect(result.errors.contains("(stopped by signal 15)"))
    #expect(result.errors.contains("--- vCPU 0 ---\n"))
    #expect(result.output.contains(".\n"), "what the guest wrote is there")
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    let report = try #require(object as? [String: Any])
    #expect(report["reason"] as? String == "internal-fault")
    #expect(report["exitStatus"] as? Int == 70)
    #expect((report["exits"] as? Int ?? 0) > 0)
  }

  /// The terminal is given back soon after the first request, and Ctrl-C is a signal again.
  @Test func theKeysEndItAndTheTerminalIsAsBefore() throws {
    let terminal = try TestTerminal()
    let before = terminal.settings
    let (command, thread) = try held(.software, stream: .terminal(path: terminal.path)) { _ in
      terminal.waitFor(".") && eventually { terminal.isRaw }
    }
    terminal.type("\u{1}x")
    #expect(eventually { terminal.settings == before })
    insist(command) { terminal.type("\u{3}") }
    thread.waitForEnd()
    #expect(command.finish().exitStatus == 70)
    #expect(terminal.settings == before)
    #expect(terminal.waitFor("(stopped by the host)"))
  }

  /// Nobody asks a second time: the whole patience of ten seconds.
  @Test func oneSignalEndsIt() throws {
    let (command, thread) = try held(.software) { $0.waitForOutput(".\n") }
    command.signal(SIGINT)
    let result = command.finish()
    thread.waitForEnd()
    #expect(result.exitStatus == 70, "\(result.status)")
    #expect(result.errors.contains("(stopped by signal 2)"), "\(result.errors)")
    #expect(result.errors.contains("that is a defect of swiftvm, please report it"))
  }
}
