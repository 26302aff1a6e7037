internal import ArgumentParser

/// `swiftvm run`: the declaration that help and error messages come from.
///
/// Values are taken as text and read by `RunOptions.apply`, which `DirectArguments` uses too, so
/// that there is one reading of each.
struct RunCommand: OptionReading {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Boot an image and run it until it ends.",
    discussion: """
      Without IMAGE the built-in demo guest runs. Without a usable KVM the machine runs in software. Ctrl-A X ends the machine, Ctrl-A C tells how it is \
      doing, Ctrl-A H lists the keys.

      EXIT STATUS: 0 power-off or halt; n the guest's own by the exit port; 64 usage; 66 image; \
      69 engine not available (--engine kvm without KVM); 70 fault of the VMM; 100 triple fault; 101 emulation failure; 102 entry \
      failure; 103 guest panic; 104 reset under --no-reboot; 124 --timeout; 128+n ended by signal n.
      """)

  @OptionGroup
  var imageOptions: ImageOptions
  @Option(help: ArgumentHelp("Number of virtual CPUs.", valueName: "n"))
  var cpus: String?
  @Option(help: ArgumentHelp("COM1: stdio, file:PATH, pty, unix:PATH or none.", valueName: "target"))
  var serial: String?
  @Option(
    help: ArgumentHelp("Port that ends the machine with the value written; or none.", valueName: "port"))
  var exitPort: String?
  @Option(
    help: ArgumentHelp("How that value becomes the status: raw, or qemu for (n<<1)|1.", valueName: "style"))
  var exitStatus: String?
  @Option(help: ArgumentHelp("Stop after this time: 10, 500ms, 2m.", valueName: "time"))
  var timeout: String?
  @Option(help: ArgumentHelp("auto (KVM, or software without it), kvm or software.", valueName: "engine"))
  var engine: String?
  @Option(help: ArgumentHelp("The software CPU's help for KVM: auto, off or ring0.", valueName: "mode"))
  var assist: String?
  @Option(help: ArgumentHelp("Interrupt controllers: auto, kernel or software.", valueName: "place"))
  var irqchip: String?
  @Option(help: ArgumentHelp("Write how it ended to this file, as JSON.", valueName: "file"))
  var report: String?
  @Option(
    help: ArgumentHelp("Say what the guest's CPU is and why, and what it was denied: cpu.", valueName: "what")
  )
  var explain: String?
  @Flag(help: "End with status 104 when the guest asks for a reset.")
  var noReboot = false
  @Flag(help: "Ask for transparent huge pages.")
  var hugePages = false
  @Flag(help: "Print how long each set-up step took.")
  var timings = false
  @Flag(help: "Say what is done and why.")
  var verbose = false
  @Argument(help: "The guest image; its format is found by its content.")
  var image: String?
  @Argument(parsing: .postTerminator, help: "Words added to the guest's command line.")
  var guestArguments: [String] = []

  /// The same as the direct reader's result.
  func options() throws(RunOptions.UsageError) -> RunOptions {
    var options = RunOptions()
    try imageOptions.apply(to: &options)
    try options.apply([
      (.cpus, cpus), (.serial, serial), (.exitPort, exitPort), (.exitStatus, exitStatus),
      (.timeout, timeout), (.engine, engine), (.assist, assist), (.irqchip, irqchip), (.report, report),
      (.explain, explain),
    ])
    let switches: [(RunOptions.Switch, Bool)] = [
      (.noReboot, noReboot), (.hugePages, hugePages), (.timings, timings), (.verbose, verbose),
    ]
    for (flag, isOn) in switches where isOn { options.apply(flag) }
    options.apply(image: image, guestArguments: guestArguments)
    return options
  }

  func run() throws {
    try RunSession(options: options()).runAndExit()
  }
}
