import CLinux
import Testing

extension RealGuestTests {
  /// Programs for a bare PC that are loaded as Linux is.
  struct BareMetalProgramTests {
    /// It writes all over the screen, tests memory with every access width and pattern, and would say what it
    /// read wrongly. Test #2 begins when #0 and #1 are done.
    @Test func memtestFindsNoErrors() throws {
      let screen = try memtest(["--engine", "software"], until: 2)
      #expect(screen.lines[0].contains("Memtest86+") && screen.lines[0].contains("SwiftVM software CPU"))
    }

    /// Where KVM emulates ring 0 it fails at memtest86+'s first FNINIT or FWAIT, and takes minutes for what
    /// it can do. With the software CPU as its helper a test is done in seconds.
    @Test(
      .enabled(if: canUseKVM, "needs read and write access to /dev/kvm"),
      arguments: [
        ["--assist", "auto"], ["--assist", "auto", "--irqchip", "software"], ["--assist", "ring0"],
      ])
    func memtestFindsNoErrorsOnKVMWithItsHelper(_ options: [String]) throws {
      let screen = try memtest(["--engine", "kvm"] + options, until: 1)
      #expect(screen.lines[0].contains("Memtest86+"))
    }

    /// Runs it until it has come to the test with this number, and found no errors.
    private func memtest(_ engine: [String], until test: Int) throws -> TextScreen {
      let command = try RealGuests.start(
        [
          "--mem", "16M", "--cmdline", "console=ttyS0,115200", "\(RealGuests.folder)/memtest86+x64.bin",
        ], engine: engine)
      var screen = TextScreen()
      var shown = 0
      let isFarEnough = command.waitForOutput(patience: RealGuests.patience) { output in
        screen.show(output[shown...])
        shown = output.count
        return (screen.number(after: "Test #") ?? 0) >= test && screen.number(after: "Errors:") != nil
      }
      #expect(isFarEnough, "\(screen.text)\n\(command.errors)")
      #expect(screen.number(after: "Errors:") == 0, "\(screen.text)")
      command.signal(SIGTERM)
      let result = command.finish()
      #expect(result.exitStatus == 128 + SIGTERM, "\(result.status) \(result.errors)")
      return screen
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
