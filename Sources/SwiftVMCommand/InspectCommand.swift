internal import ArgumentParser
internal import SwiftVM

/// `swiftvm inspect`: how an image would be booted, without a machine.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what an image is, how it would be loaded and where it starts.",
    discussion: "EXIT STATUS: 0; 64 usage; 66 the image is missing or cannot be booted.")

  @Argument(help: "The guest image.")
  var image: String
  @Option(help: ArgumentHelp("RAM to plan for.", valueName: "size"))
  var mem: String?
  @Option(help: ArgumentHelp("Mode of a flat image: real, protected or long.", valueName: "mode"))
  var mode: String?
  @Option(help: ArgumentHelp("The guest's command line.", valueName: "text"))
  var cmdline: String?
  @Option(help: ArgumentHelp("Initial RAM disk.", valueName: "file"))
  var initrd: String?
  @Option(help: ArgumentHelp("Load a flat image at this guest-physical address.", valueName: "address"))
  var loadAddress: String?
  @Option(
    help: ArgumentHelp("Start at this address instead of the image's entry point.", valueName: "address"))
  var entry: String?

  private func options() throws(RunOptions.UsageError) -> RunOptions {
    var options = RunOptions()
    let values: [(RunOptions.Option, String?)] = [
      (.mem, mem), (.mode, mode), (.cmdline, cmdline), (.initrd, initrd), (.loadAddress, loadAddress),
      (.entry, entry),
    ]
    for (option, value) in values {
      if let value { try options.apply(option, value) }
    }
    options.apply(image: image, guestArguments: [])
    return options
  }

  func validate() throws {
    do throws(RunOptions.UsageError) {
      _ = try options()
    } catch {
      throw ValidationError(error.description)
    }
  }

  func run() throws {
    let configuration = try options().configuration
    let text: String
    do throws(StartError) {
      text = try VirtualMachine(configuration).inspection()
    } catch {
      writeStandardError("swiftvm: \(error.description)\n")
      throw ExitCode(Int32(error.exitStatus))
    }
    try deliver(text)
  }
}
