import CLinux
import Host
import Testing

@testable import SwiftVMCommand

/// What the command does with files that are no images, and with images in unusual places. No guest
/// runs before the file is understood.
@Suite struct ImageTests {
  /// The command fails with this status and exactly one line on standard error, which names the file.
  private func expectOneLine(
    _ result: CommandRun, status: Int32, naming words: String...,
    at location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.exitStatus == status, "\(result.status) \(result.errors)", sourceLocation: location)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
    #expect(result.errors.hasPrefix("swiftvm: "), "\(result.errors)", sourceLocation: location)
    #expect(result.errors.hasSuffix("\n"), sourceLocation: location)
    for word in words { #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: location) }
    #expect(result.standardOutput.isEmpty, sourceLocation: location)
  }

  @Test(arguments: ["run", "inspect"])
  func refusesPathsThatLeadToNoFile(_ verb: String) throws {
    expectOneLine(
      try Command.run(verb, "/nonexistent/guest.bin"), status: 66, naming: "/nonexistent/guest.bin")
    expectOneLine(try Command.run(verb, "/"), status: 66, naming: "directory")
    expectOneLine(try Command.run(verb, "/dev/zero"), status: 66, naming: "/dev/zero", "device")
    expectOneLine(try Command.run(verb, "/dev/null"), status: 66, naming: "/dev/null")
    expectOneLine(try Command.run(verb, ""), status: 66)
  }

  @Test(arguments: ["run", "inspect"])
  func refusesFilesThatCannotBeBooted(_ verb: String) throws {
    let folder = try TemporaryFolder()
    let empty = try folder.file("empty", [])
    expectOneLine(try Command.run(verb, empty), status: 66, naming: empty, "is empty")
    let gzip = try folder.file("packed.gz", [0x1F, 0x8B, 8, 0] + Array(repeating: 7, count: 500))
    expectOneLine(try Command.run(verb, gzip), status: 66, naming: gzip)
    let script = try folder.file("script", Array("#!/bin/sh\nexit 0\n".utf8))
    expectOneLine(try Command.run(verb, script), status: 66, naming: script)
    let header = try folder.file("header", [0x7F, 0x45, 0x4C, 0x46])
    expectOneLine(try Command.run(verb, header), status: 66, naming: header)
  }

  @Test func refusesEachTruncatedELFWithOneLine() throws {
    let whole = try contents(of: BuiltGuests.path("pvh-info"))
    let folder = try TemporaryFolder()
    for count in [5, 16, 51, 52, 64, 100, 200, 4096, whole.count / 2] where count < whole.count {
      let path = try folder.file("cut-\(count)", Array(whole.prefix(count)))
      let result = try Command.run("inspect", path)
      if result.exitStatus == 0 { continue }  // what was cut off was not needed: section names
      expectOneLine(result, status: 66, naming: path)
    }
    let path = try folder.file("cut", Array(whole.prefix(60)))
    expectOneLine(try Command.run("run", path), status: 66, naming: path)
  }

  @Test func refusesAnImageThatIsLargerThanMemory() throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("large", Array(repeating: 0xF4, count: 3 << 20))
    for mode in ["protected", "long"] {
      let result = try Command.run("run", "--mem", "2M", "--mode", mode, path)
      expectOneLine(result, status: 66, naming: path)
    }
    expectOneLine(try Command.run("run", "--mode", "real", path), status: 66, naming: path)
    expectOneLine(try Command.run("run", path), status: 66, naming: path)
  }

  @Test func refusesModulesThatAreMissing() throws {
    let image = try BuiltGuests.path("multiboot-info")
    for option in ["--module", "--initrd"] {
      let result = try Command.run("run", option, "/nonexistent/module", image)
      expectOneLine(result, status: 66, naming: "/nonexistent/module")
    }
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func runsWhatComesThroughAPipe(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("exit-status")
    let script = "\"$0\" run \"${@:2}\" <(cat \"$1\")"
    let result = try Command.run(program: "/bin/bash", ["-c", script, Command.path, image] + engine.options)
    #expect(result.exitStatus == 42, "\(result.errors)")
    // A machine that starts again needs its image again, and the pipe gives it only once.
    let again = try Command.run(
      program: "/bin/bash", ["-c", script, Command.path, BuiltGuests.path("reboot")] + engine.options)
    #expect(again.exitStatus == 0, "\(again.errors)")
    #expect(again.output.contains("start 3"))
  }

  @Test func aPipeWithoutEndIsNotReadForEver() throws {
    let script = "\"$0\" run --mem 1M <(cat /dev/zero)"
    let result = try Command.run(program: "/bin/bash", ["-c", script, Command.path])
    #expect(result.exitStatus == 66, "\(result.status) \(result.errors)")
    #expect(result.errorLines.filter { $0.hasPrefix("swiftvm: ") }.count == 1)
  }

  /// Who waits for the writer of a pipe can be interrupted as ever.
  @Test func canBeInterruptedWhileItWaitsForAPipe() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/pipe"
    // Sound: the string outlives the call.
    try #require(unsafe mkfifo(path, 0o600) == 0)
    let command = try RunningCommand(["run", path])
    #expect(eventually { state(of: command.processID) == "S" })
    command.signal(SIGINT)
    let result = command.finish()
    #expect(result.status == .killed(bySignal: SIGINT) || result.exitStatus == 130, "\(result.status)")
  }

  /// Whatever is in a file, the command ends with a status of its table, and says why.
  @Test(arguments: TestedEngine.usable)
  func garbageEndsInGoodOrder(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    var generator = SystemRandomNumberGenerator()
    for number in 0..<12 {
      let bytes = (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let path = try folder.file("garbage-\(number)", bytes)
      let mode = ["real", "protected", "long"][number % 3]
      let result = try Command.run(
        ["run", "--timeout", "300ms", "--serial", "none", "--mode", mode] + engine.options + [path])
      let status = try #require(result.exitStatus, "\(result.status), with \(bytes)")
      #expect(status != 70, "\(result.errors), with \(bytes)")
      if status != 0 && result.errors.isEmpty { #expect(status < 256, "the guest's own, by the exit port") }
    }
  }

  /// The state of a process, as ps shows it: "S" for one that sleeps.
  private func state(of process: Int32) -> Character? {
    guard let bytes = try? contents(of: "/proc/\(process)/stat") else { return nil }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: ") ")
    return fields.count == 2 ? fields[1].first : nil
  }
}

/// The bytes of a file, also of one in /proc that has no size.
func contents(of path: String) throws -> [UInt8] {
  let file = try OwnedDescriptor.open(path, flags: O_RDONLY | O_CLOEXEC)
  var result: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = unsafe piece.withUnsafeMutableBytes { buffer in
      // Sound: the buffer is as large as the size that is passed along.
      unsafe read(file.rawValue, buffer.baseAddress, buffer.count)
    }
    if count <= 0 { return result }
    result += piece[..<count]
  }
}
