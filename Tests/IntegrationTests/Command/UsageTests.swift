import Testing

/// Wrong usage: status 64 and one line that says what is possible.
@Suite struct UsageTests {
  @Test(arguments: [
    (["run", "--nonsense"], "--nonsense"),
    (["run", "--nonsense=1", "image"], "--nonsense"),
    (["run", "-x"], "-x"),
    (["run", "one", "two"], "two"),
    (["run", "--mem"], "--mem"),
    (["run", "--mem", "--verbose"], "--mem"),
    (["run", "--mem", "lots"], "64M"),
    (["run", "--mem", "-1"], "--mem"),
    (["run", "--mem", "99999999999T"], "--mem"),
    (["run", "--mem", "1023K"], "at least 1M"),
    (["run", "--mem", "0"], "at least 1M"),
    (["run", "--mem", "1048577"], "4 KiB"),
    (["run", "--cpus", "0"], "vCPU"),
    (["run", "--cpus", "256"], "1 to 255"),
    (["run", "--cpus", "two"], "vCPU"),
    (["run", "--cpus", "18446744073709551615"], "vCPU"),
    (["run", "--mode", "virtual"], "real, protected or long"),
    (["run", "--serial", "nowhere"], "stdio, file:PATH, pty, unix:PATH or none"),
    (["run", "--serial", "file:"], "file:PATH"),
    (["run", "--exit-port", "65536"], "0xf4"),
    (["run", "--exit-port", "0x3f8"], "COM1"),
    (["run", "--exit-status", "bochs"], "raw or qemu"),
    (["run", "--timeout", "soon"], "500ms"),
    (["run", "--timeout", "0"], "time limit"),
    (["run", "--timeout", "-1"], "--timeout"),
    (["run", "--timeout", "1e30"], "--timeout"),
    (["run", "--engine", "xen"], "auto, kvm or software"),
    (["run", "--irqchip", "split"], "auto, kernel or software"),
    (["run", "--engine", "software", "--irqchip", "kernel"], "software or auto"),
    (["run", "--load-address", "there"], "0x100000"),
    (["run", "--entry", "0xzz"], "0x100000"),
    (["inspect"], "image"),
    (["inspect", "--mode", "virtual", "x"], "real, protected or long"),
    (["inspect", "--nonsense", "x"], "--nonsense"),
    (["doctor", "extra"], "extra"),
    (["walk"], "walk"),
  ])
  func saysWhatIsPossible(_ arguments: [String], _ word: String) throws {
    let result = try Command.run(arguments)
    #expect(result.exitStatus == 64, "\(result.status)")
    #expect(result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.hasPrefix("swiftvm: "), "\(result.errors)")
    #expect(result.errors.contains(word), "\(result.errors)")
    #expect(result.standardOutput.isEmpty)
  }

  @Test(arguments: [
    ["--help"], ["run", "--help"], ["inspect", "--help"], ["doctor", "--help"], ["help", "run"], [],
  ])
  func helpGoesToStandardOutput(_ arguments: [String]) throws {
    let result = try Command.run(arguments)
    #expect(result.exitStatus == 0)
    #expect(result.output.contains("USAGE"))
    #expect(result.errors.isEmpty)
  }

  @Test func helpNamesTheExitStatuses() throws {
    let text = try Command.run("run", "--help").output
    for status in ["64", "66", "69", "70", "100", "101", "102", "103", "104", "124", "128+n"] {
      #expect(text.contains(status))
    }
  }

  @Test func tellsItsVersion() throws {
    let result = try Command.run("--version")
    #expect(result.exitStatus == 0)
    #expect(result.output.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
  }
}
