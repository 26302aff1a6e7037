import CLinux
import Host
import Testing

/// What concerns the whole process, each in a process of its own.
///
/// Signals are tested in a fork of that: a fork has one thread, as a program has when it starts, so the
/// signals can be blocked before there is another thread to take them.
@Suite(
  .disabled(
    if: swiftvm_has_thread_sanitizer() != 0,
    "the thread sanitizer has a thread, descriptors and signal handlers of its own"))
struct ProcessTests {
  // MARK: Descriptors

  @Test func nothingLeaksAndEverythingIsClosedOnExec() async {
    await #expect(processExitsWith: .success) {
      let status = inFork { (try? useEverything()) ?? 1 }
      precondition(status == .exited(0), "\(status)")
    }
  }

  @Test func channelsThatAreDroppedWithoutCloseLeakNothing() async {
    await #expect(processExitsWith: .success) {
      let status = inFork {
        let path = temporaryPath("drop.sock")
        let before = openDescriptors()
        let loop = EventLoop()
        do {
          guard let pty = try? PtyChannel(loop: loop),
            let socket = try? UnixSocketChannel(path: path, loop: loop)
          else { return 1 }
          pty.attach(Collector())
          socket.attach(Collector())
        }
        guard unsafe access(path, F_OK) == -1 else { return 2 }
        loop.stop()
        return openDescriptors() == before ? 0 : 3
      }
      precondition(status == .exited(0), "\(status)")
    }
  }

  @Test func nothingIsMadeBeforeItIsNeeded() async {
    await #expect(processExitsWith: .success) {
      let status = inFork {
        let before = openDescriptors()
        let loop = EventLoop()
        let timer = loop.makeTimer {}
        guard openDescriptors() == before else { return 1 }
        timer.arm(at: .max)
        guard openDescriptors().count == before.count + 3 else { return 2 }
        loop.stop()
        return openDescriptors() == before ? 0 : 3
      }
      precondition(status == .exited(0), "\(status)")
    }
  }

  @Test func aBrokenPipeIsAnErrorAndNotTheEnd() async {
    await #expect(processExitsWith: .success) {
      let pipe = Pipe()
      close(pipe.read)
      Signal.ignoreBrokenPipe()
      precondition(!writeAll(pipe.write, [1]) && currentErrno() == EPIPE)
    }
  }

  @Test func closedStandardDescriptorsAreReserved() async {
    await #expect(processExitsWith: .success) {
      let status = inFork {
        close(STDIN_FILENO)
        close(STDOUT_FILENO)
        reserveStandardDescriptors()
        let next = unsafe swiftvm_open("/dev/null", O_RDWR, 0)
        // Usable for nothing, as if they were closed.
        let isReadable = readBytes(STDIN_FILENO, 1).count == 1 || currentErrno() != EBADF
        let isWritable = writeAll(STDOUT_FILENO, [1]) || currentErrno() != EBADF
        return next > STDERR_FILENO && !isReadable && !isWritable ? 0 : 1
      }
      precondition(status == .exited(0), "\(status)")
    }
  }

  // MARK: Signals

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
  func signalsArriveOnTheLoop(number: Int32) async {
    await #expect(processExitsWith: .success) { [number] in
      let status = inFork {
        let loop = EventLoop()
        let seen = Recorder<Signal>()
        guard let watcher = try? SignalWatcher(loop: loop, handler: { seen.add($0) }) else { return 1 }
        kill(getpid(), SIGWINCH)
        guard eventually({ seen.count == 1 }) else { return 2 }
        kill(getpid(), number)
        guard eventually({ seen.count == 2 }) else { return 3 }
        watcher.stop()
        loop.stop()
        return seen.all.map(\.rawValue) == [SIGWINCH, number] ? 42 : 4
      }
      precondition(status == .exited(42), "\(status)")
    }
  }

  @Test func aSignalThatWasIgnoredAtTheStartStaysIgnored() async {
    await #expect(processExitsWith: .success) {
      let status = inFork {
        // What nohup does.
        swiftvm_ignore_signal_if_default(SIGHUP)
        let loop = EventLoop()
        let seen = Recorder<Signal>()
        guard let watcher = try? SignalWatcher(loop: loop, handler: { seen.add($0) }) else { return 1 }
        kill(getpid(), SIGHUP)
        kill(getpid(), SIGTERM)
        guard eventually({ seen.count > 0 }) else { return 2 }
        watcher.stop()
        loop.stop()
        return seen.all == [.terminate] ? 0 : 3
      }
      precondition(status == .exited(0), "\(status)")
    }
  }

  // MARK: The terminal on every way out

  @Test(arguments: [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS])
  func aFatalSignalRestoresTheTerminal(number: Int32) async {
    await #expect(processExitsWith: .success) { [number] in
      let terminal = TestTerminal()
      let before = terminal.flags
      let status = inFork {
        guard let raw = Terminal(descriptor: terminal.slave), (try? raw.makeRaw()) != nil, raw.isRaw else {
          return 1
        }
        guard terminal.flags != before else { return 2 }
        raise(number)
        return 3
      }
      precondition(status == .signalled(number), "\(status)")
      precondition(terminal.flags == before)
    }
  }

  @Test(arguments: ["load from 16", "trap", "abort"])
  func aFaultOfTheProgramRestoresTheTerminal(kind: String) async {
    await #expect(processExitsWith: .success) { [kind] in
      let terminal = TestTerminal()
      let before = terminal.flags
      let status = inFork {
        guard let raw = Terminal(descriptor: terminal.slave), (try? raw.makeRaw()) != nil else { return 1 }
        switch kind {
        case "load from 16":
          // On a thread of ours, which blocks all other signals.
          let thread = try? HostThread.start(name: "faults") {
            let bad = unsafe UnsafePointer<Int>(bitPattern: 16)!
            _ = unsafe bad.pointee == 1 ? write(1, "", 0) : 0
          }
          thread?.join()
        case "trap": preconditionFailure("on purpose")
        default: abort()
        }
        return 3
      }
      let expected = ["load from 16": SIGSEGV, "trap": SIGILL, "abort": SIGABRT]
      precondition(status == .signalled(expected[kind]!), "\(status)")
      precondition(terminal.flags == before)
    }
  }

  @Test func exitRestoresTheTerminal() async {
    await #expect(processExitsWith: .success) {
      let terminal = TestTerminal()
      let before = terminal.flags
      let status = inFork {
        guard let raw = Terminal(descriptor: terminal.slave), (try? raw.makeRaw()) != nil else { return 1 }
        guard terminal.flags != before else { return 2 }
        exit(7)
      }
      precondition(status == .exited(7), "\(status)")
      precondition(terminal.flags == before)
    }
  }

  @Test func theHandlersOfOthersRunAfterOurs() async {
    await #expect(processExitsWith: .success) {
      let terminal = TestTerminal()
      let before = terminal.flags
      let status = inFork {
        swiftvm_install_handler(SIGSEGV) { _ in _exit(55) }
        guard let raw = Terminal(descriptor: terminal.slave), (try? raw.makeRaw()) != nil else { return 1 }
        raise(SIGSEGV)
        return 3
      }
      precondition(status == .exited(55), "\(status)")
      precondition(terminal.flags == before)
    }
  }

  /// The shell's part of job control, played by a session leader.
  @Test func stopAndContinueHandOverTheTerminal() async {
    await #expect(processExitsWith: .success) {
      let terminal = TestTerminal()
      let before = terminal.flags
      let status = inFork {
        setsid()
        swiftvm_ignore_signal_if_default(SIGTTOU)
        guard swiftvm_set_controlling_terminal(terminal.slave) == 0 else { return 1 }
        let job = fork()
        if job == 0 {
          setpgid(0, 0)
          _exit(runJob(terminal.slave))
        }
        setpgid(job, job)
        tcsetpgrp(terminal.slave, job)
        guard eventually({ terminal.flags != before }) else { return 2 }
        let raw = terminal.flags
        for _ in 0..<3 {
          kill(job, SIGTSTP)
          var state: Int32 = 0
          // Sound: the pointer is valid for the call.
          guard unsafe waitpid(job, &state, WUNTRACED) == job, state & 0xFF == 0x7F else { return 3 }
          guard terminal.flags == before else { return 4 }
          tcsetpgrp(terminal.slave, getpgrp())
          // In the background it goes on, and leaves the terminal alone.
          kill(job, SIGCONT)
          usleep(50_000)
          guard terminal.flags == before else { return 5 }
          // The shell brings it to the foreground: nobody tells it.
          tcsetpgrp(terminal.slave, job)
          guard eventually({ terminal.flags == raw }) else { return 6 }
        }
        kill(job, SIGTERM)
        var state: Int32 = 0
        guard unsafe waitpid(job, &state, 0) == job, state == 42 << 8 else { return 7 }
        return terminal.flags == before ? 0 : 8
      }
      precondition(status == .exited(0), "\(status)")
    }
  }

  @Test func inputInTheBackgroundWaitsForTheForeground() async {
    await #expect(processExitsWith: .success) {
      let terminal = TestTerminal()
      let before = terminal.flags
      let status = inFork {
        setsid()
        swiftvm_ignore_signal_if_default(SIGTTOU)
        guard swiftvm_set_controlling_terminal(terminal.slave) == 0 else { return 1 }
        let job = fork()
        if job == 0 {
          setpgid(0, 0)
          _exit(runJob(terminal.slave))
        }
        setpgid(job, job)
        // Started in the background: the terminal is the shell's, and so is a line typed now.
        writeAll(terminal.master, Array("shell\n".utf8))
        guard readBytes(terminal.slave, 6) == Array("shell\n".utf8) else { return 2 }
        guard terminal.flags == before else { return 3 }
        tcsetpgrp(terminal.slave, job)
        guard eventually({ terminal.flags != before }) else { return 4 }
        // Ctrl-A X ends the job.
        writeAll(terminal.master, [0x01, 0x78])
        var state: Int32 = 0
        // Sound: the pointer is valid for the call.
        guard unsafe waitpid(job, &state, 0) == job, state == 43 << 8 else { return 5 }
        return terminal.flags == before ? 0 : 6
      }
      precondition(status == .exited(0), "\(status)")
    }
  }

  @Test func messagesHaveReturnsWhileTheTerminalIsRaw() async {
    await #expect(processExitsWith: .success) {
      let terminal = TestTerminal()
      let status = inFork {
        dup2(terminal.slave, STDERR_FILENO)
        guard let raw = Terminal(descriptor: terminal.slave), (try? raw.makeRaw()) != nil else { return 1 }
        writeStandardError("one\ntwo\n")
        guard readBytes(terminal.master, 10) == Array("one\r\ntwo\r\n".utf8) else { return 2 }
        raw.restore()
        // Now the terminal adds them (ONLCR).
        writeStandardError("one\n")
        guard readBytes(terminal.master, 5) == Array("one\r\n".utf8) else { return 3 }
        let pipe = Pipe()
        guard (try? raw.makeRaw()) != nil else { return 4 }
        dup2(pipe.write, STDERR_FILENO)
        writeStandardError("to a file\n")
        raw.restore()
        return readBytes(pipe.read, 10) == Array("to a file\n".utf8) ? 0 : 5
      }
      precondition(status == .exited(0), "\(status)")
    }
  }
}

