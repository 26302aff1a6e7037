import CLinux
import Host

/// The built `swiftvm`, started as a user would start it.
enum Command {
  /// Where it is: the build puts it beside the test bundle.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    // Sound: one byte less than there is room for, so that the text is terminated.
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let bundle = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      + "/swiftvm"
  }()

  /// How long a command may take before it is taken for hung. No measure of speed: it only ends a test
  /// that would never end.
  static let patience = 300

  /// Runs `swiftvm` with these arguments and this input, until it ends.
  static func run(
    _ arguments: [String], input: [UInt8] = [], output: Stream = .pipe, patience: Int = patience
  ) throws -> CommandRun {
    let command = try RunningCommand(arguments, input: .pipe, output: output)
    command.send(input)
    command.endInput()
    return command.finish(patience: patience)
  }

  /// The same, with text for input.
  static func run(_ arguments: String..., input: String = "") throws -> CommandRun {
    try run(arguments, input: Array(input.utf8))
  }

  /// Runs another program: a script of this project, a shell.
  static func run(program: String, _ arguments: [String], patience: Int = patience) throws -> CommandRun {
    let command = try RunningCommand(arguments, program: program, input: .pipe)
    command.endInput()
    return command.finish(patience: patience)
  }

  /// What a standard stream of a command is connected to.
  enum Stream: Equatable {
    /// A pipe to the test.
    case pipe
    /// A terminal, made by `Terminal`, that controls the command.
    case terminal(path: String)
    /// A file, opened for this.
    case file(String)
    /// A descriptor of the test.
    case descriptor(Int32)
    /// Nothing: the descriptor is closed.
    case closed
  }
}

/// How a command ended and what it said.
struct CommandRun: Sendable {
  enum Status: Equatable, Sendable {
    case exited(Int32)
    case killed(bySignal: Int32)
    /// It was killed because it took too long.
    case hung
  }
  var status: Status
  var standardOutput: [UInt8]
  var standardErrorBytes: [UInt8]

  var output: String { String(decoding: standardOutput, as: UTF8.self) }
  var errors: String { String(decoding: standardErrorBytes, as: UTF8.self) }
  /// The lines on standard error.
  var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
  /// The exit status; nil where there is none.
  var exitStatus: Int32? { if case .exited(let status) = status { status } else { nil } }
}
