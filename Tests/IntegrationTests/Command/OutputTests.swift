import CLinux
import Foundation
import Host
import Testing

/// Where a guest's output goes, and what happens when it cannot get there.
struct OutputTests {
  @Test(arguments: TestedEngine.usableCPUs)
  func aReaderThatGoesAwayEndsItAsItEndsAnyProgramInAPipeline(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("reset")
    let script = "\"$0\" run \"$@\" | head -n 3; echo ${PIPESTATUS[0]}"
    let result = try Command.run(program: "/bin/bash", ["-c", script, Command.path, image] + engine.options)
    #expect(result.output == "Resetting.\nResetting.\nResetting.\n141\n", "\(result.errors)")
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func aFullDiskIsAFaultThatIsTold(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("hello64")
    let command = try RunningCommand(
      ["run", "--mode", "long"] + engine.options + [image], output: .file("/dev/full"))
    let result = command.finish()
    #expect(result.exitStatus == 70)
    #expect(result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.contains("ENOSPC"))
  }

  @Test(arguments: ["inspect", "doctor"])
  func textThatCannotBeWrittenIsAFault(_ verb: String) throws {
    let image = verb == "inspect" ? [try BuiltGuests.path("hello64")] : []
    let result = try RunningCommand([verb] + image, output: .file("/dev/full")).finish()
    #expect(result.exitStatus == 70)
    #expect(result.errorLines.count == 1, "\(result.errors)")
  }

  /// With a stream closed, the next file that is opened gets its number: no output may go there.
  @Test(arguments: TestedEngine.usableCPUs)
  func closedStandardStreamsStayClosed(_ engine: TestedEngine) throws {
    let image = try BuiltGuests.path("hello64")
    let output = try RunningCommand(["run", "--mode", "long"] + engine.options + [image], output: .closed)
      .finish()
    #expect(output.exitStatus == 70)
    #expect(output.errors.contains("EBADF"), "\(output.errors)")
    let input = try RunningCommand(["run", "--mode", "long"] + engine.options + [image], input: .closed)
      .finish()
    #expect(input.exitStatus == 0)
    #expect(input.output == "Hello from 64-bit long mode.\n")
    let errors = try RunningCommand(["run", "--mode", "long"] + engine.options + [image], errors: .closed)
      .finish()
    #expect(errors.exitStatus == 0)
    let all = try RunningCommand(
      ["run", "--serial", "none", "--mode", "long"] + engine.options + [image], input: .closed,
      output: .closed, errors: .closed
    ).finish()
    #expect(all.exitStatus == 0)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func theSerialPortLeadsToAFile(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    let path = try folder.file("log", Array("what was there before".utf8))
    let image = try BuiltGuests.path("hello64")
    func run(_ target: String) throws -> CommandRun {
      try Command.run(["run", "--serial", target, "--mode", "long"] + engine.options + [image])
    }
    let result = try run("file:\(path)")
    #expect(result.exitStatus == 0)
    #expect(result.standardOutput.isEmpty)
    #expect(try folder.text(of: "log") == "Hello from 64-bit long mode.\n")
    let lost = try run("file:/nonexistent/log")
    #expect(lost.exitStatus == 70)
    #expect(lost.errorLines.count == 1)
    let full = try run("file:/dev/full")
    #expect(full.exitStatus == 70)
    #expect(full.errorLines.count == 1, "\(full.errors)")
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func theSerialPortCanLeadNowhere(_ engine: TestedEngine) throws {
    let result = try Command.run(
      ["run", "--serial", "none", "--mode", "long"] + engine.options + [BuiltGuests.path("hello64")])
    #expect(result.exitStatus == 0)
    #expect(result.standardOutput.isEmpty)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func theSerialPortLeadsToAPseudoTerminal(_ engine: TestedEngine) throws {
    let command = try RunningCommand(
      ["run", "--serial", "pty", "--mode", "long"] + engine.options + [BuiltGuests.path("serial-echo")])
    #expect(command.waitForErrors("/dev/pts/"))
    let name = try #require(command.errors.firstMatch(of: /\/dev\/pts\/[0-9]+/)).output
    let terminal = unsafe swiftvm_open(String(name), O_RDWR | O_NOCTTY, 0)
    try #require(terminal >= 0)
    defer { close(terminal) }
    let wanted = "Type a line:\nover the pty\n"
    RunningCommand.writeAll(Array("over the pty\n".utf8), to: terminal)
    #expect(read(terminal, wanted.utf8.count) == wanted)
    #expect(command.finish().exitStatus == 0)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func theSerialPortLeadsToAUnixSocket(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/socket"
    let command = try RunningCommand(
      ["run", "--serial", "unix:\(path)", "--mode", "long"] + engine.options
        + [BuiltGuests.path("serial-echo")])
    #expect(command.waitForErrors(path))
    let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(client) }
    try #require(unsafe swiftvm_connect_unix(client, path) == 0)
    RunningCommand.writeAll(Array("over the socket\n".utf8), to: client)
    let wanted = "Type a line:\nover the socket\n"
    #expect(read(client, wanted.utf8.count) == wanted)
    #expect(command.finish().exitStatus == 0)
    #expect(!FileManager.default.fileExists(atPath: path), "the socket goes with the machine")
  }

  /// 100 KiB through a pipe into a guest that echoes them: none is lost, none comes twice.
  @Test(arguments: TestedEngine.usableCPUs)
  func aLongInputLosesNothing(_ engine: TestedEngine) throws {
    let (folder, line) = (try TemporaryFolder(), PollingEcho.line(100 << 10))
    let command = try RunningCommand(["run"] + engine.options + [folder.file("echo", PollingEcho.image)])
    #expect(command.waitForOutput(PollingEcho.prompt))
    command.send(line)
    let result = command.finish()
    #expect(result.exitStatus == 0)
    #expect(result.output == PollingEcho.prompt + line)
  }

  /// The same by interrupts, without the UART's FIFO, and with input that is there before the guest is.
  @Test(arguments: TestedEngine.usable)
  func inputByInterruptsLosesNothing(_ engine: TestedEngine) throws {
    let line = PollingEcho.line(6 << 10)
    let result = try Command.run(
      ["run", "--mode", "long"] + engine.options + [BuiltGuests.path("serial-echo")], input: Array(line.utf8))
    #expect(result.exitStatus == 0)
    #expect(result.output == "Type a line:\n" + line)
  }

  /// A reader that is slow makes the guest wait; it loses nothing.
  @Test(arguments: TestedEngine.usableCPUs)
  func aSlowReaderLosesNothing(_ engine: TestedEngine) throws {
    let (folder, line) = (try TemporaryFolder(), PollingEcho.line(100 << 10))
    let command = try RunningCommand(["run"] + engine.options + [folder.file("echo", PollingEcho.image)])
    #expect(command.waitForOutput(PollingEcho.prompt))
    command.holdOutput()
    command.send(line)
    // The pipe takes 64 KiB; the machine must wait for its reader with the rest, however long.
    usleep(3_000_000)
    #expect(!command.hasEnded)
    command.releaseOutput()
    let result = command.finish()
    #expect(result.exitStatus == 0)
    #expect(result.output == PollingEcho.prompt + line)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func aMachineThatWaitsForItsReaderCanBeEnded(_ engine: TestedEngine) throws {
    let folder = try TemporaryFolder()
    let command = try RunningCommand(["run"] + engine.options + [folder.file("echo", PollingEcho.image)])
    #expect(command.waitForOutput(PollingEcho.prompt))
    command.holdOutput()
    command.send(PollingEcho.line(100 << 10))
    usleep(3_000_000)
    command.signal(SIGTERM)
    #expect(eventually { command.hasEnded })
    #expect(command.finish().exitStatus == 143)
  }

  private func read(_ descriptor: Int32, _ count: Int) -> String {
    var bytes: [UInt8] = []
    while bytes.count < count {
      var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      // Sound, both: one element, and a buffer as large as the size that is passed along.
      guard unsafe CLinux.poll(&poll, 1, Int32(Command.patience) * 1000) > 0 else { break }
      var piece = [UInt8](repeating: 0, count: count - bytes.count)
      let got = unsafe piece.withUnsafeMutableBytes {
        unsafe CLinux.read(descriptor, $0.baseAddress, $0.count)
      }
      if got <= 0 { break }
      bytes += piece[..<got]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