@Suite struct TerminalTests {
  @Test func restoreIsRepeatable() throws {
    let tty = TestTerminal()
    let before = tty.flags
    let terminal = try #require(Terminal(descriptor: tty.slave))
    terminal.restore()
    #expect(tty.flags == before && !terminal.isRaw)
    for _ in 0..<3 {
      try terminal.makeRaw()
      try terminal.makeRaw()
      #expect(tty.flags != before && terminal.isRaw)
      terminal.restore()
      terminal.restore()
      #expect(tty.flags == before && !terminal.isRaw)
    }
    close(tty.slave)
    close(tty.master)
  }

  @Test func suspendAndResume() throws {
    let tty = TestTerminal()
    let before = tty.flags
    let terminal = try #require(Terminal(descriptor: tty.slave))
    terminal.resume()
    #expect(tty.flags == before)
    try terminal.makeRaw()
    let raw = tty.flags
    terminal.suspend()
    #expect(tty.flags == before)
    terminal.resume()
    #expect(tty.flags == raw)
    terminal.restore()
    terminal.resume()
    #expect(tty.flags == before)
    close(tty.slave)
    close(tty.master)
  }

  @Test func theEndOfTheObjectRestores() throws {
    let tty = TestTerminal()
    let before = tty.flags
    do {
      let terminal = try #require(Terminal(descriptor: tty.slave))
      try terminal.makeRaw()
    }
    #expect(tty.flags == before)
    close(tty.slave)
    close(tty.master)
  }

