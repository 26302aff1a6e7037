internal import ArgumentParser

/// What `run` and `inspect` are told of the image and of what goes with it.
struct ImageOptions: ParsableArguments {
  @Option(help: ArgumentHelp("RAM, with K, M, G or T behind it.", valueName: "size"))
  var mem: String?
  @Option(help: ArgumentHelp("Mode a flat image starts in: real, protected or long.", valueName: "mode"))
  var mode: String?
  @Option(help: ArgumentHelp("The guest's command line.", valueName: "text"))
  var cmdline: String?
  @Option(help: ArgumentHelp("Initial RAM disk, handed over as the first module.", valueName: "file"))
  var initrd: String?
  @Option(help: ArgumentHelp("A further module; may be repeated.", valueName: "file[,text]"))
  var module: [String] = []
  @Option(help: ArgumentHelp("Load a flat image at this guest-physical address.", valueName: "address"))
  var loadAddress: String?
  @Option(
    help: ArgumentHelp("Start at this address instead of the image's entry point.", valueName: "address"))
  var entry: String?
  @Option(help: ArgumentHelp("auto (a BIOS for images that start in real mode) or none.", valueName: "which"))
  var bios: String?
  @Option(help: ArgumentHelp("Who unpacks a bzImage's kernel: auto, vmm or guest.", valueName: "who"))
  var kernelUnpack: String?

  /// Reads the values into `options`.
  func apply(to options: inout RunOptions) throws(RunOptions.UsageError) {
    try options.apply([
      (.mem, mem), (.mode, mode), (.cmdline, cmdline), (.loadAddress, loadAddress), (.entry, entry),
      (.bios, bios), (.kernelUnpack, kernelUnpack),
    ])
    for text in module { try options.apply(.module, text) }
    // Last: it goes before the modules.
    try options.apply([(.initrd, initrd)])
  }
}

extension RunOptions {
  /// Sets those options that were given.
  mutating func apply(_ values: [(option: Option, text: String?)]) throws(UsageError) {
    for (option, text) in values {
      if let text { try apply(option, text) }
    }
  }
}

/// A command whose options are read by `RunOptions`: mistakes are reported with the usage line.
protocol OptionReading: ParsableCommand {
  func options() throws(RunOptions.UsageError) -> RunOptions
}

extension OptionReading {
  func validate() throws {
    do throws(RunOptions.UsageError) {
      _ = try options()
    } catch {
      throw ValidationError(error.description)
    }
  }
}
