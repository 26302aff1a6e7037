import Glibc
import Host
import Testing

extension RealGuestTests {
  /// Debian's kernel with an init that reports what it finds in the machine.
  struct LinuxTests {
    /// What the guest reported: the lines of its init.
    private func facts(_ output: String) -> [String] {
      output.split(whereSeparator: \.isNewline).compactMap { line in
        line.hasPrefix("guest: ") ? String(line.dropFirst(7)) : nil
      }
    }

    /// - Parameter testsCryptography: lets the kernel test its ciphers and hashes, which takes it longer than
    ///   all of the rest.
    private func run(
      _ options: [String] = [], kernel: String = "vmlinuz", engine: [String] = ["--engine", "software"],
      testsCryptography: Bool = false, then: String
    ) throws -> CommandRun {
      let words = (testsCryptography ? "" : "cryptomgr.notests ") + "then=\(then)"
      let command = try RealGuests.start(
        RealGuests.linux(options, kernel: kernel, words: words), engine: engine)
      command.endInput()
      return command.finish(patience: RealGuests.patience)
    }

    @Test func findsThePCAndSwitchesItOff() throws {
      let result = try run(testsCryptography: true, then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      let facts = facts(result.output)
      #expect(facts.contains("processors 1"))
      #expect(facts.contains("model name : SwiftVM software CPU"))
      #expect(facts.contains("hypervisor yes"))
      // It is told the time-stamp counter's frequency by kvmclock, and measures none.
      #expect(result.output.contains("Hypervisor detected: KVM"))
      #expect(result.output.contains("kvm-clock: Using msrs 4b564d01 and 4b564d00"))
      #expect(!result.output.contains("Fast TSC calibration"))
      // What Linux leaves of 256 MiB.
      let memory = facts.compactMap { $0.hasPrefix("memory ") ? Int($0.split(separator: " ")[1]) : nil }
      #expect(memory.count == 1 && (200 << 10..<256 << 10).contains(memory.first ?? 0))
      #expect(
        facts.contains {
          $0.hasPrefix("clock source ") && $0.contains(" tsc") && $0.contains("kvm-clock")
            && $0.contains("acpi_pm")
        })
      #expect(facts.contains { $0.hasPrefix("ACPI tables APIC DSDT FACP FACS") })
      // Each interrupt arrives by the pin that the tables say, with the trigger that they say.
      func interrupt(_ words: String...) -> Bool {
        facts.contains { line in line.hasPrefix("interrupts ") && words.allSatisfy { line.contains($0) } }
      }
      #expect(interrupt("ttyS0", "IO-APIC", "4-edge"))
      #expect(interrupt("rtc0", "IO-APIC", "8-edge"))
      #expect(interrupt("acpi", "IO-APIC", "9-fasteoi"))
      #expect(interrupt("Local timer interrupts"))
      #expect(facts.contains { $0.hasPrefix("drivers loaded") && $0.contains("pvpanic_mmio") })
      // What the kernel says where something is not as it expects. It measures no frequency, which a busy host
      // could spoil.
      let complaints = [
        "nobody cared", "Oops", "BUG:", "Call Trace", "unchecked MSR", "MP-BIOS bug", "Unable to calibrate",
        "calibration failed",
      ]
      for complaint in complaints { #expect(!result.output.contains(complaint), "\(complaint)") }
      // Its own tests of the CPU's instructions for cryptography.
      let lines = result.output.split(whereSeparator: \.isNewline)
      #expect(!lines.contains { $0.contains("alg: ") && $0.contains("fail") })
    }

    /// What a user types: whatever the host's KVM is like, if there is one.
    @Test func bootsOnTheEngineThatIsChosen() throws {
      let result = try run(engine: [], then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(facts(result.output).contains("then poweroff"))
      // It is told where that is not KVM.
      #expect(
        result.errors.contains("the machine runs in software")
          == !(canUseKVM && HostProcessor.hasVirtualization))
    }

    /// The kernel in software, its programs natively: timers and devices take them from KVM at any moment.
    @Test(.enabled(if: canUseKVM, "needs read and write access to /dev/kvm"))
    func runsItsProgramsOnKVM() throws {
      let result = try run(
        ["--verbose"], engine: ["--engine", "kvm", "--assist", "ring0"], then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(facts(result.output).contains("processors 1"))
      for complaint in ["segfault", "Oops", "BUG:", "Call Trace"] {
        #expect(!result.output.contains(complaint), "\(complaint)")
      }
      #expect(result.errors.contains("instructions for KVM in"))
    }

    /// Where CPUID does not call the counter invariant, or somebody asks for it, the time is kvmclock's alone.
    @Test func keepsTimeByTheHypervisorsClock() throws {
      let command = try RealGuests.start(
        ["--explain", "cpu"]
          + RealGuests.linux(words: "cryptomgr.notests clocksource=kvm-clock tsc=unstable then=poweroff"))
      command.endInput()
      let result = command.finish(patience: RealGuests.patience)
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(facts(result.output).contains { $0.hasPrefix("clock source kvm-clock, of") })
      // What it asks for on every CPU, whatever that has.
      #expect(
        result.errors.contains("msr   denied   0x3a (IA32_FEATURE_CONTROL): 1 × RDMSR, first at 0xffff"))
      #expect(result.errors.contains("cpuid absent   leaf 0x40000100 and the like"))
    }

    @Test func tellsOfItsPanic() throws {
      let result = try run(then: "panic")
      #expect(result.exitStatus == 103, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(result.output.contains("Kernel panic - not syncing: Attempted to kill init!"))
      #expect(result.errors.contains("the guest reported a panic"))
    }

    @Test func resetsAMachineWithTwoProcessors() throws {
      let result = try run(["--no-reboot", "--cpus", "2"], then: "reboot")
      #expect(result.exitStatus == 104, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(facts(result.output).contains("processors 2"))
      #expect(result.output.contains("Brought up 1 node, 2 CPUs"))
      // Its hypercalls.
      #expect(result.output.contains("PV spinlocks enabled") && result.output.contains("setup PV IPIs"))
    }

    /// Its own real-mode code asks our BIOS for memory, disks and the time, and clears the screen.
    @Test func startsByItsRealModeCode() throws {
      let result = try run(["--mode", "real"], then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(result.output.hasPrefix("Probing EDD (edd=off to disable)... ok\r\n"))
      for range in [
        "0000000000000000-0x000000000009fbff] usable", "0000000000100000-0x000000000fffffff] usable",
      ] {
        #expect(result.output.contains("BIOS-e820: [mem 0x\(range)"))
      }
      #expect(facts(result.output).contains("processors 1"))
    }

    /// The kernel's own decompressor and ours give the same kernel, which finds the same machine.
    @Test func isTheSameWhoeverUnpacksIt() throws {
      var reports: [[String]] = []
      for who in ["guest", "vmm"] {
        let result = try run(["--kernel-unpack", who, "--verbose"], then: "poweroff")
        #expect(
          result.exitStatus == 0, "\(who): \(result.status) \(result.errors)\(result.output.suffix(2000))")
        #expect(result.errors.contains("what was unpacked") == (who == "vmm"), "\(result.errors)")
        // Times, and what is counted in passing, differ from run to run. So does the memory that is left: the
        // decompressor's workspace is another.
        let varying = ["memory", "date", "interrupts", "seconds", "clock source"]
        reports.append(facts(result.output).filter { fact in !varying.contains { fact.hasPrefix($0) } })
      }
      #expect(reports[0].count > 8 && reports[0] == reports[1], "\(reports)")
    }

    /// Debian's kernel as other distributions compress theirs; Debian's own way is LZ4. Only the VMM can unpack these:
    /// the program in them knows LZ4.
    @Test(arguments: ["gzip", "zstd", "xz"]) func comesUpHoweverItIsCompressed(_ format: String) throws {
      let result = try run(
        ["--kernel-unpack", "vmm", "--verbose"], kernel: "vmlinuz-\(format)", then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(result.errors.contains("the kernel in it was unpacked"), "\(result.errors)")
      #expect(facts(result.output).contains("processors 1"))
    }

    @Test func startsSixteenProcessors() throws {
      let result = try run(["--cpus", "16"], then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(facts(result.output).contains("processors 16"))
      #expect(result.output.contains("Brought up 1 node, 16 CPUs"))
    }

    /// Devices have the last of the first 4 GiB; what does not fit below them goes on above.
    @Test func usesMemoryAbove4GiB() throws {
      let result = try run(["--mem", "5G"], then: "poweroff")
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      let facts = facts(result.output)
      func numbers(_ prefix: String) -> [Int] {
        facts.first { $0.hasPrefix(prefix) }?.dropFirst(prefix.count).split(separator: " ").compactMap {
          Int($0)
        } ?? []
      }
      #expect(numbers("memory ").first ?? 0 > 4_800_000, "\(facts)")
      // Free memory there, before and with a file of 8 MiB; then the file's size.
      let above = numbers("memory above 4 GiB ")
      try #require(above.count == 3, "\(facts)")
      #expect(above[0] > 1_500_000 && above[0] - above[1] >= 8000, "\(above)")
      #expect(facts.contains("the file reads as it was written"))
    }

    @Test func hearsThePowerButton() throws {
      let command = try RealGuests.start(RealGuests.linux(words: "cryptomgr.notests then=wait"))
      command.endInput()
      let waits = command.waitForOutput(patience: RealGuests.patience) {
        String(decoding: $0, as: UTF8.self).contains("guest: waits for the power button at /dev/input/event")
      }
      #expect(waits, "\(command.output.suffix(2000)) \(command.errors)")
      command.signal(SIGPWR)
      let result = command.finish(patience: RealGuests.patience)
      #expect(result.exitStatus == 0, "\(result.status) \(result.errors)\(result.output.suffix(2000))")
      #expect(facts(result.output).contains("the power button was pressed"))
      #expect(!result.output.contains("ACPI Error"), "\(result.output)")
    }

    @Test func isEndedByTheTimeLimit() throws {
      // A whole boot takes two seconds on a machine with nothing else to do.
      let result = try run(["--timeout", "300ms"], then: "poweroff")
      #expect(result.exitStatus == 124, "\(result.status) \(result.errors)")
      #expect(result.errors.contains("the time limit passed"))
    }
  }
}