  @Test func onlyATerminalIsOne() {
    let pipe = Pipe()
    #expect(Terminal(descriptor: pipe.read) == nil)
    #expect(Terminal(descriptor: .max) == nil)
    close(pipe.read)
    close(pipe.write)
  }

  @Test func theWindowHasASize() throws {
    let tty = TestTerminal()
    let terminal = try #require(Terminal(descriptor: tty.slave))
    #expect(terminal.windowSize == nil)
    #expect(swiftvm_set_window_size(tty.master, 132, 43) == 0)
    #expect(terminal.windowSize?.columns == 132 && terminal.windowSize?.rows == 43)
    close(tty.slave)
    close(tty.master)
  }
}

// MARK: Support

private enum ForkStatus: Equatable {
  case exited(Int32)
  case signalled(Int32)
}

/// Runs `body` in a fork of this process, and returns how that ended.
private func inFork(_ body: () -> Int32) -> ForkStatus {
  let child = fork()
  if child == 0 {
    swiftvm_disable_core_files()
    // Tests run on threads that block most signals; a program begins with none blocked.
    var none = sigset_t()
    // Sound: the pointers are valid for the calls.
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
    alarm(60)
    _exit(body())
  }
  var state: Int32 = 0
  while unsafe waitpid(child, &state, 0) == -1 && currentErrno() == EINTR {}
  return state & 0x7F == 0 ? .exited((state >> 8) & 0xFF) : .signalled(state & 0x7F)
}

