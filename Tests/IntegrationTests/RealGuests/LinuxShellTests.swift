import Testing

extension RealGuestTests {
  /// A person at a terminal, by the command that the README names: on KVM where that runs kernels as they are,
  /// else in software.
  struct LinuxShellTests {
    @Test func isUsableAtATerminal() throws {
      let terminal = try TestTerminal()
      let before = terminal.settings
      let stream = Command.Stream.terminal(path: terminal.path)
      let command = try RunningCommand(
        [GuestCatalog.folder + "/../scripts/run", "linux"], program: "/bin/bash", input: stream,
        output: stream,
        errors: stream)
      /// What is awaited is not what was typed, whose echo is on the screen, too.
      func expect(_ text: String, at location: SourceLocation = #_sourceLocation) {
        let isThere = terminal.waitFor(text, patience: RealGuests.patience)
        #expect(isThere, "\(text) did not appear: \(terminal.text.suffix(2000))", sourceLocation: location)
      }
      expect("built-in shell (ash)")
      expect("/ # ")

      // Ctrl-C goes to the guest, and ends what runs there.
      terminal.type("echo be'g'un; sleep 100000\r")
      expect("begun")
      terminal.type([3])
      terminal.type("echo status=$?=\r")
      expect("status=130=")

      // A paste is far more than the serial port's 16 bytes, and much faster; the guest's echo comes back.
      let text = Self.paste()
      let folder = try TemporaryFolder()
      let digest = try Command.run(program: "/usr/bin/md5sum", [folder.file("paste", text)]).output.prefix(32)
      #expect(digest.utf8.count == 32)
      terminal.type("echo re'a'dy; cat > /tmp/paste; md5sum < /tmp/paste\r")
      expect("ready\r\n")
      terminal.type(text + [4])
      expect("\(digest)  -")

      terminal.type([1, UInt8(ascii: "x")])
      let result = command.finish(patience: RealGuests.patience)
      #expect(result.exitStatus == 0, "\(result.status) \(terminal.text.suffix(2000))")
      #expect(terminal.settings == before)
    }

    /// 100 KiB and more in lines of 76 letters, none like the other.
    private static func paste() -> [UInt8] {
      var generator = SystemRandomNumberGenerator()
      return (0..<1400).flatMap { _ in
        (0..<76).map { _ in UInt8.random(in: UInt8(ascii: "a")...UInt8(ascii: "z"), using: &generator) } + [
          0x0A
        ]
      }
    }
  }
}
