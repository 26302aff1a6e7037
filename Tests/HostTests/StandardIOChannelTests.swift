import CLinux
import Host
import Testing

@Suite struct StandardIOChannelTests {
  /// A descriptor that nobody has, however many the process opens: tests run side by side.
  private let neverOpen = Int32.max

  private func channel(
    _ loop: EventLoop, input: Int32, output: Int32, commands: Recorder<EscapeKeys.Command> = Recorder(),
    losses: Recorder<SystemError> = Recorder()
  ) throws -> StandardIOChannel {
    try StandardIOChannel(
      loop: loop, input: input, output: output, command: { commands.add($0) }, outputLost: { losses.add($0) })
  }

  /// A write can be in a system call that does not return, as on a disk that does not answer. Here it is an
  /// event counter that is full.
  @Test func closingDoesNotWaitForAWriteThatDoesNotReturn() throws {
    let loop = EventLoop()
    defer { loop.stop() }
    let (pipe, counter) = (Pipe(), eventfd(0, 0))
    defer { for descriptor in [pipe.read, pipe.write, counter] { close(descriptor) } }
    #expect(eventfd_write(counter, .max - 1) == 0)
    let channel = try channel(loop, input: pipe.read, output: counter)
    let one: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    let numbers = Recorder<Int32>()
    let writer = try HostThread.start(name: "writer") {
      numbers.add(currentThreadID())
      channel.write(one)
    }
    #expect(eventually { numbers.all.first.map(isInWrite) ?? false })
    channel.close()
    let isInside = isInWrite(numbers.all[0])
    #expect(isInside)
    var value: eventfd_t = 0
    #expect(unsafe eventfd_read(counter, &value) == 0)
    writer.join()
    #expect(unsafe eventfd_read(counter, &value) == 0)
    #expect(value == 1, "the write was carried out")
    channel.write(one)
    var request = pollfd(fd: counter, events: Int16(POLLIN), revents: 0)
    // Sound: one element, as the count says.
    #expect(unsafe poll(&request, 1, 0) == 0, "the channel is closed")
  }

  // MARK: Input that is no terminal

  @Test func aPipePassesEveryByteAndItsEndIsHarmless() throws {
    let loop = EventLoop()
    let (input, output) = (Pipe(), Pipe())
    let commands = Recorder<EscapeKeys.Command>()
    let channel = try channel(loop, input: input.read, output: output.write, commands: commands)
    #expect(!channel.isInteractive)
    let receiver = Collector()
    channel.attach(receiver)
    let bytes = (0..<512).map { UInt8($0 & 0xFF) } + [1, 0x78, 1, 1]
    writeAll(input.write, bytes)
    close(input.write)
    #expect(eventually { receiver.count == bytes.count })
    #expect(receiver.bytes == bytes)
    #expect(commands.all.isEmpty)
    // Output goes on after the end of the input.
    channel.write("still here")
    #expect(readBytes(output.read, 10) == Array("still here".utf8))
    channel.close()
    loop.stop()
    for descriptor in [input.read, output.read, output.write] { close(descriptor) }
  }

