import Testing

/// A person at a terminal with Linux on it, by the command that the README names: on KVM where that runs kernels as
/// they are, else in software.
final class LinuxTerminalSession {
  let terminal: TestTerminal
  private let before: [UInt32]
  private let command: RunningCommand
  /// How much of what appeared was looked at: what is awaited comes behind it.
  private var seenCount = 0

  /// - Parameter words: what comes on top of the kernel's command line.
  init(words: String...) throws {
    terminal = try TestTerminal()
    before = terminal.settings
    let stream = Command.Stream.terminal(path: terminal.path)
    command = try RunningCommand(
      [GuestCatalog.folder + "/../scripts/run", "linux"] + (words.isEmpty ? [] : ["--"] + words),
      program: "/bin/bash", input: stream, output: stream, errors: stream)
  }

  /// Waits until this appears behind what was awaited before. It is not what was typed, whose echo appears, too.
  func expect(_ text: String, at location: SourceLocation = #_sourceLocation) {
    let wanted = Array(text.utf8)
    let isThere = terminal.wait(RealGuests.patience) { bytes in
      while bytes.count - seenCount >= wanted.count {
        let end = seenCount + wanted.count
        if bytes[seenCount..<end].elementsEqual(wanted) {
          seenCount = end
          return true
        }
        seenCount += 1
      }
      return false
    }
    #expect(isThere, "\(text) did not appear: \(terminal.text.suffix(2000))", sourceLocation: location)
  }

  /// Types, and what the terminal itself answers.
  func type(_ text: String) { terminal.type(text) }
  func type(_ bytes: [UInt8]) { terminal.type(bytes) }

  /// The screen as it is now.
  func screen(rows: Int = 25, columns: Int = 80) -> TextScreen {
    var screen = TextScreen(rows: rows, columns: columns)
    screen.show(terminal.bytes)
    return screen
  }

  /// The machine ends with status 0, and the terminal is as before.
  func expectEnd(at location: SourceLocation = #_sourceLocation) {
    let result = command.finish(patience: RealGuests.patience)
    #expect(
      result.exitStatus == 0, "\(result.status) \(terminal.text.suffix(2000))", sourceLocation: location)
    #expect(terminal.settings == before, sourceLocation: location)
  }
}
