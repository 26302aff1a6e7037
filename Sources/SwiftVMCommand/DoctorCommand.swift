internal import ArgumentParser
internal import SwiftVM

/// `swiftvm doctor`: what this host offers.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say whether and how well this host can run machines.",
    discussion: "EXIT STATUS: 0 machines can run with KVM; 64 usage; 69 they can run in software only.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let diagnosis = HostDiagnosis()
    try deliver(json ? diagnosis.json.text + "\n" : diagnosis.text)
    if !diagnosis.isUsable { throw ExitCode(69) }
  }
}
