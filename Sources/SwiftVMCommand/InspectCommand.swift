internal import ArgumentParser
internal import SwiftVM

/// `swiftvm inspect`: how an image would be booted, without a machine.
struct InspectCommand: OptionReading {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what an image is, how it would be loaded and where it starts.",
    discussion: "EXIT STATUS: 0; 64 usage; 66 the image is missing or cannot be booted.")

  @Argument(help: "The guest image.")
  var image: String
  @OptionGroup
  var imageOptions: ImageOptions
  @Option(
    help: ArgumentHelp("List this many instructions from the entry point on.", valueName: "count"))
  var disassemble: Int?

  func options() throws(RunOptions.UsageError) -> RunOptions {
    var options = RunOptions()
    try imageOptions.apply(to: &options)
    options.apply(image: image, guestArguments: [])
    if let disassemble, disassemble < 1 {
      throw RunOptions.UsageError(
        description: "--disassemble \(disassemble) is no number of instructions; give 1 or more.")
    }
    return options
  }

  func run() throws {
    let configuration = try options().configuration
    let text: String
    do throws(StartError) {
      text = try VirtualMachine(configuration).inspection(instructionCount: disassemble ?? 0)
    } catch {
      writeStandardError("swiftvm: \(error.description)\n")
      throw ExitCode(Int32(error.exitStatus))
    }
    try deliver(text)
  }
}
