public import Boot
public import Devices
internal import Engine
public import GuestMemory
public import Host
public import ProcessorPolicy

extension VirtualMachine {
  /// A virtual machine, described: a plain value that can be stored, compared in parts, and changed
  /// freely until a `VirtualMachine` is made of it.
  public struct Configuration: Sendable {
    /// What to boot.
    public enum Image: Sendable {
      /// The guest that is built into the library: it greets and switches off.
      case demo
      /// A file on the host.
      case file(path: String)
      /// An image in memory, with a name for messages.
      case bytes([UInt8], name: String)
    }

    /// A file handed to the guest beside the image: an initrd, a Multiboot or PVH module.
    public struct Module: Sendable {
      /// Path of the file on the host.
      public var path: String
      /// The module's command line.
      public var commandLine: String

      /// The module at `path`.
      public init(path: String, commandLine: String = "") {
        self.path = path
        self.commandLine = commandLine
      }
    }

    /// Where the serial port COM1 and the debug console lead.
    public enum Console: Sendable {
      /// This process's standard input and output. A terminal is put into raw mode; Ctrl-A is the
      /// escape key.
      case standardIO
      /// Output to a file, which is created or emptied; no input.
      case file(path: String)
      /// A new pseudo-terminal; its name is told by `VirtualMachine.consoleName`.
      case pty
      /// A Unix socket at this path, for one client at a time.
      case unixSocket(path: String)
      /// Output is dropped and there is no input.
      case none
      /// A channel of the embedding program's own.
      case channel(any ByteChannel)
    }

    /// Which engine runs the vCPUs.
    public enum EngineChoice: String, Sendable, CaseIterable {
      /// KVM where it is usable, else the software CPU; so, too, for kernels that KVM would interpret because the host
      /// has no VT-x or AMD-V for it. `VirtualMachine.engineNote` then says why.
      case auto
      /// KVM, or an error.
      case kvm
      /// The software CPU: the same on every host, and slower.
      case software
    }

    /// Where interrupt controllers (PICs, I/O APIC, local APICs) and interval timer are.
    public enum InterruptControllerChoice: String, Sendable, CaseIterable {
      /// In the kernel where the engine is KVM, else in software.
      case auto
      /// In the kernel: fastest. Only with KVM.
      case kernel
      /// In this process: every access to them is an exit, and can be seen.
      case software
    }

    /// What the software CPU does for KVM.
    public enum AssistChoice: String, Sendable, CaseIterable {
      /// It carries out instructions that KVM cannot.
      case auto
      /// Nothing: such an instruction ends the machine.
      case off
      /// It runs all of ring 0, and KVM runs ring 3: for hosts whose KVM emulates ring 0.
      case ring0
    }

    /// Whether a guest finds a BIOS.
    public enum BIOSChoice: String, Sendable, CaseIterable {
      /// Where its image starts in real mode.
      case auto
      /// No guest does.
      case none
    }

    /// Who unpacks the kernel inside a bzImage that starts in long mode.
    public enum KernelUnpackChoice: String, Sendable, CaseIterable {
      /// The VMM where the guest's own decompressor would be slow: on the software CPU, and on a KVM without
      /// hardware underneath it. Else the guest.
      case auto
      /// The VMM, or an error.
      case vmm
      /// The guest's own decompressor.
      case guest
    }

