internal import SwiftVM

/// One `swiftvm run`: makes the machine, waits for its end, and tells about it.
struct RunSession {
  let options: RunOptions

  /// Runs the machine and ends the process with the documented status.
  func runAndExit() -> Never { endProcess(status: run()) }

  private func run() -> UInt8 {
    var configuration = options.configuration
    configuration.endsOnSignals = true
    if options.explainsProcessor {
      // In one piece: the guest writes to the terminal soon.
      configuration.explainProcessor = { explanation in
        writeStandardError(explanation.lines.map { "swiftvm: \($0)\n" }.joined())
      }
    }
    let machine: VirtualMachine
    do throws(StartError) {
      machine = try VirtualMachine(configuration)
      try machine.start()
    } catch {
      say(error.description + hint(on: error))
      return write(report: .failedStart(error)) ?? error.exitStatus
    }
    if let note = machine.engineNote {
      say("the machine runs in software (--engine kvm insists on KVM): \(note)")
    }
    if options.isVerbose { describeStart(machine) }
    if let name = machine.consoleName { say("the serial port is at \(name)") }
    let outcome = machine.waitBlocking()
    if options.printsTimings { printTimings(machine) }
    tell(outcome)
    return write(report: outcome.json) ?? outcome.exitStatus
  }

  /// Says how it ended where that is not plain success or the guest's own status.
  private func tell(_ outcome: Outcome) {
    switch outcome.reason {
    case .poweredOff, .halted, .guestExit:
      if options.isVerbose { say(outcome.sentence) }
    default: say(outcome.sentence)
    }
    if let crash = outcome.crash { writeStandardError(crash.text) }
    if options.explainsProcessor {
      if outcome.denied.isEmpty { say("The guest asked for nothing of its CPU that it does not have.") }
      for line in outcome.denied.lines { say(line) }
    }
    if options.isVerbose {
      say(
        "\(outcome.exits) exits, \(outcome.unclaimedAccesses) accesses that no device claims, "
          + "\(outcome.reboots) resets")
      if let line = outcome.assistanceLine { say(line) }
    }
  }

  private func describeStart(_ machine: VirtualMachine) {
    guard let plan = machine.bootPlan else { return }
    say("\(plan.format): \(plan.reason)")
    for segment in plan.segments { say("  \(segment.line)") }
    say("  entry at \(plan.entryPoint)")
    for note in plan.notes { say(note) }
  }

  private func printTimings(_ machine: VirtualMachine) {
    guard let steps = machine.timeline?.steps else { return }
    var text = ""
    for step in steps { text += Self.line(step.nanoseconds, "\(step.name)") }
    text += Self.line(steps.reduce(0) { $0 + $1.nanoseconds }, "all of the set-up")
    writeStandardError(text)
  }

  private static func line(_ nanoseconds: UInt64, _ name: String) -> String {
    let digits = String(nanoseconds / 1000)
    return String(repeating: " ", count: max(0, 9 - digits.count)) + digits + " µs  " + name + "\n"
  }

  /// Writes the JSON report. A status: it could not be written.
  private func write(report: JSONValue) -> UInt8? {
    guard let path = options.reportPath else { return nil }
    do throws(StartError) {
      try report.write(toFile: path)
      return nil
    } catch {
      say(error.description)
      return error.exitStatus
    }
  }

  /// What the command can add to an error: what happens without its option.
  private func hint(on error: StartError) -> String {
    guard case .engine = error, options.configuration.engine == .kvm else { return "" }
    return " Without --engine kvm the machine would run in software."
  }

  private func say(_ text: String) { writeStandardError("swiftvm: \(text)\n") }
}