  @Test(arguments: [0, 1, 4095, 4096, 4097, 100_000])
  func aRegularFileIsReadToItsEnd(byteCount: Int) throws {
    let path = temporaryPath("input")
    defer { unsafe unlink(path) }
    let file = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT)
    let content = pattern(byteCount)
    writeAll(file.rawValue, content)
    lseek(file.rawValue, 0, SEEK_SET)
    let loop = EventLoop()
    let channel = try channel(loop, input: file.rawValue, output: STDERR_FILENO)
    let receiver = Collector()
    channel.attach(receiver)
    #expect(eventually { receiver.count == byteCount })
    channel.close()
    loop.stop()
    #expect(same(receiver.bytes, content))
  }

  @Test func devNullIsInputWithoutBytes() throws {
    let null = try OwnedDescriptor.open("/dev/null", flags: O_RDONLY)
    let loop = EventLoop()
    let channel = try channel(loop, input: null.rawValue, output: STDERR_FILENO)
    let receiver = Collector()
    channel.attach(receiver)
    let rounds = Recorder<Int>()
    loop.perform { loop.perform { loop.perform { rounds.add(1) } } }
    #expect(eventually { rounds.count == 1 })
    channel.close()
    loop.stop()
    #expect(receiver.bytes.isEmpty)
  }

  @Test func anEndlessDeviceLeavesTheLoopItsTurn() throws {
    let zero = try OwnedDescriptor.open("/dev/zero", flags: O_RDONLY)
    let loop = EventLoop()
    let channel = try channel(loop, input: zero.rawValue, output: STDERR_FILENO)
    let receiver = Collector(room: 1_000_000)
    channel.attach(receiver)
    let rounds = Recorder<Int>()
    for _ in 0..<10 { loop.perform { rounds.add(1) } }
    #expect(eventually { rounds.count == 10 && receiver.count == 1_000_000 })
    channel.close()
    loop.stop()
    #expect(receiver.count == 1_000_000)
  }

  @Test func aPasteOf100KiBLosesNothing() throws {
    let loop = EventLoop()
    let input = Pipe()
    let channel = try channel(loop, input: input.read, output: STDERR_FILENO)
    let content = pattern(100 * 1024)
    // Like a UART's FIFO: room for 16 bytes, and again once the guest has read them.
    let receiver = Collector(room: 16)
    channel.attach(receiver)
    let writer = try HostThread.start(name: "paste") { writeAll(input.write, content) }
    var granted = 16
    while granted <= content.count {
      guard eventually({ receiver.count == granted }) else { break }
      granted += 16
      receiver.grant(16)
      channel.receiverHasRoom()
    }
    writer.join()
    #expect(eventually { receiver.count == content.count })
    #expect(same(receiver.bytes, content))
    #expect(receiver.largestOffer <= 4096)
    channel.close()
    loop.stop()
    close(input.read)
    close(input.write)
  }

  @Test func theHostIsReadNoFasterThanTheReceiverTakes() throws {
    let loop = EventLoop()
    let input = Pipe()
    let channel = try channel(loop, input: input.read, output: STDERR_FILENO)
    writeAll(input.write, pattern(20_000))
    let receiver = Collector(room: 0)
    channel.attach(receiver)
    // What is not in the pipe any more is in the channel: 4 KiB and no more.
    #expect(eventually { swiftvm_readable_byte_count(input.read) == 20_000 - 4096 })
    let rounds = Recorder<Int>()
    loop.perform { loop.perform { loop.perform { rounds.add(1) } } }
    #expect(eventually { rounds.count == 1 })
    #expect(swiftvm_readable_byte_count(input.read) == 20_000 - 4096)
    receiver.grant(.max)
    channel.receiverHasRoom()
    #expect(eventually { receiver.count == 20_000 })
    #expect(same(receiver.bytes, pattern(20_000)))
    channel.close()
    loop.stop()
    close(input.read)
    close(input.write)
  }

  @Test func aReceiverThatLiesAboutItsCountIsHarmless() throws {
    final class Liar: ByteReceiver {
      let answers: [Int]
      let seen = Recorder<Int>()
      init(_ answers: [Int]) { self.answers = answers }
      func receive(_ bytes: RawSpan) -> Int {
        seen.add(bytes.byteCount)
        return answers[min(seen.count - 1, answers.count - 1)]
      }
    }
    let loop = EventLoop()
    let input = Pipe()
    let channel = try channel(loop, input: input.read, output: STDERR_FILENO)
    let receiver = Liar([-5, .max])
    writeAll(input.write, [1, 2, 3])
    channel.attach(receiver)
    #expect(eventually { receiver.seen.count == 1 })
    #expect(
      eventually {
        channel.receiverHasRoom()
        return receiver.seen.count >= 2
      })
    channel.close()
    loop.stop()
    #expect(receiver.seen.all.prefix(2) == [3, 3])
    close(input.read)
    close(input.write)
  }

  @Test func aClosedInputIsNoInput() throws {
    let loop = EventLoop()
    let output = Pipe()
    let channel = try channel(loop, input: neverOpen, output: output.write)
    let receiver = Collector()
    channel.attach(receiver)
    channel.receiverHasRoom()
    channel.write("x")
    #expect(readBytes(output.read, 1) == [0x78])
    channel.close()
    loop.stop()
    #expect(receiver.bytes.isEmpty)
    close(output.read)
    close(output.write)
  }

  // MARK: Output

  @Test func aSlowReaderLosesNothing() throws {
    let loop = EventLoop()
    let output = Pipe()
    let losses = Recorder<SystemError>()
    let channel = try channel(loop, input: neverOpen, output: output.write, losses: losses)
    let content = pattern(1 << 20)
    let writer = try HostThread.start(name: "guest") {
      var position = 0
      while position < content.count {
        let end = min(position + 777, content.count)
        channel.write(Array(content[position..<end]))
        position = end
      }
    }
    var received: [UInt8] = []
    while received.count < content.count {
      let piece = readBytes(output.read, min(3000, content.count - received.count))
      if piece.isEmpty { break }
      received += piece
    }
    writer.join()
    #expect(same(received, content))
    #expect(losses.all.isEmpty)
    channel.close()
    loop.stop()
    close(output.read)
    close(output.write)
  }

  @Test(arguments: [true, false])
  func closeEndsAWriteThatWaits(isSocket: Bool) throws {
    var ends: [Int32] = [0, 0]
    if isSocket {
      #expect(unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    } else {
      let pipe = Pipe()
      ends = [pipe.read, pipe.write]
    }
    let loop = EventLoop()
    let channel = try channel(loop, input: neverOpen, output: ends[1])
    let progress = Recorder<String>()
    let writer = try HostThread.start(name: "guest") {
      progress.add("begin")
      // More than any buffer of the kernel holds, and nobody reads.
      channel.write([UInt8](repeating: 0x55, count: 16 << 20))
      progress.add("end")
    }
    #expect(eventually { progress.count == 1 && isFull(ends[1]) })
    #expect(progress.all == ["begin"])
    channel.close()
    writer.join()
    #expect(progress.all == ["begin", "end"])
    channel.write("dropped")
    channel.close()
    loop.stop()
    for end in ends { close(end) }
  }

  @Test func writesOfSeveralThreadsDoNotInterleave() throws {
    let loop = EventLoop()
    let output = Pipe()
    let channel = try channel(loop, input: neverOpen, output: output.write)
    let threads = try (0..<4).map { thread in
      try HostThread.start(name: "writer") {
        for _ in 0..<20 { channel.write([UInt8](repeating: UInt8(thread), count: 10_000)) }
      }
    }
    let received = readBytes(output.read, 4 * 20 * 10_000)
    for thread in threads { thread.join() }
    var index = 0
    while index < received.count {
      let block = received[index..<min(index + 10_000, received.count)]
      #expect(block.allSatisfy { $0 == block.first! } && block.count == 10_000)
      index += 10_000
    }
    channel.close()
    loop.stop()
    close(output.read)
    close(output.write)
  }

  @Test func aClosedReaderIsReportedOnce() throws {
    let loop = EventLoop()
    let output = Pipe()
    let losses = Recorder<SystemError>()
    let channel = try channel(loop, input: neverOpen, output: output.write, losses: losses)
    close(output.read)
    for _ in 0..<3 { channel.write("nobody reads this") }
    #expect(losses.all.map(\.errno) == [EPIPE])
    channel.close()
    loop.stop()
    close(output.write)
  }

  @Test func aClosedOutputIsReportedOnce() throws {
    let loop = EventLoop()
    let losses = Recorder<SystemError>()
    let channel = try channel(loop, input: neverOpen, output: neverOpen, losses: losses)
    for _ in 0..<3 { channel.write("x") }
    #expect(losses.all.map(\.errno) == [EBADF])
    channel.close()
    loop.stop()
  }

  @Test func aFullDeviceIsReportedOnce() throws {
    let full = try OwnedDescriptor.open("/dev/full", flags: O_WRONLY)
    let loop = EventLoop()
    let losses = Recorder<SystemError>()
    let channel = try channel(loop, input: neverOpen, output: full.rawValue, losses: losses)
    for _ in 0..<3 { channel.write("x") }
    #expect(losses.all.map(\.errno) == [ENOSPC])
    channel.close()
    loop.stop()
  }

  @Test func theFlagsOfSharedDescriptorsAreLeftAlone() throws {
    let loop = EventLoop()
    let (input, output, terminal) = (Pipe(), Pipe(), TestTerminal())
    for (read, write) in [(input.read, output.write), (terminal.slave, terminal.slave)] {
      let before = [swiftvm_fcntl(read, F_GETFL, 0), swiftvm_fcntl(write, F_GETFL, 0)]
      let channel = try channel(loop, input: read, output: write)
      channel.attach(Collector())
      channel.write("x")
      #expect([swiftvm_fcntl(read, F_GETFL, 0), swiftvm_fcntl(write, F_GETFL, 0)] == before)
      channel.close()
      #expect([swiftvm_fcntl(read, F_GETFL, 0), swiftvm_fcntl(write, F_GETFL, 0)] == before)
    }
    loop.stop()
    for descriptor in [input.read, input.write, output.read, output.write, terminal.master, terminal.slave] {
      close(descriptor)
    }
  }

  // MARK: A terminal

  @Test func aTerminalIsRawUntilClose() throws {
    let loop = EventLoop()
    let terminal = TestTerminal()
    let before = terminal.flags
    let channel = try channel(loop, input: terminal.slave, output: terminal.slave)
    #expect(channel.isInteractive)
    // cfmakeraw is the oracle.
    var raw = termios()
    #expect(unsafe tcgetattr(terminal.slave, &raw) == 0)
    var expected = raw
    unsafe cfmakeraw(&expected)
    #expect(raw.c_lflag == expected.c_lflag && raw.c_iflag == expected.c_iflag)
    #expect(raw.c_oflag == expected.c_oflag && terminal.flags != before)
    channel.close()
    #expect(terminal.flags == before)
    channel.close()
    #expect(terminal.flags == before)
    loop.stop()
    close(terminal.master)
    close(terminal.slave)
  }

  @Test func keysGoToTheGuestOrToTheVMM() throws {
    let loop = EventLoop()
    let terminal = TestTerminal()
    let commands = Recorder<EscapeKeys.Command>()
    let channel = try channel(loop, input: terminal.slave, output: terminal.slave, commands: commands)
    let receiver = Collector()
    channel.attach(receiver)
    // Ctrl-C, Ctrl-Z, Ctrl-S and return are keys like any other; the escape is split.
    writeAll(terminal.master, [0x03, 0x1A, 0x13, 0x11, 0x0D, 0x1C, 0x04, 0x01])
    #expect(eventually { receiver.count == 7 })
    writeAll(terminal.master, [0x63])
    #expect(eventually { commands.count == 1 })
    writeAll(terminal.master, [0x01, 0x01, 0x41, 0x01, 0x78])
    #expect(eventually { commands.count == 2 })
    #expect(eventually { receiver.count == 9 })
    #expect(receiver.bytes == [0x03, 0x1A, 0x13, 0x11, 0x0D, 0x1C, 0x04, 0x01, 0x41])
    #expect(commands.all == [.toggleMonitor, .quit])
    // Output is as the guest wrote it: no return is added.
    channel.write("a\nb\r\n")
    #expect(readBytes(terminal.master, 5) == Array("a\nb\r\n".utf8))
    channel.close()
    loop.stop()
    close(terminal.master)
    close(terminal.slave)
  }

  @Test func quitWorksWhileTheGuestTakesNothing() throws {
    let loop = EventLoop()
    let terminal = TestTerminal()
    let commands = Recorder<EscapeKeys.Command>()
    let channel = try channel(loop, input: terminal.slave, output: terminal.slave, commands: commands)
    channel.attach(Collector(room: 0))
    writeAll(terminal.master, Array("some keys".utf8) + [0x01, 0x78])
    #expect(eventually { commands.all == [.quit] })
    channel.close()
    loop.stop()
    close(terminal.master)
    close(terminal.slave)
  }

  @Test func aPasteIntoATerminalLosesNothing() throws {
    let loop = EventLoop()
    let terminal = TestTerminal()
    let channel = try channel(loop, input: terminal.slave, output: terminal.slave)
    let content = pattern(100 * 1024).map { $0 == 1 ? 2 : $0 }
    let receiver = Collector(room: 16)
    channel.attach(receiver)
    let writer = try HostThread.start(name: "paste") { writeAll(terminal.master, content) }
    var granted = 16
    while granted <= content.count {
      guard eventually({ receiver.count == granted }) else { break }
      granted += 16
      receiver.grant(16)
      channel.receiverHasRoom()
    }
    #expect(eventually { receiver.count == content.count })
    #expect(same(receiver.bytes, content))
    channel.close()
    close(terminal.slave)
    close(terminal.master)
    writer.join()
    loop.stop()
  }

  @Test func aTerminalThatHangsUpEndsTheInput() throws {
    let loop = EventLoop()
    let terminal = TestTerminal()
    let losses = Recorder<SystemError>()
    let channel = try channel(loop, input: terminal.slave, output: terminal.slave, losses: losses)
    let receiver = Collector()
    channel.attach(receiver)
    writeAll(terminal.master, [0x61])
    #expect(eventually { receiver.count == 1 })
    close(terminal.master)
    #expect(
      eventually {
        channel.write("x")
        return losses.count == 1
      })
    #expect(losses.all.map(\.errno) == [EIO])
    channel.close()
    loop.stop()
    close(terminal.slave)
  }
}

/// Whether a write would have to wait.
private func isFull(_ descriptor: Int32) -> Bool {
  var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  // Sound: one element, as the count says.
  return unsafe poll(&request, 1, 0) == 0
}

/// Whether a thread of this process sleeps in write(2) (proc(5), `syscall`).
private func isInWrite(_ thread: Int32) -> Bool {
  let file = unsafe swiftvm_open("/proc/self/task/\(thread)/syscall", O_RDONLY, 0)
  defer { close(file) }
  return String(decoding: readBytes(file, 64), as: UTF8.self).hasPrefix("1 ")
}