    /// What to boot.
    public var image: Image
    /// RAM, in bytes: whole 4 KiB pages, at least 1 MiB.
    public var memoryByteCount: UInt64 = 128 << 20
    /// What the host backs RAM with.
    public var memoryBacking = MemoryRegion.Backing.anonymous
    /// Ask for transparent huge pages.
    public var usesHugePages = false
    /// Number of vCPUs.
    public var cpuCount = 1
    /// The CPU mode that a flat image starts in; nil: found by the image's content.
    public var mode: BootRequest.Mode?
    /// The guest's command line.
    public var commandLine = ""
    /// Files handed over beside the image, the initrd first.
    public var modules: [Module] = []
    /// Where a flat image is loaded, if not at its usual place (guest-physical).
    public var loadAddress: UInt64?
    /// Where the guest starts, if not at the image's entry point.
    public var entryPoint: UInt64?
    /// Whether the guest finds a BIOS.
    public var bios = BIOSChoice.auto
    /// Who unpacks the kernel inside a bzImage.
    public var kernelUnpacking = KernelUnpackChoice.auto
    /// Where COM1 and the debug console lead.
    public var console = Console.standardIO
    /// The port whose first write ends the machine with that status; nil: no such port.
    public var exitPort: UInt16? = 0xF4
    /// How the exit port turns a value into a status.
    public var exitStyle = ExitPort.Style.raw
    /// Nanoseconds after which the machine is stopped; nil: never.
    public var timeoutNanoseconds: UInt64?
    /// A guest's request for a reset starts the machine anew instead of ending it.
    public var reboots = true
    /// Which engine runs the vCPUs.
    public var engine = EngineChoice.auto
    /// What the software CPU does for KVM.
    public var assist = AssistChoice.auto
    /// For tests: the vCPUs move between KVM and the software CPU at random, as this seed says.
    var randomMoves: UInt64?
    /// Where the interrupt controllers are.
    public var interruptControllers = InterruptControllerChoice.auto
    /// Called before the guest's first instruction with what it sees of its CPU, and why; nil: nobody wants
    /// to know.
    public var explainProcessor: (@Sendable (PolicyExplanation) -> Void)?
    /// SIGINT, SIGTERM, SIGHUP and SIGQUIT to this process end the machine in good order, and SIGPWR
    /// presses its power button. For commands; a program with signal handling of its own leaves it off.
    public var endsOnSignals = false
    /// The file through which KVM is reached.
    public var kvmPath = "/dev/kvm"

    /// A machine that boots `image`, all else as usual.
    public init(image: Image = .demo) { self.image = image }
  }
}

extension VirtualMachine.Configuration {
  /// Something in a configuration that cannot be.
  public struct Mistake: Error, Sendable, Equatable, CustomStringConvertible {
    /// A sentence that names the setting, the value, and what is possible.
    public var description: String

    /// A mistake with this sentence.
    public init(_ description: String) { self.description = description }
  }

  /// Least RAM, in bytes: what a PC's memory map needs.
  public static let minimumMemory: UInt64 = 1 << 20
  /// Most RAM, in bytes: a memory slot of KVM takes less than 2³¹ pages.
  public static let maximumMemory: UInt64 = 1 << 43
  /// Most vCPUs: more than 255 need x2APIC interrupt routing.
  public static let maximumCPUCount = 255

  /// Everything that is wrong with this configuration in itself; files are looked at later.
  public var mistakes: [Mistake] {
    var found: [Mistake] = []
    if memoryByteCount < Self.minimumMemory {
      found.append(Mistake("the memory size of \(memoryByteCount) bytes is too small; give at least 1M"))
    } else if memoryByteCount > Self.maximumMemory {
      found.append(Mistake("the memory size of \(memoryByteCount) bytes is too large; give at most 8T"))
    } else if memoryByteCount % 4096 != 0 {
      found.append(
        Mistake("the memory size of \(memoryByteCount) bytes is not a whole number of 4 KiB pages"))
    }
    if !(1...Self.maximumCPUCount).contains(cpuCount) {
      found.append(Mistake("\(cpuCount) vCPUs are not possible; give 1 to \(Self.maximumCPUCount)"))
    }
    if commandLine.utf8.contains(0) {
      found.append(Mistake("the command line contains a NUL character"))
    }
    if let port = exitPort, let owner = Self.owner(ofPortsFrom: port) {
      found.append(
        Mistake("the exit port 0x\(String(port, radix: 16)) is too close to the \(owner); choose another one")
      )
    }
    if timeoutNanoseconds == 0 {
      found.append(Mistake("a time limit of 0 lets nothing run; leave it out for no limit"))
    }
    if engine == .software, interruptControllers == .kernel {
      found.append(
        Mistake("the software engine has no interrupt controllers in the kernel; choose software or auto"))
    }
    if assist == .ring0 {
      if interruptControllers == .kernel {
        found.append(
          Mistake(
            "ring 0 cannot be in software with the interrupt controllers in the kernel; choose software or auto"
          ))
      }
      if cpuCount != 1 {
        found.append(Mistake("ring 0 in software is for a single vCPU; leave --cpus out, or --assist ring0"))
      }
    }
    return found
  }

  /// Where the interrupt controllers are on the engine that is used.
  var interruptControllerPlace: InterruptControllerPlace {
    interruptControllers == .software || engine == .software || assist == .ring0 ? .software : .engine
  }

  /// Who has one of the ports that an exit port at `port` would take.
  private static func owner(ofPortsFrom port: UInt16) -> String? {
    let last = UInt16(clamping: UInt64(port) + ExitPort.portCount - 1)
    return StandardPorts.all.first { $0.range.overlaps(PortRange(port, last)) }?.name
  }
}