/// Uses every kind of channel, three times. 0 when no descriptor is left and none survives exec.
private func useEverything() throws -> Int32 {
  let path = temporaryPath("leak.sock")
  let log = temporaryPath("leak.log")
  let (input, output, terminal) = (Pipe(), Pipe(), TestTerminal())
  // What the runtime opens for itself on first use is not ours.
  _ = UInt32.random(in: 0...1)
  let before = openDescriptors()
  for _ in 0..<3 {
    let loop = EventLoop()
    let signals = try SignalWatcher([.windowChange], loop: loop) { _ in }
    let pty = try PtyChannel(loop: loop)
    let socket = try UnixSocketChannel(path: path, loop: loop)
    let pipes = try StandardIOChannel(
      loop: loop, input: input.read, output: output.write, command: { _ in }, outputLost: { _ in })
    let console = try StandardIOChannel(
      loop: loop, input: terminal.slave, output: terminal.slave, command: { _ in }, outputLost: { _ in })
    let file = try FileChannel(path: log, outputLost: { _ in })
    let image = try ReadableFile(path: "/proc/self/exe", pipeLimit: 0)
    let channels: [any ByteChannel] = [pty, socket, pipes, console, file]
    let receiver = Collector()
    for channel in channels { channel.attach(receiver) }

    // Users of both kinds come and go, and a write has to wait.
    let slave = unsafe swiftvm_open(pty.path, O_RDWR | O_NOCTTY | O_CLOEXEC, 0)
    let client = CLinux.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard unsafe swiftvm_connect_unix(client, path) == 0 else { return 2 }
    writeAll(slave, [1])
    writeAll(client, [2])
    writeAll(input.write, [3])
    guard eventually({ receiver.count == 3 }) else { return 3 }
    let writer = try HostThread.start(name: "waits") { socket.write([UInt8](repeating: 0, count: 4 << 20)) }
    guard eventually({ swiftvm_readable_byte_count(client) > 1000 }) else { return 4 }

    for descriptor in openDescriptors().subtracting(before)
    where swiftvm_fcntl(descriptor, F_GETFD, 0) & FD_CLOEXEC == 0 {
      return 5
    }
    for channel in channels { channel.close() }
    writer.join()
    close(slave)
    close(client)
    signals.stop()
    loop.stop()
    guard image.byteCount > 0 else { return 6 }
  }
  unsafe unlink(log)
  return openDescriptors() == before ? 0 : 7
}

/// A program with a raw console, as `swiftvm` is: 42 when told to end, 43 when the user quits.
private func runJob(_ terminal: Int32) -> Int32 {
  alarm(60)
  let loop = EventLoop()
  let results = Recorder<Int32>()
  guard
    let watcher = try? SignalWatcher(loop: loop, handler: { if $0 == .terminate { results.add(42) } }),
    let console = try? StandardIOChannel(
      loop: loop, input: terminal, output: terminal,
      command: { if $0 == .quit { results.add(43) } }, outputLost: { _ in })
  else { return 1 }
  console.attach(Collector())
  while results.count == 0 { usleep(1000) }
  console.close()
  watcher.stop()
  loop.stop()
  return results.all[0]
}
