public import GuestMemory

/// What to boot, and how: everything a `BootPlan` is made from.
public struct BootRequest: Sendable {
  /// The operating mode an image is to be entered in, where its content does not decide.
  public enum Mode: String, Sendable, CaseIterable {
    /// 16-bit real-address mode.
    case real16 = "real"
    /// 32-bit protected mode, flat segments, no paging.
    case protected
    /// 64-bit mode, memory mapped one to one.
    case long
  }

  /// A file that is handed to the guest beside its image, such as an initial RAM disk.
  public struct Module: Sendable {
    /// The content.
    public var source: any ImageSource
    /// The module's command line; where it is empty the guest is given the source's name.
    public var commandLine: String

    /// A module.
    public init(source: any ImageSource, commandLine: String = "") {
      self.source = source
      self.commandLine = commandLine
    }
  }

  /// What the processor can do, as far as the entry state depends on it.
  public struct Capabilities: Sendable, Equatable {
    /// It knows pages of 1 GiB (CPUID 0x8000_0001, EDX bit 26).
    public var hasGigabytePages: Bool

    /// These capabilities; without an argument, what every x86-64 processor can do.
    public init(hasGigabytePages: Bool = false) { self.hasGigabytePages = hasGigabytePages }
  }

  /// Who unpacks the kernel inside a bzImage that is entered in long mode.
  public enum KernelUnpacking: Sendable, Equatable {
    /// Its own decompressor, as the boot protocol has it.
    case byGuest
    /// We do. Where we cannot, its own decompressor does, and a note of the plan says why.
    case byVMMIfPossible
    /// We do, or there is no plan.
    case byVMM
  }

  /// The image.
  public var image: any ImageSource
  /// The mode asked for; nil to go by the image's content.
  public var mode: Mode?
  /// The guest's command line.
  public var commandLine: String
  /// Arguments for the guest; they follow the command line, one space apart.
  public var arguments: [String]
  /// The modules, in order; the initial RAM disk is the first.
  public var modules: [Module]
  /// The guest-physical address to load a flat image at, instead of the usual one.
  public var loadAddress: UInt64?
  /// The guest-physical address of the first instruction, instead of the image's own.
  public var entry: UInt64?
  /// The guest's RAM.
  public var memory: PCMemoryLayout
  /// What the processor can do.
  public var capabilities: Capabilities
  /// Who unpacks the kernel inside a bzImage.
  public var kernelUnpacking: KernelUnpacking
  /// Whether unpacking by the VMM, where it is possible, is faster: asked only for an image that has something to
  /// unpack, because it can take as long as all other planning.
  public var isUnpackingWorthwhile: @Sendable () -> Bool = { true }
  /// The hardware that ACPI and multiprocessor tables tell the guest of; nil for no such tables.
  public var platform: PlatformDescription?
  /// An image that starts in real mode finds a BIOS. It needs the standard devices of a PC.
  public var hasBIOS: Bool

  /// A request to boot `image` in `memory`.
  public init(
    image: any ImageSource, memory: PCMemoryLayout, mode: Mode? = nil, commandLine: String = "",
    arguments: [String] = [], modules: [Module] = [], loadAddress: UInt64? = nil, entry: UInt64? = nil,
    capabilities: Capabilities = Capabilities(), kernelUnpacking: KernelUnpacking = .byGuest,
    platform: PlatformDescription? = nil, hasBIOS: Bool = false
  ) {
    self.image = image
    self.memory = memory
    self.mode = mode
    self.commandLine = commandLine
    self.arguments = arguments
    self.modules = modules
    self.loadAddress = loadAddress
    self.entry = entry
    self.capabilities = capabilities
    self.kernelUnpacking = kernelUnpacking
    self.platform = platform
    self.hasBIOS = hasBIOS
  }

  /// The command line and the arguments, one space apart, as the guest gets them.
  var fullCommandLine: String {
    if arguments.isEmpty { return commandLine }
    return (commandLine.isEmpty ? arguments : [commandLine] + arguments).joined(separator: " ")
  }
}
