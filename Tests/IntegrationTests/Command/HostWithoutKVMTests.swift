import CLinux
import Foundation
import Host
import Testing

/// Hosts on which KVM is missing or not for this user: the machine runs in software, and the reason is told
/// in one line. Who insists on KVM gets status 69.
struct HostWithoutKVMTests {
  /// What the command must do where KVM cannot be used. `run` starts it with these arguments there.
  private func expectSoftware(
    naming words: [String], _ run: ([String]) throws -> CommandRun,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let image = try BuiltGuests.path("hello16")
    for arguments in [["run", image], ["run", "--engine", "auto", image]] {
      let result = try run(arguments)
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)", sourceLocation: location)
      #expect(result.output == "Hello from 16-bit real mode.\n", sourceLocation: location)
      expectOneLine(result, naming: words + ["software"], at: location)
    }
    let quiet = try run(["run", "--engine", "software", image])
    #expect(quiet.exitStatus == 0 && quiet.errors.isEmpty, "\(quiet.errors)", sourceLocation: location)

    for options in [["--engine", "kvm"], ["--irqchip", "kernel"]] {
      let insisting = try run(["run"] + options + [image])
      #expect(insisting.exitStatus == 69, "\(insisting.status) \(insisting.errors)", sourceLocation: location)
      #expect(insisting.standardOutput.isEmpty, sourceLocation: location)
      expectOneLine(insisting, naming: words, at: location)
    }
    // What is wrong with the image is told all the same.
    let wrong = try run(["run", "/nonexistent/image"])
    #expect(wrong.exitStatus == 66, sourceLocation: location)

    let doctor = try run(["doctor"])
    #expect(doctor.exitStatus == 69, sourceLocation: location)
    #expect(doctor.output.contains("KVM: not usable"), "\(doctor.output)", sourceLocation: location)
    #expect(doctor.output.contains("run in software"), "\(doctor.output)", sourceLocation: location)
    #expect(doctor.output.contains("software engine"), "\(doctor.output)", sourceLocation: location)
    let json = try run(["doctor", "--json"])
    #expect(json.exitStatus == 69, sourceLocation: location)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(json.standardOutput)) as? [String: Any])
    #expect(object["usable"] as? Bool == false, sourceLocation: location)
    #expect(object["softwareUsable"] as? Bool == true, sourceLocation: location)
    #expect(object["softwareLoopPicoseconds"] is Int, sourceLocation: location)
  }

  private func expectOneLine(_ result: CommandRun, naming words: [String], at location: SourceLocation) {
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
    #expect(result.errors.hasPrefix("swiftvm: "), "\(result.errors)", sourceLocation: location)
    for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: location) }
  }

  /// On a host that has no KVM nothing needs to be hidden.
  @Test(.enabled(if: !canUseKVM, "this host has KVM: the tests below hide it"))
  func thisHostRunsMachinesInSoftware() throws {
    try expectSoftware(naming: ["/dev/kvm"]) { try Command.run($0) }
  }

  /// Without permission for /dev/kvm the note says how to get it.
  @Test(
    .enabled(if: isRootWithKVM, "only root can become somebody without access to a /dev/kvm that is there"))
  func somebodyWithoutAccessToKVMIsToldHowToGetIt() throws {
    var information = stat()
    // Sound: the pointer is valid for the call.
    try #require(unsafe stat("/dev/kvm", &information) == 0)
    // The test's own folders may not be open to others, so what is needed is copied.
    let folder = try TemporaryFolder()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
    // By another process: a descriptor of ours that is open for writing may be inherited by the command
    // of another test, and then nobody can start the program.
    let image = try BuiltGuests.path("hello16")
    try #require(Command.run(program: "/bin/cp", [Command.path, image, folder.path]).exitStatus == 0)
    func run(_ arguments: [String]) throws -> CommandRun {
      try Command.run(
        program: "/usr/bin/setpriv",
        ["--reuid=65534", "--regid=65534", "--clear-groups", "\(folder.path)/swiftvm"]
          + arguments.map { $0 == image ? "\(folder.path)/hello16.bin" : $0 })
    }
    if information.st_mode & 0o006 == 0o006 {
      #expect(try run(["run", "--engine", "kvm", image]).exitStatus == 0)
    } else {
      try expectSoftware(naming: ["/dev/kvm", "EACCES", "usermod"], run)
    }
  }

  /// A mount namespace of its own hides /dev/kvm from the command.
  @Test(
    .enabled(if: canHideKVM, "only root can hide a /dev/kvm that is there, in a mount namespace of its own"),
    arguments: ["/dev/null", "/dev/zero"])
  func aHostWithoutKVMRunsMachinesInSoftware(_ target: String) throws {
    let script = "mount --bind \(target) /dev/kvm && exec \"$0\" \"$@\""
    try expectSoftware(naming: ["/dev/kvm"]) { arguments in
      try Command.run(
        program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script, Command.path] + arguments)
    }
  }

  private static let isRootWithKVM = geteuid() == 0 && FileManager.default.fileExists(atPath: "/dev/kvm")

  /// Whether a process may make a mount namespace and change it.
  private static let canHideKVM: Bool = {
    let run = try? Command.run(
      program: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", "mount --bind /dev/null /dev/kvm"])
    return run?.exitStatus == 0
  }()
}
