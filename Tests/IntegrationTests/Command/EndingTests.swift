import CLinux
import Foundation
import Host
import Testing

/// The ways a machine ends, as the shell and a script see them.
struct EndingTests {
  /// The members of a JSON report.
  private func report(_ path: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    return try #require(object as? [String: Any])
  }

  @Test(
    arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129), (SIGQUIT, 131)] as [(Int32, Int32)],
    TestedEngine.usable)
  func aSignalEndsItInGoodOrder(_ end: (signal: Int32, status: Int32), _ engine: TestedEngine) throws {
    let (signal, status) = end
    let folder = try TemporaryFolder()
    let image = try BuiltGuests.path("endless-loop")
    let command = try RunningCommand(["run", "--report", "\(folder.path)/report"] + engine.options + [image])
    #expect(command.waitForOutput(".\n"))
    command.signal(signal)
    let result = command.finish()
    #expect(result.exitStatus == status, "\(result.status)")
    #expect(result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.hasPrefix("swiftvm: "))
    let report = try report("\(folder.path)/report")
    #expect(report["reason"] as? String == "signal")
    #expect(report["exitStatus"] as? Int32 == status)
  }

  /// At whatever moment the signal comes: before, during or after the set-up.
  @Test(arguments: TestedEngine.usableCPUs) func aSignalIsNeverLost(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("endless-loop")
    for number in 0..<25 {
      let command = try RunningCommand(["run"] + engine.options + [image])
      usleep(UInt32(number * 2000))
      command.signal(SIGTERM)
      let result = command.finish(patience: 30)
      // Before the command watches for signals, the system's own action ends it.
      #expect(
        result.status == .exited(143) || result.status == .killed(bySignal: SIGTERM), "\(result.status)")
    }
  }

  /// A guest that resets all the time is between two lives most of the time.
  @Test(arguments: TestedEngine.usableCPUs)
  func aSignalEndsAGuestThatResetsAllTheTime(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("reset")
    for number in 0..<8 {
      let command = try RunningCommand(["run"] + engine.options + [image])
      #expect(command.waitForOutput("Resetting.\nResetting.\n"))
      usleep(UInt32(number * 5000))
      command.signal(SIGTERM)
      #expect(command.finish(patience: 30).exitStatus == 143)
    }
  }

  /// Descriptors and threads of the lives before a reset are given back.
  @Test(arguments: TestedEngine.usable)
  func aMachineThatResetsOftenKeepsNothing(_ engine: TestedEngine) throws {
    let command = try RunningCommand(["run"] + engine.options + [BuiltGuests.path("reset")])
    /// The least of several looks: a reset that is under way has some of two lives.
    func least(_ folder: String) throws -> Int {
      try (0..<20).map { _ in
        usleep(3000)
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(command.processID)/\(folder)")
          .count
      }.min() ?? 0
    }
    func waitForResets(_ count: Int) -> Bool {
      eventually { command.outputByteCount >= count * "Resetting.\n".utf8.count }
    }
    #expect(waitForResets(3))
    let (descriptors, threads) = (try least("fd"), try least("task"))
    #expect(waitForResets(60))
    // One of either kept at each reset would be some 57 more; where a reset is looked at makes a few.
    #expect(try least("fd") < descriptors + 20)
    #expect(try least("task") < threads + 20)
    command.signal(SIGTERM)
    #expect(command.finish().exitStatus == 143)
  }

  @Test(arguments: TestedEngine.usable) func theTimeLimitEndsIt(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    let image = try BuiltGuests.path("endless-loop")
    let result = try Command.run(
      ["run", "--timeout", "200ms", "--report", "\(folder.path)/report"] + engine.options + [image])
    #expect(result.exitStatus == 124)
    #expect(result.errorLines.first?.hasPrefix("swiftvm: ") == true)
    #expect(result.errors.contains("eb fe"), "the crash report shows the code at RIP")
    let report = try report("\(folder.path)/report")
    #expect(report["reason"] as? String == "timeout")
    #expect(report["crash"] is [String: Any])
  }

  @Test(
    arguments: [
      ("exit-status", [], 42, "guest-exit"), ("hello64", ["--mode", "long"], 0, "halted"),
      ("triple-fault", ["--mode", "long"], 100, "triple-fault"),
      ("panic", ["--mode", "long"], 103, "guest-panic"),
      ("reset", ["--no-reboot"], 104, "reset"), ("reset", ["--timeout", "1"], 124, "timeout"),
    ] as [(String, [String], Int32, String)], TestedEngine.usableCPUs)
  func theReportAgreesWithTheStatus(
    _ end: (guest: String, arguments: [String], status: Int32, reason: String), _ engine: TestedEngine
  ) throws {
    let (guest, arguments, status, reason) = end
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report.json"
    let result = try Command.run(
      ["run", "--report", path] + engine.options + arguments + [BuiltGuests.path(guest)])
    #expect(result.exitStatus == status, "\(result.errors)")
    let report = try report(path)
    #expect(report["exitStatus"] as? Int32 == status)
    #expect(report["reason"] as? String == reason)
    #expect(report["engine"] as? String == (engine.usesKVM ? "kvm" : "software"))
    let sentence = try #require(report["sentence"] as? String)
    // What is no plain success is also said to people.
    if status != 0 && status != 42 { #expect(result.errors.contains("swiftvm: \(sentence)")) }
    #expect((report["exits"] as? Int ?? -1) > 0)
    let reboots = try #require(report["reboots"] as? Int)
    #expect(guest == "reset" && reason == "timeout" ? reboots > 0 : reboots == 0)
  }

  /// What the software CPU did for KVM is in the report: always where it runs all of ring 0.
  @Test(.enabled(if: canUseKVM, "needs read and write access to /dev/kvm"))
  func theReportTellsOfKVMsHelper() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report.json"
    let result = try Command.run(
      "run", "--report", path, "--mode", "long", "--assist", "ring0", BuiltGuests.path("user-mode"))
    #expect(result.exitStatus == 0, "\(result.errors)")
    let report = try report(path)
    #expect(report["engine"] as? String == "kvm")
    let assistance = try #require(report["assistance"] as? [String: Any])
    #expect(Set(assistance.keys) == ["instructions", "moves", "takeovers", "byMnemonic"])
    #expect((assistance["instructions"] as? Int ?? 0) > 100)
    #expect((assistance["moves"] as? Int ?? -1) >= 0)
    #expect(assistance["byMnemonic"] is [String: Int])
  }

  @Test func aFailedStartIsReportedToo() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report.json"
    let result = try Command.run("run", "--report", path, "/nonexistent/image")
    #expect(result.exitStatus == 66)
    let report = try report(path)
    #expect(report["reason"] as? String == "not-started")
    #expect(report["exitStatus"] as? Int == 66)
    #expect(report["engine"] == nil)
  }

  @Test func aReportThatCannotBeWrittenIsAFault() throws {
    let image = try BuiltGuests.path("exit-status")
    let result = try Command.run("run", "--engine", "software", "--report", "/nonexistent/report.json", image)
    #expect(result.exitStatus == 70)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("/nonexistent/report.json"))
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func theExitPortsStyleAndPlaceCanBeChosen(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("exit-status")
    func status(_ options: String...) throws -> Int32? {
      try Command.run(["run"] + engine.options + options + [image]).exitStatus
    }
    #expect(try status("--exit-status", "qemu") == 42 << 1 | 1)
    #expect(try status("--exit-status", "raw") == 42)
    // Without the port the guest goes on, to its HLT.
    #expect(try status("--exit-port", "none") == 0)
    #expect(try status("--exit-port", "0x501") == 0)
  }

  @Test func wordsBehindTheDashesReachTheGuest() throws {
    for guest in ["multiboot-info", "pvh-info"] {
      let image = try BuiltGuests.path(guest)
      let result = try Command.run(
        "run", "--mem", "64M", "--cmdline", "colour=red", image, "--", "size=9", "--quiet")
      #expect(result.output.contains("command line \"colour=red size=9 --quiet\""), "\(result.output)")
      let bare = try Command.run("run", "--mem", "64M", image, "--", "only", "these")
      #expect(bare.output.contains("command line \"only these\""), "\(bare.output)")
    }
  }

  @Test(arguments: TestedEngine.usableCPUs) func verboseSaysWhatIsDoneAndWhy(_ engine: TestedEngine) throws {
    let result = try Command.run(
      ["run", "--verbose", "--timings", "--mode", "long"] + engine.options + [BuiltGuests.path("hello64")])
    #expect(result.exitStatus == 0)
    #expect(
      result.output == "Hello from 64-bit long mode.\n", "what is said to people goes to standard error")
    #expect(result.errors.contains("entry at"))
    #expect(result.errors.contains("µs"))
    #expect(result.errors.contains("halted for good"))
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func theDemoGuestRunsWhereNoImageIsGiven(_ engine: TestedEngine) throws {
    let result = try Command.run(["run"] + engine.options)
    #expect(result.exitStatus == 0)
    #expect(result.output.contains("Hello from inside a virtual machine"))
    #expect(result.errors.isEmpty)
  }
}
