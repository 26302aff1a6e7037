import Testing

extension RealGuestTests {
  /// What a person does at a serial console.
  struct LinuxShellTests {
    @Test func isUsableAtATerminal() throws {
      let session = try LinuxTerminalSession()
      session.expect("built-in shell (ash)")
      session.expect("/ # ")

      // Ctrl-C goes to the guest, and ends what runs there.
      session.type("echo be'g'un; sleep 100000\r")
      session.expect("begun")
      session.type([3])
      session.type("echo status=$?=\r")
      session.expect("status=130=")

      // A paste is far more than the serial port's 16 bytes, and much faster; the guest's echo comes back.
      let text = Self.paste()
      let folder = try TemporaryFolder()
      let digest = try Command.run(program: "/usr/bin/md5sum", [folder.file("paste", text)]).output.prefix(32)
      #expect(digest.utf8.count == 32)
      session.type("echo re'a'dy; cat > /tmp/paste; md5sum < /tmp/paste\r")
      session.expect("ready\r\n")
      session.type(text + [4])
      session.expect("\(digest)  -")

      session.type([1, UInt8(ascii: "x")])
      session.expectEnd()
    }

    @Test func programsThatFillTheScreenWork() throws {
      let session = try LinuxTerminalSession(words: "then=login", "rows=25", "columns=80")
      session.expect("login: ")
      session.type("root\r")
      session.expect("Password: ")
      session.type("a wrong one\r")
      session.expect("Login incorrect")
      session.expect("login: ")
      session.type("root\r")
      session.expect("Password: ")
      session.type("swiftvm\r")
      session.expect("# ")

      session.type("vi /tmp/poem\r")
      session.expect("/tmp/poem")
      // Two lines, the cursor by its key to the first one, and a word on top of it.
      session.type("isecond line\rthird line\u{1B}")
      session.expect("third line")
      session.type("\u{1B}[AOfirst line\u{1B}:wq\r")
      session.expect("# ")
      session.type("tr a-z A-Z </tmp/poem\r")
      session.expect("FIRST LINE\r\nSECOND LINE\r\nTHIRD LINE\r\n")

      session.type("top -d 1\r")
      session.expect("Load average")
      // It draws itself again, in the same place.
      session.expect("Load average")
      let lines = session.screen().lines
      #expect(lines[0].hasPrefix("Mem: ") && lines[1].hasPrefix("CPU: "), "\(lines)")
      session.type("q")
      session.expect("# ")

      // The terminal is asked, and answers as one of 33 rows and 99 columns does.
      session.type("resize\r")
      session.expect("\u{1B}[6n")
      session.type("\u{1B}[33;99R")
      session.expect("33 99\r\n")
      session.type("stty size | tr 3 4\r")
      session.expect("44 99\r\n")

      session.type("exit\r")
      session.expectEnd()
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
