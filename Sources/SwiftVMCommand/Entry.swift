internal import ArgumentParser
internal import SwiftVM

/// `swiftvm`: a thin client of the library.
@main
enum Entry {
  static func main() {
    reserveStandardDescriptors()
    let words = CommandLine.arguments
    if words.count >= 2, words[1] == "run" {
      do throws(RunOptions.UsageError) {
        if let options = try DirectArguments.parse(words[2...]) {
          RunSession(options: options).runAndExit()
        }
      } catch {
        refuse(error.description, help: "swiftvm run --help")
      }
    }
    do {
      var command = try SwiftVMCommand.parseAsRoot()
      try command.run()
    } catch {
      end(with: error)
    }
  }

  /// Ends as an error of a command asks for: help and the like go to standard output, a mistake on
  /// the command line becomes one line on standard error.
  private static func end(with error: any Error) -> Never {
    if let code = error as? ExitCode { endProcess(status: UInt8(clamping: code.rawValue)) }
    if SwiftVMCommand.exitCode(for: error).isSuccess { SwiftVMCommand.exit(withError: error) }
    let lines = SwiftVMCommand.message(for: error).split(separator: "\n")
    let command = CommandLine.arguments.dropFirst().first { ["run", "inspect", "doctor"].contains($0) }
    refuse(lines.joined(separator: " "), help: "swiftvm \(command.map { $0 + " " } ?? "")--help")
  }

  /// Ends with the status for wrong usage (sysexits.h, EX_USAGE).
  private static func refuse(_ text: String, help: String) -> Never {
    let stop = text.hasSuffix(".") || text.hasSuffix("?") ? "" : "."
    writeStandardError("swiftvm: \(text)\(stop) See \(help).\n")
    endProcess(status: 64)
  }
}

/// The root of the command: what `swiftvm --help` shows.
struct SwiftVMCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftvm",
    abstract: "A KVM hypervisor: runs a guest image and says clearly how it ended.",
    version: "0.1.0",
    subcommands: [RunCommand.self, InspectCommand.self, DoctorCommand.self])
}
