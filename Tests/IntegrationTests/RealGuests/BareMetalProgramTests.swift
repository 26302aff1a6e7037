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

    /// What iPXE is run on: the CPU in software; and, where there is KVM, that with the kernel code in software,
    /// because a KVM that emulates real mode takes minutes to unpack it.
    static let processors: [[String]] =
      [["--engine", "software"]] + (canUseKVM ? [["--engine", "kvm", "--assist", "ring0"]] : [])

    /// iPXE is Linux to a boot loader, and has real-mode code only: it asks the BIOS for memory, moves itself above
    /// 1 MiB, goes to and fro between 16 and 32 bits, prints by INT 10h, and takes commands by INT 16h.
    @Test(arguments: processors) func iPXEComesToItsBannerAndTakesCommands(_ processor: [String]) throws {
      let command = try RunningCommand(
        ["run"] + processor + ["\(RealGuests.folder)/ipxe.lkrn"], program: #require(RealGuests.command))
      func text(_ output: [UInt8]) -> String {
        // Colours aside, and the end of the 80th column, where the address of its makers is cut.
        var text = ""
        var isSequence = false
        for byte in output {
          switch byte {
          case 0x1B: isSequence = true
          case 0x40...0x7E where isSequence && byte != UInt8(ascii: "["): isSequence = false
          case _ where isSequence, 0x0A, 0x0D: break
          default: text.unicodeScalars.append(Unicode.Scalar(byte))
          }
        }
        return text
      }
      func waits(for wanted: String) -> Bool {
        command.waitForOutput(patience: RealGuests.patience) { text($0).contains(wanted) }
      }
      #expect(waits(for: "iPXE initialising devices...ok"), "\(command.output)\n\(command.errors)")
      #expect(waits(for: "Open Source Network Boot Firmware -- http://ipxe.org"), "\(command.output)")
      #expect(waits(for: "Press Ctrl-B for the iPXE command line..."), "\(command.output)")
      command.send([0x02])
      #expect(waits(for: "iPXE> "), "\(command.output)")
      // What is typed is shown, and then what it makes of it.
      command.send("set word BIOS\r")
      command.send("echo The ${word} works\r")
      #expect(waits(for: "The BIOS works"), "\(command.output)\n\(command.errors)")
      command.send("reboot\r")
      // It starts anew.
      let isAnew = command.waitForOutput(patience: RealGuests.patience) {
        text($0).split(separator: "initialising devices...ok", omittingEmptySubsequences: false).count == 3
      }
      #expect(isAnew, "\(command.output)\n\(command.errors)")
      command.signal(SIGTERM)
      let result = command.finish()
      #expect(result.exitStatus == 128 + SIGTERM, "\(result.status) \(result.errors)")
    }
  }
}
