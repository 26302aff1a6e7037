import CLinux
import Host
import Testing

/// A user at a terminal: its keys go to the guest, and it is as it was before on every way out.
struct TerminalTests {
  /// A terminal with a guest on it, once it is raw and the guest has said its first words.
  private struct Session {
    let terminal: TestTerminal
    let before: [UInt32]
    let command: RunningCommand

    init(
      _ guest: String, on engine: TestedEngine, _ options: [String] = [], until text: String
    ) throws {
      terminal = try TestTerminal()
      before = terminal.settings
      let stream = Command.Stream.terminal(path: terminal.path)
      command = try RunningCommand(
        ["run"] + engine.options + options
          + BuiltGuests.arguments(guest).filter { !$0.hasPrefix("--timeout") && $0 != "1" }
          + [BuiltGuests.path(guest)],
        input: stream, output: stream, errors: stream)
      let isThere = terminal.waitFor(text)
      #expect(isThere, "\(text) did not appear")
      let (screen, becameRaw) = (terminal.text, eventually { [terminal] in terminal.isRaw })
      #expect(becameRaw, "the screen shows \(screen)")
    }

    /// The machine ends with this status, and the terminal is as before.
    func expectEnd(_ status: Int32, at location: SourceLocation = #_sourceLocation) {
      let result = command.finish()
      #expect(
        result.exitStatus == status, "\(result.status), the screen shows \(terminal.text)",
        sourceLocation: location)
      #expect(terminal.settings == before, "the terminal is not as it was before", sourceLocation: location)
    }
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func isRawWhileTheGuestRunsAndAsBeforeAfterItsEnd(_ engine: TestedEngine) throws {
    let session = try Session("serial-echo", on: engine, until: "Type a line:")
    session.terminal.type("hello\n")
    session.expectEnd(0)
    // What was written is on its way to this test's reader.
    let isThere = session.terminal.waitFor("\nhello\n")
    #expect(isThere)
    // The guest's echo and not the terminal's: the line is there once, its break without a return.
    #expect(session.terminal.text == "Type a line:\nhello\n")
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func isAsBeforeAfterTheGuestCrashed(_ engine: TestedEngine) throws {
    let terminal = try TestTerminal()
    let before = terminal.settings
    let stream = Command.Stream.terminal(path: terminal.path)
    let command = try RunningCommand(
      ["run", "--mode", "long"] + engine.options + [BuiltGuests.path("triple-fault")], input: stream,
      output: stream,
      errors: stream)
    #expect(command.finish().exitStatus == 100)
    #expect(terminal.settings == before)
    #expect(terminal.waitFor("hint: "))
    // The report comes after the terminal was put back: its lines begin at the left.
    #expect(terminal.text.contains("\r\nrip"))
    #expect(!terminal.text.contains("\r\r"))
  }

  @Test(
    arguments: [(SIGTERM, 143), (SIGINT, 130), (SIGHUP, 129), (SIGQUIT, 131)] as [(Int32, Int32)],
    TestedEngine.usableCPUs)
  func isAsBeforeAfterASignal(_ end: (signal: Int32, status: Int32), _ engine: TestedEngine) throws {
    let (signal, status) = end
    let session = try Session("endless-loop", on: engine, until: ".")
    session.command.signal(signal)
    session.expectEnd(status)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func isAsBeforeAfterTheTimeLimit(_ engine: TestedEngine) throws {
    let session = try Session("serial-echo", on: engine, ["--timeout", "2"], until: "Type a line:")
    session.expectEnd(124)
  }

  @Test func isAsBeforeAfterAnImageThatIsNone() throws {
    let terminal = try TestTerminal()
    let before = terminal.settings
    let stream = Command.Stream.terminal(path: terminal.path)
    let command = try RunningCommand(
      ["run", "/nonexistent/image"], input: stream, output: stream, errors: stream)
    #expect(command.finish().exitStatus == 66)
    #expect(terminal.settings == before)
    #expect(terminal.waitFor("swiftvm: "))
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func controlAXEndsTheMachine(_ engine: TestedEngine) throws {
    let session = try Session("endless-loop", on: engine, until: ".")
    session.terminal.type("\u{1}x")
    session.expectEnd(0)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func controlACTellsHowTheMachineIsDoing(_ engine: TestedEngine) throws {
    let session = try Session("serial-echo", on: engine, until: "Type a line:")
    session.terminal.type("\u{1}c")
    #expect(session.terminal.waitFor("swiftvm: "))
    #expect(session.terminal.waitFor("exits"))
    session.terminal.type("on\n")
    session.expectEnd(0)
    #expect(session.terminal.waitFor("on\n"))
    #expect(session.terminal.text.contains("\r\nswiftvm: "), "a raw terminal needs the return")
    #expect(session.terminal.text.hasSuffix("on\n"), "the keys did not reach the guest")
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func controlAHListsTheKeys(_ engine: TestedEngine) throws {
    let session = try Session("serial-echo", on: engine, until: "Type a line:")
    session.terminal.type("\u{1}h")
    #expect(session.terminal.waitFor("Ctrl-A X"))
    session.terminal.type("\u{1}x")
    session.expectEnd(0)
  }

  /// Ctrl-C, Ctrl-Z, Ctrl-\ and Ctrl-D are the guest's, as is Ctrl-A typed twice.
  @Test(arguments: TestedEngine.usableCPUs)
  func controlKeysGoToTheGuest(_ engine: TestedEngine) throws {
    let session = try Session("serial-echo", on: engine, until: "Type a line:")
    let keys: [UInt8] = [0x03, 0x1A, 0x1C, 0x04, 0x01, 0x01, 0x7F, 0x0D, 0x1B]
    session.terminal.type(keys + [UInt8(ascii: "\n")])
    session.expectEnd(0)
    let echo: [UInt8] = [0x03, 0x1A, 0x1C, 0x04, 0x01, 0x7F, 0x0D, 0x1B, 0x0A]
    // What was written may still be on its way to this test's reader.
    let all = Array("Type a line:\n".utf8) + echo
    #expect(session.terminal.wait { $0.count >= all.count })
    #expect(session.terminal.bytes == all)
  }

  @Test(arguments: TestedEngine.usableCPUs)
  func aLongPasteLosesNothing(_ engine: TestedEngine) throws {
    let (folder, line) = (try TemporaryFolder(), PollingEcho.line(100 << 10))
    let terminal = try TestTerminal()
    let before = terminal.settings
    let stream = Command.Stream.terminal(path: terminal.path)
    let command = try RunningCommand(
      ["run"] + engine.options + [folder.file("echo", PollingEcho.image)], input: stream, output: stream,
      errors: stream)
    #expect(terminal.waitFor(PollingEcho.prompt))
    terminal.type(line)
    #expect(command.finish().exitStatus == 0)
    #expect(terminal.wait { $0.count >= line.utf8.count + 1 })
    #expect(terminal.text == PollingEcho.prompt + line)
    #expect(terminal.settings == before)
  }

  /// Input from a file while the screen is a terminal: that stays as it is, keys are not read.
  @Test(arguments: TestedEngine.usableCPUs)
  func inputThatIsNoTerminalLeavesTheScreenAlone(_ engine: TestedEngine) throws {
    let terminal = try TestTerminal()
    let before = terminal.settings
    let stream = Command.Stream.terminal(path: terminal.path)
    let command = try RunningCommand(
      ["run", "--mode", "long"] + engine.options + [BuiltGuests.path("serial-echo")], input: .pipe,
      output: stream, errors: stream
    )
    #expect(terminal.waitFor("Type a line:"))
    #expect(terminal.settings == before)
    // Ctrl-A is a byte like any other here.
    command.send([0x01, UInt8(ascii: "x"), 0x0A])
    #expect(command.finish().exitStatus == 0)
    #expect(terminal.settings == before)
  }
}
