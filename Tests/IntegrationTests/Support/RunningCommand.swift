import CLinux
import Glibc
import Host

/// A command that runs, and what it has said so far.
final class RunningCommand: Sendable {
  struct StartFailure: Error, CustomStringConvertible { var description: String }

  private struct State {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    /// What is still to be written to standard input.
    var input: [UInt8] = []
    var isInputEnded = false
    /// Streams that have not ended, of those the test reads.
    var openStreams = 0
    var waitStatus: Int32?
    /// The reader of standard output waits while this is set, as a slow program would.
    var isOutputHeld = false
  }
  private let monitor = Monitor(State())
  let processID: Int32

  /// Starts `program`, `swiftvm` by default.
  init(
    _ arguments: [String], program: String = Command.path, input: Command.Stream = .pipe,
    output: Command.Stream = .pipe, errors: Command.Stream = .pipe, readsOutput: Bool = true
  ) throws {
    let streams = try [input, output, errors].enumerated().map { try StreamEnds($1, descriptor: Int32($0)) }
    let identifier = try unsafe Self.spawn(program, arguments, streams)
    processID = identifier
    for stream in streams { stream.closeChildEnd() }
    if !readsOutput { holdOutput() }
    let monitor = monitor
    if let target = streams[0].ours { try Self.write(to: target, monitor) }
    if let source = streams[1].ours {
      monitor.update { $0.openStreams += 1 }
      try Self.read(source, monitor, into: \.output, waits: true)
    }
    if let source = streams[2].ours {
      monitor.update { $0.openStreams += 1 }
      try Self.read(source, monitor, into: \.errors, waits: false)
    }
    _ = try HostThread.start(name: "test-wait") {
      var status: Int32 = 0
      // Sound: the pointer is valid for the call.
      while unsafe waitpid(identifier, &status, 0) < 0 && currentErrno() == EINTR {}
      let result = status
      monitor.update { $0.waitStatus = result }
    }
  }

  // MARK: Talking to it

  /// Writes to its standard input, as fast as it reads.
  func send(_ bytes: [UInt8]) { monitor.update { $0.input += bytes } }
  func send(_ text: String) { send(Array(text.utf8)) }

  /// Closes its standard input, once what was sent is written.
  func endInput() { monitor.update { $0.isInputEnded = true } }

  func signal(_ number: Int32) { kill(processID, number) }

  /// Lets the reader of its standard output wait, or go on.
  func holdOutput() { monitor.update { $0.isOutputHeld = true } }
  func releaseOutput() { monitor.update { $0.isOutputHeld = false } }

  // MARK: What it says

  var output: String { monitor.read { String(decoding: $0.output, as: UTF8.self) } }
  var outputByteCount: Int { monitor.read { $0.output.count } }
  var errors: String { monitor.read { String(decoding: $0.errors, as: UTF8.self) } }
  var hasEnded: Bool { monitor.read { $0.waitStatus != nil } }

  /// Waits until standard output contains `text`. False: it ended, or took too long.
  func waitForOutput(_ text: String) -> Bool {
    wait { String(decoding: $0.output, as: UTF8.self).contains(text) }
  }

  /// Waits until standard error contains `text`.
  func waitForErrors(_ text: String) -> Bool {
    wait { String(decoding: $0.errors, as: UTF8.self).contains(text) }
  }

  /// Waits until all of standard output so far satisfies a condition.
  func waitForOutput(patience: Int = Command.patience, where condition: ([UInt8]) -> Bool) -> Bool {
    wait(patience) { condition($0.output) }
  }

  private func wait(_ patience: Int = Command.patience, until condition: (State) -> Bool) -> Bool {
    monitor.wait(forAtMost: UInt64(patience) * 1_000_000_000) { state -> Bool? in
      if condition(state) { return true }
      return state.waitStatus != nil && state.openStreams == 0 ? false : nil
    } ?? false
  }

  /// Waits for its end and all it said; kills it where that takes longer than `patience` seconds.
  func finish(patience: Int = Command.patience) -> CommandRun {
    let limit = UInt64(patience) * 1_000_000_000
    let status: Int32? = monitor.wait(forAtMost: limit) { $0.waitStatus }
    if status == nil { kill(processID, SIGKILL) }
    // A grandchild may have a stream open still: what it says is not waited for without end.
    _ = monitor.wait(forAtMost: 10_000_000_000) { $0.waitStatus != nil && $0.openStreams == 0 ? true : nil }
    endInput()
    return monitor.read { state in
      CommandRun(
        status: status.map(Self.status) ?? .hung, standardOutput: state.output,
        standardErrorBytes: state.errors)
    }
  }

  private static func status(_ wait: Int32) -> CommandRun.Status {
    // What <sys/wait.h>'s macros do.
    wait & 0x7F == 0 ? .exited(wait >> 8 & 0xFF) : .killed(bySignal: wait & 0x7F)
  }

  // MARK: Descriptors and threads

