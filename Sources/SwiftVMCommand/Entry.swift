internal import ArgumentParser

/// `swiftvm`: a thin client of the library.
@main
enum Entry {
  static func main() {
    let words = CommandLine.arguments
    if words.count >= 2, words[1] == "run" {
      do throws(RunOptions.UsageError) {
        if let options = try DirectArguments.parse(words[2...]) {
          RunSession(options: options).runAndExit()
        }
      } catch {
        // The parser prints the same sentence with the usage line and ends with status 64.
      }
    }
    SwiftVMCommand.main()
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
