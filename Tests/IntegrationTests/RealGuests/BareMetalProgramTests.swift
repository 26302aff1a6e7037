import CLinux
import Testing

extension RealGuestTests {
  /// Programs for a bare PC that are loaded as Linux is.
  struct BareMetalProgramTests {
    /// It writes all over the screen, tests memory with every access width and pattern, and would say what it
    /// read wrongly.
    @Test func memtestFindsNoErrors() throws {
      let command = try RealGuests.start([
        "--mem", "16M", "--cmdline", "console=ttyS0,115200", "\(RealGuests.folder)/memtest86+x64.bin",
      ])
      var screen = TextScreen()
      var shown = 0
      // Test #2 begins when #0 and #1 are done.
      let isFarEnough = command.waitForOutput(patience: RealGuests.patience) { output in
        screen.show(output[shown...])
        shown = output.count
        return (screen.number(after: "Test #") ?? 0) >= 2 && screen.number(after: "Errors:") != nil
      }
      #expect(isFarEnough, "\(screen.text)\n\(command.errors)")
      #expect(screen.number(after: "Errors:") == 0, "\(screen.text)")
      #expect(screen.lines[0].contains("Memtest86+") && screen.lines[0].contains("SwiftVM software CPU"))
      command.signal(SIGTERM)
      let result = command.finish()
      #expect(result.exitStatus == 128 + SIGTERM, "\(result.status) \(result.errors)")
    }

    /// iPXE begins in real mode by asking the BIOS, and there is none: it is told so, and nothing worse.
    @Test func whatNeedsABIOSIsToldThatThereIsNone() throws {
      let command = try RealGuests.start(["--timeout", "5s", "\(RealGuests.folder)/ipxe.lkrn"])
      command.endInput()
      let result = command.finish(patience: RealGuests.patience)
      #expect(result.exitStatus == 124, "\(result.status) \(result.errors)")
      #expect(result.errors.contains("there is no BIOS"), "\(result.errors)")
    }
  }
}