  /// The two ends of one standard stream.
  private struct StreamEnds {
    var child: Int32?
    var ours: Int32?
    var ownsChildEnd = true
    /// Opened in the child, by this path: a terminal becomes the one that controls it in this way.
    var terminal: String?

    init(_ stream: Command.Stream, descriptor: Int32) throws {
      switch stream {
      case .pipe:
        var ends: [Int32] = [0, 0]
        guard unsafe pipe2(&ends, O_CLOEXEC) == 0 else { throw StartFailure(description: "no pipe") }
        (child, ours) = descriptor == 0 ? (ends[0], ends[1]) : (ends[1], ends[0])
      case .terminal(let path): terminal = path
      case .file(let path):
        let flags = descriptor == 0 ? O_RDONLY : O_WRONLY | O_CREAT
        child = unsafe swiftvm_open(path, flags | O_CLOEXEC, 0o600)
        guard child! >= 0 else { throw StartFailure(description: "open \(path): errno \(currentErrno())") }
      case .descriptor(let number):
        child = number
        ownsChildEnd = false
      case .closed: break
      }
    }

    func closeChildEnd() {
      if let child, ownsChildEnd { close(child) }
    }
  }

  @unsafe
  private static func spawn(_ program: String, _ arguments: [String], _ streams: [StreamEnds]) throws -> Int32
  {
    var actions = unsafe posix_spawn_file_actions_t()
    var attributes = posix_spawnattr_t()
    // Sound, all below: the pointers are to locals, which outlive the calls.
    unsafe posix_spawn_file_actions_init(&actions)
    unsafe posix_spawnattr_init(&attributes)
    defer {
      unsafe posix_spawn_file_actions_destroy(&actions)
      unsafe posix_spawnattr_destroy(&attributes)
    }
    for (index, stream) in streams.enumerated() {
      if let child = stream.child {
        unsafe posix_spawn_file_actions_adddup2(&actions, child, Int32(index))
      } else if let terminal = stream.terminal {
        unsafe posix_spawn_file_actions_addopen(&actions, Int32(index), terminal, O_RDWR, 0)
      } else {
        unsafe posix_spawn_file_actions_addclose(&actions, Int32(index))
      }
    }
    // A session of its own, so that a terminal which is opened controls it; and signals as a shell
    // would leave them, whatever the tests do with theirs.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    unsafe posix_spawnattr_setsigmask(&attributes, &signals)
    unsafe sigfillset(&signals)
    unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
    // 0x80 is POSIX_SPAWN_SETSID, which <spawn.h> hides behind _GNU_SOURCE.
    unsafe posix_spawnattr_setflags(&attributes, Int16(0x80 | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var identifier: pid_t = 0
    var words: [UnsafeMutablePointer<CChar>?] =
      unsafe ([program] + arguments).map { unsafe strdup($0) } + [nil]
    defer { unsafe words.forEach { unsafe free($0) } }
    let result = unsafe posix_spawn(&identifier, program, &actions, &attributes, &words, Glibc.environ)
    guard result == 0 else {
      throw StartFailure(description: "\(program) cannot be started: \(SystemError.text(of: result))")
    }
    return identifier
  }

  private static func write(to target: Int32, _ monitor: Monitor<State>) throws {
    Signal.ignoreBrokenPipe()
    _ = try HostThread.start(name: "test-writer") {
      while true {
        let piece: [UInt8] = monitor.wait { state in
          if state.input.isEmpty && !state.isInputEnded { return nil }
          defer { state.input = [] }
          return state.input
        }
        if piece.isEmpty { break }
        writeAll(piece, to: target)
      }
      close(target)
    }
  }

  private static func read(
    _ source: Int32, _ monitor: Monitor<State>, into target: any WritableKeyPath<State, [UInt8]> & Sendable,
    waits: Bool
  ) throws {
    _ = try HostThread.start(name: "test-reader") {
      var piece = [UInt8](repeating: 0, count: 65536)
      while true {
        if waits { monitor.wait { $0.isOutputHeld && $0.waitStatus == nil ? nil : () } }
        let count = unsafe piece.withUnsafeMutableBytes { buffer in
          // Sound: the buffer is as large as the size that is passed along.
          unsafe CLinux.read(source, buffer.baseAddress, buffer.count)
        }
        if count < 0 && currentErrno() == EINTR { continue }
        if count <= 0 { break }
        monitor.update { $0[keyPath: target] += piece[..<count] }
      }
      close(source)
      monitor.update { $0.openStreams -= 1 }
    }
  }

  static func writeAll(_ bytes: [UInt8], to target: Int32) {
    var done = 0
    while done < bytes.count {
      let count = unsafe bytes.withUnsafeBytes { buffer in
        // Sound: the range from `done` on lies in the buffer.
        unsafe CLinux.write(target, buffer.baseAddress! + done, buffer.count - done)
      }
      if count < 0 && currentErrno() == EINTR { continue }
      if count <= 0 { return }
      done += count
    }
  }
}
