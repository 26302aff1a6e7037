import CLinux
import Foundation
import Host
import Testing

/// The ways a machine ends, as the shell and a script see them.
@Suite(.enabled(if: canUseKVM, "needs read and write access to /dev/kvm"))
struct EndingTests {
  /// The members of a JSON report.
  private func report(_ path: String) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    return try #require(object as? [String: Any])
  }

  @Test(arguments: [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129), (SIGQUIT, 131)] as [(Int32, Int32)])
  func aSignalEndsItInGoodOrder(_ signal: Int32, _ status: Int32) throws {
    let folder = try TemporaryFolder()
    let image = try BuiltGuests.path("endless-loop")
    let command = try RunningCommand(["run", "--report", "\(folder.path)/report", image])
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
  @Test func aSignalIsNeverLost() throws {
    let image = try BuiltGuests.path("endless-loop")
    for number in 0..<25 {
      let command = try RunningCommand(["run", image])
      usleep(UInt32(number * 2000))
      command.signal(SIGTERM)
      let result = command.finish(patience: 30)
      // Before the command watches for signals, the system's own action ends it.
      #expect(
        result.status == .exited(143) || result.status == .killed(bySignal: SIGTERM), "\(result.status)")
    }
  }

  /// A guest that resets all the time is between two lives most of the time.
  @Test func aSignalEndsAGuestThatResetsAllTheTime() throws {
    let image = try BuiltGuests.path("reset")
    for number in 0..<8 {
      let command = try RunningCommand(["run", image])
      #expect(command.waitForOutput("Resetting.\nResetting.\n"))
      usleep(UInt32(number * 5000))
      command.signal(SIGTERM)
      #expect(command.finish(patience: 30).exitStatus == 143)
    }
  }

  /// Descriptors and threads of the lives before a reset are given back.
  @Test func aMachineThatResetsOftenKeepsNothing() throws {
    let command = try RunningCommand(["run", BuiltGuests.path("reset")])
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

  @Test func theTimeLimitEndsIt() throws {
    let folder = try TemporaryFolder()
    let image = try BuiltGuests.path("endless-loop")
    let result = try Command.run("run", "--timeout", "200ms", "--report", "\(folder.path)/report", image)
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
    ] as [(String, [String], Int32, String)])
  func theReportAgreesWithTheStatus(
    _ guest: String, _ arguments: [String], _ status: Int32, _ reason: String
  ) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report.json"
    let result = try Command.run(["run", "--report", path] + arguments + [BuiltGuests.path(guest)])
    #expect(result.exitStatus == status, "\(result.errors)")
    let report = try report(path)
    #expect(report["exitStatus"] as? Int32 == status)
    #expect(report["reason"] as? String == reason)
    let sentence = try #require(report["sentence"] as? String)
    // What is no plain success is also said to people.
    if status != 0 && status != 42 { #expect(result.errors.contains("swiftvm: \(sentence)")) }
    #expect((report["exits"] as? Int ?? -1) > 0)
    let reboots = try #require(report["reboots"] as? Int)
    #expect(guest == "reset" && reason == "timeout" ? reboots > 0 : reboots == 0)
  }

  @Test func aFailedStartIsReportedToo() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/report.json"
    let result = try Command.run("run", "--report", path, "/nonexistent/image")
    #expect(result.exitStatus == 66)
    let report = try report(path)
    #expect(report["reason"] as? String == "not-started")
    #expect(report["exitStatus"] as? Int == 66)
  }

  @Test func aReportThatCannotBeWrittenIsAFault() throws {
    let image = try BuiltGuests.path("exit-status")
    let result = try Command.run("run", "--report", "/nonexistent/report.json", image)
    #expect(result.exitStatus == 70)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("/nonexistent/report.json"))
  }

  @Test func theExitPortsStyleAndPlaceCanBeChosen() throws {
    let image = try BuiltGuests.path("exit-status")
    #expect(try Command.run("run", "--exit-status", "qemu", image).exitStatus == 42 << 1 | 1)
    #expect(try Command.run("run", "--exit-status", "raw", image).exitStatus == 42)
    // Without the port the guest goes on, to its HLT.
    #expect(try Command.run("run", "--exit-port", "none", image).exitStatus == 0)
    #expect(try Command.run("run", "--exit-port", "0x501", image).exitStatus == 0)
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

  @Test func verboseSaysWhatIsDoneAndWhy() throws {
    let result = try Command.run(
      "run", "--verbose", "--timings", "--mode", "long", BuiltGuests.path("hello64"))
    #expect(result.exitStatus == 0)
    #expect(
      result.output == "Hello from 64-bit long mode.\n", "what is said to people goes to standard error")
    #expect(result.errors.contains("entry at"))
    #expect(result.errors.contains("µs"))
    #expect(result.errors.contains("halted for good"))
  }

  @Test func theDemoGuestRunsWhereNoImageIsGiven() throws {
    let result = try Command.run("run")
    #expect(result.exitStatus == 0)
    #expect(result.output.contains("Hello from inside a virtual machine"))
    #expect(result.errors.isEmpty)
  }

  @Test func theSoftwareEngineIsNotPartOfThisVersion() throws {
    let result = try Command.run("run", "--engine", "software")
    #expect(result.exitStatus == 69)
    #expect(result.errorLines.count == 1)
  }

  /// Without permission for /dev/kvm the command says how to get it.
  @Test(.enabled(if: geteuid() == 0, "only root can become somebody without access to /dev/kvm"))
  func somebodyWithoutAccessToKVMIsToldHowToGetIt() throws {
    var information = stat()
    try #require(unsafe stat("/dev/kvm", &information) == 0)
    let everybodyMay = information.st_mode & 0o006 == 0o006
    // The test's own folders may not be open to others, so the program is copied.
    let folder = try TemporaryFolder()
    let program = "\(folder.path)/swiftvm"
    // By another process: a descriptor of ours that is open for writing may be inherited by the command
    // of another test, and then nobody can start the program.
    try #require(Command.run(program: "/bin/cp", [Command.path, program]).exitStatus == 0)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    let result = try Command.run(
      program: "/usr/bin/setpriv",
      ["--reuid=65534", "--regid=65534", "--clear-groups", program, "run"])
    if everybodyMay {
      #expect(result.exitStatus == 0)
    } else {
      #expect(result.exitStatus == 69, "\(result.status) \(result.errors)")
      #expect(result.errorLines.count == 1)
      #expect(result.errors.contains("/dev/kvm"))
      #expect(result.errors.contains("EACCES"))
      #expect(result.errors.contains("usermod"), "it says what to do: \(result.errors)")
    }
  }

  /// A mount namespace of its own hides /dev/kvm from the command.
  @Test(.enabled(if: canHideKVM, "only root can hide /dev/kvm, in a mount namespace of its own"))
  func aHostWithoutKVMIsTold() throws {
    let image = try BuiltGuests.path("hello16")
    for target in ["/dev/null", "/dev/zero"] {
      let script = "mount --bind \(target) /dev/kvm && exec \"$0\" \"$@\""
      let run = try Command.run(
        program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, Command.path, "run", image])
      #expect(run.exitStatus == 69, "\(run.status) \(run.errors)")
      #expect(run.errorLines.count == 1)
      #expect(run.errors.contains("/dev/kvm"))
      // What is wrong with the image is told all the same.
      let wrong = try Command.run(
        program: "/usr/bin/unshare",
        ["-m", "/bin/sh", "-c", script, Command.path, "run", "/nonexistent/image"])
      #expect(wrong.exitStatus == 66)
      let doctor = try Command.run(
        program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, Command.path, "doctor", "--json"])
      #expect(doctor.exitStatus == 69)
      _ = try JSONSerialization.jsonObject(with: Data(doctor.standardOutput))
    }
  }

  /// Whether a process may make a mount namespace and change it.
  private static let canHideKVM: Bool = {
    let run = try? Command.run(
      program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", "mount --bind /dev/null /dev/kvm"])
    return run?.exitStatus == 0
  }()
}
