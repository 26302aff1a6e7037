internal import SwiftVM

/// What `swiftvm run` was asked to do. Both ways to read a command line fill it by `apply`.
struct RunOptions: Sendable {
  var configuration = VirtualMachine.Configuration()
  /// Where the JSON report goes.
  var reportPath: String?
  /// Print how long each set-up step took.
  var printsTimings = false
  /// Say what is done and why.
  var isVerbose = false
  /// Say what the guest sees of its CPU and why, and what it was denied.
  var explainsProcessor = false

  /// The first module is the initial RAM disk.
  private var hasInitrd = false

  /// An option that takes a value, by its name on the command line.
  enum Option: String, CaseIterable, Sendable {
    case mem, cpus, mode, cmdline, initrd, module, serial, timeout, engine, assist, irqchip, report, entry
    case explain, bios
    case exitPort = "exit-port"
    case exitStatus = "exit-status"
    case loadAddress = "load-address"
    case kernelUnpack = "kernel-unpack"
  }

  /// An option without a value.
  enum Switch: String, CaseIterable, Sendable {
    case timings, verbose
    case noReboot = "no-reboot"
    case hugePages = "huge-pages"
  }

  /// A mistake on the command line, as one sentence.
  struct UsageError: Error, Equatable, CustomStringConvertible {
    var description: String
  }

  /// Sets an option from its text.
  mutating func apply(_ option: Option, _ text: String) throws(UsageError) {
    switch option {
    case .mem:
      guard let size = Quantity.byteCount(text) else { throw bad(option, text, "a size like 64M or 1G") }
      configuration.memoryByteCount = size
    case .cpus:
      guard let count = Quantity.number(text), let cpus = Int(exactly: count) else {
        throw bad(option, text, "a number of vCPUs")
      }
      configuration.cpuCount = cpus
    case .mode: configuration.mode = try choice(option, text) as VirtualMachine.Mode
    case .cmdline: configuration.commandLine = text
    case .initrd:
      // Like every option, given twice the last one counts.
      if hasInitrd { configuration.modules.removeFirst() }
      hasInitrd = true
      configuration.modules.insert(VirtualMachine.Configuration.Module(path: text), at: 0)
    case .module:
      let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false)
      configuration.modules.append(
        VirtualMachine.Configuration.Module(
          path: String(parts[0]), commandLine: parts.count > 1 ? String(parts[1]) : ""))
    case .serial: configuration.console = try console(text)
    case .exitPort:
      if text == "none" {
        configuration.exitPort = nil
      } else if let number = Quantity.number(text), let port = UInt16(exactly: number) {
        configuration.exitPort = port
      } else {
        throw bad(option, text, "a port number like 0xf4, or none")
      }
    case .exitStatus:
      switch text {
      case "raw": configuration.exitStyle = .raw
      case "qemu": configuration.exitStyle = .qemu
      default: throw bad(option, text, "raw or qemu")
      }
    case .timeout:
      guard let limit = Quantity.nanoseconds(text) else {
        throw bad(option, text, "seconds, or a time like 500ms or 2m")
      }
      configuration.timeoutNanoseconds = limit
    case .engine: configuration.engine = try choice(option, text)
    case .assist: configuration.assist = try choice(option, text)
    case .irqchip: configuration.interruptControllers = try choice(option, text)
    case .bios: configuration.bios = try choice(option, text)
    case .kernelUnpack: configuration.kernelUnpacking = try choice(option, text)
    case .report: reportPath = text
    case .explain:
      guard text == "cpu" else { throw bad(option, text, "cpu") }
      explainsProcessor = true
    case .loadAddress: configuration.loadAddress = try address(option, text)
    case .entry: configuration.entryPoint = try address(option, text)
    }
  }

  /// Sets an option that takes no value.
  mutating func apply(_ flag: Switch) {
    switch flag {
    case .timings: printsTimings = true
    case .verbose: isVerbose = true
    case .noReboot: configuration.reboots = false
    case .hugePages: configuration.usesHugePages = true
    }
  }

  /// Sets the image, and the arguments after `--`, which continue the command line.
  mutating func apply(image: String?, guestArguments: [String]) {
    if let image { configuration.image = .file(path: image) }
    // Not `joined`: its generic code costs more start-up than all other parsing.
    for argument in guestArguments {
      if !configuration.commandLine.isEmpty { configuration.commandLine += " " }
      configuration.commandLine += argument
    }
  }

  private func console(_ text: String) throws(UsageError) -> VirtualMachine.Configuration.Console {
    switch text {
    case "stdio": return .standardIO
    case "pty": return .pty
    case "none": return .none
    default: break
    }
    for (prefix, make) in Self.consolesWithPath where text.hasPrefix(prefix) && text.count > prefix.count {
      return make(String(text.dropFirst(prefix.count)))
    }
    throw bad(.serial, text, "stdio, file:PATH, pty, unix:PATH or none")
  }

  private static let consolesWithPath:
    [(String, @Sendable (String) -> VirtualMachine.Configuration.Console)] = [
      ("file:", { .file(path: $0) }), ("unix:", { .unixSocket(path: $0) }),
    ]

  /// A value that is one of some words.
  private func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ option: Option, _ text: String
  ) throws(UsageError) -> Choice {
    if let choice = Choice(rawValue: text) { return choice }
    throw bad(option, text, Self.oneOf(Choice.allCases.map(\.rawValue)))
  }

  private func address(_ option: Option, _ text: String) throws(UsageError) -> UInt64 {
    guard let value = Quantity.byteCount(text) else {
      throw bad(option, text, "an address like 0x100000 or 1M")
    }
    return value
  }

  private func bad(_ option: Option, _ text: String, _ wanted: String) -> UsageError {
    UsageError(description: "--\(option.rawValue) \(text) cannot be read; give \(wanted)")
  }

  private static func oneOf(_ words: [String]) -> String {
    guard let last = words.last else { return "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }
}
