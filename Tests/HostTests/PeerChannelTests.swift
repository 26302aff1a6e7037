import CLinux
import Host
import Testing

/// The channels whose other end comes and goes.
@Suite struct PtyChannelTests {
  private func open(_ channel: PtyChannel) -> Int32 {
    unsafe swiftvm_open(channel.path, O_RDWR | O_NOCTTY, 0)
  }

  @Test func bytesGoBothWaysUnchanged() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    let receiver = Collector()
    channel.attach(receiver)
    let slave = open(channel)
    #expect(slave >= 0)
    let bytes = (0...255).map { UInt8($0) }
    writeAll(slave, bytes)
    #expect(eventually { receiver.count == 256 })
    #expect(receiver.bytes == bytes)
    channel.write(bytes)
    #expect(readBytes(slave, 256) == bytes)
    // Nothing was echoed.
    #expect(receiver.count == 256)
    channel.close()
    loop.stop()
    close(slave)
  }

  @Test func theOtherEndBeginsRaw() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    let slave = open(channel)
    var state = termios()
    #expect(unsafe tcgetattr(slave, &state) == 0)
    var expected = state
    unsafe cfmakeraw(&expected)
    #expect(state.c_lflag == expected.c_lflag && state.c_oflag == expected.c_oflag)
    #expect(state.c_iflag == expected.c_iflag)
    channel.close()
    loop.stop()
    close(slave)
  }

  @Test func outputIsKeptForWhoComesLate() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    channel.write("Booting")
    channel.write(" ...\r\n")
    let slave = open(channel)
    #expect(readBytes(slave, 13) == Array("Booting ...\r\n".utf8))
    channel.write("login:")
    #expect(readBytes(slave, 6) == Array("login:".utf8))
    channel.close()
    loop.stop()
    close(slave)
  }

  @Test func theNewest64KiBAreKept() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    let content = pattern(300_000)
    var position = 0
    while position < content.count {
      let end = min(position + 999, content.count)
      channel.write(Array(content[position..<end]))
      position = end
    }
    let slave = open(channel)
    #expect(same(readBytes(slave, 65536), Array(content.suffix(65536))))
    channel.write("!")
    #expect(readBytes(slave, 1) == [0x21])
    channel.close()
    loop.stop()
    close(slave)
  }

  @Test func hangUpAndReopen() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    let receiver = Collector()
    channel.attach(receiver)
    for round in 0..<20 {
      let slave = open(channel)
      let marker = "in\(round);"
      writeAll(slave, Array(marker.utf8))
      #expect(eventually { receiver.text.hasSuffix(marker) })
      channel.write("out\(round);")
      let out = Array("out\(round);".utf8)
      // What was written between two users comes first.
      let expected = round == 0 ? out : Array("idle\(round - 1);".utf8) + out
      #expect(readBytes(slave, expected.count) == expected)
      close(slave)
      channel.write("idle\(round);")
    }
    channel.close()
    loop.stop()
    #expect(receiver.text == (0..<20).map { "in\($0);" }.joined())
  }

  @Test func inputThatWaitsOutlivesItsSender() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    let receiver = Collector(room: 0)
    channel.attach(receiver)
    let slave = open(channel)
    let content = pattern(3000)
    writeAll(slave, content)
    close(slave)
    receiver.grant(.max)
    #expect(
      eventually {
        channel.receiverHasRoom()
        return receiver.count == content.count
      })
    #expect(same(receiver.bytes, content))
    channel.close()
    loop.stop()
  }

  @Test func closeEndsAWriteThatWaits() throws {
    let loop = EventLoop()
    let channel = try PtyChannel(loop: loop)
    let slave = open(channel)
    let progress = Recorder<Int>()
    channel.write("x")
    #expect(readBytes(slave, 1) == [0x78])
    let writer = try HostThread.start(name: "guest") {
      channel.write([UInt8](repeating: 0, count: 8 << 20))
      progress.add(1)
    }
    #expect(eventually { swiftvm_readable_byte_count(slave) > 1000 })
    #expect(progress.count == 0)
    channel.close()
    writer.join()
    #expect(progress.count == 1)
    loop.stop()
    close(slave)
  }

  /// When the last holder of a master closes it, Linux throws away what the other end has not read.
  @Test func lastWordsReachAReaderWhoIsLate() throws {
    let loop = EventLoop()
    let progress = Recorder<Int>()
    let content = pattern(3000)
    /// The other end; the thread that hangs up is then the only one to hold the channel.
    func writeAndHangUp() throws -> Int32 {
      let channel = try PtyChannel(loop: loop)
      let slave = open(channel)
      channel.write("x")
      #expect(readBytes(slave, 1) == [0x78])
      channel.write(content)
      _ = try HostThread.start(name: "hang-up") {
        progress.add(1)
        channel.close()
      }
      return slave
    }
    let slave = try writeAndHangUp()
    #expect(eventually { progress.count == 1 })
    // Late by what a busy host makes of it: nothing depends on how long this is.
    _ = poll(nil, 0, 50)
    #expect(same(readBytes(slave, content.count), content))
    loop.stop()
    close(slave)
  }
}

@Suite struct UnixSocketChannelTests {
  private func connect(_ path: String) -> Int32 {
    let client = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #expect(unsafe swiftvm_connect_unix(client, path) == 0)
    return client
  }

  @Test func clientsComeOneAfterTheOther() throws {
    let loop = EventLoop()
    let path = temporaryPath("serial.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let receiver = Collector()
    channel.attach(receiver)
    channel.write("early ")
    for round in 0..<10 {
      let client = connect(path)
      if round == 0 { #expect(readBytes(client, 6) == Array("early ".utf8)) }
      writeAll(client, Array("in\(round);".utf8))
      #expect(eventually { receiver.text.hasSuffix("in\(round);") })
      channel.write("out\(round);")
      #expect(readBytes(client, 5) == Array("out\(round);".utf8))
      close(client)
    }
    channel.close()
    loop.stop()
    #expect(receiver.text == (0..<10).map { "in\($0);" }.joined())
    #expect(unsafe access(path, F_OK) == -1)
  }

  @Test func aSecondClientWaitsForTheFirst() throws {
    let loop = EventLoop()
    let path = temporaryPath("wait.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let receiver = Collector()
    channel.attach(receiver)
    let first = connect(path)
    writeAll(first, [1])
    #expect(eventually { receiver.count == 1 })
    let second = connect(path)
    writeAll(second, [2])
    channel.write("for the first")
    #expect(readBytes(first, 13) == Array("for the first".utf8))
    #expect(receiver.bytes == [1])
    writeAll(first, [3])
    #expect(eventually { receiver.count == 2 })
    close(first)
    #expect(eventually { receiver.count == 3 })
    #expect(receiver.bytes == [1, 3, 2])
    channel.write("for the second")
    #expect(readBytes(second, 14) == Array("for the second".utf8))
    channel.close()
    // The client sees the end.
    #expect(readBytes(second, 1).isEmpty)
    loop.stop()
    close(second)
  }

  @Test func aClientThatOnlyStopsWritingGetsItsAnswer() throws {
    let loop = EventLoop()
    let path = temporaryPath("half.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let receiver = Collector()
    channel.attach(receiver)
    let client = connect(path)
    writeAll(client, Array("question".utf8))
    shutdown(client, Int32(SHUT_WR))
    #expect(eventually { receiver.text == "question" })
    channel.write("answer")
    #expect(readBytes(client, 6) == Array("answer".utf8))
    close(client)
    let next = connect(path)
    writeAll(next, Array("!".utf8))
    #expect(eventually { receiver.text == "question!" })
    channel.close()
    loop.stop()
    close(next)
  }

  @Test func inputOfAClientThatLeftIsReadInItsTurn() throws {
    let loop = EventLoop()
    let path = temporaryPath("queue.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let receiver = Collector(room: 0)
    channel.attach(receiver)
    let contents = (0..<3).map { round in pattern(50_000).map { $0 &+ UInt8(round) } }
    for content in contents {
      let client = connect(path)
      writeAll(client, content)
      close(client)
    }
    // All three have come and gone while the guest took nothing.
    let last = connect(path)
    channel.write("hello")
    #expect(readBytes(last, 5) == Array("hello".utf8))
    receiver.grant(.max)
    #expect(
      eventually {
        channel.receiverHasRoom()
        return receiver.count == 150_000
      })
    #expect(same(receiver.bytes, contents.flatMap { $0 }))
    channel.close()
    loop.stop()
    close(last)
  }

  @Test func aSlowClientLosesNothing() throws {
    let loop = EventLoop()
    let path = temporaryPath("slow.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    // More than the socket's buffer takes at once is kept from before the client came.
    let backlog = pattern(65536)
    channel.write(backlog)
    let client = connect(path)
    var received = readBytes(client, 1)
    let content = pattern(2_000_000)
    let writer = try HostThread.start(name: "guest") { channel.write(content) }
    while received.count < backlog.count + content.count {
      let piece = readBytes(client, min(5000, backlog.count + content.count - received.count))
      if piece.isEmpty { break }
      received += piece
    }
    writer.join()
    #expect(same(received, backlog + content))
    channel.close()
    loop.stop()
    close(client)
  }

  @Test func aClientThatLeavesDuringAWriteDoesNotStopTheGuest() throws {
    let loop = EventLoop()
    let path = temporaryPath("leave.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let client = connect(path)
    channel.write("x")
    #expect(readBytes(client, 1) == [0x78])
    let content = pattern(4 << 20)
    let writer = try HostThread.start(name: "guest") { channel.write(content) }
    #expect(eventually { swiftvm_readable_byte_count(client) > 1000 })
    close(client)
    writer.join()
    // The next client gets the newest of what the first did not.
    let next = connect(path)
    #expect(same(readBytes(next, 65536), Array(content.suffix(65536))))
    channel.close()
    loop.stop()
    close(next)
  }

  @Test func theSocketIsItsOwnersOnly() throws {
    let loop = EventLoop()
    let path = temporaryPath("mode.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    var information = stat()
    #expect(unsafe stat(path, &information) == 0)
    #expect(information.st_mode & 0o777 == 0o600)
    channel.close()
    loop.stop()
  }

  // MARK: Paths

  @Test func aPathThatIsTooLongIsAClearError() {
    for count in [108, 200, 5000] {
      let path = "/tmp/" + String(repeating: "x", count: count - 5)
      let loop = EventLoop()
      let error = #expect(throws: SystemError.self) { _ = try UnixSocketChannel(path: path, loop: loop) }
      #expect(error?.errno == ENAMETOOLONG && error?.description.contains("107") == true)
    }
    let error = #expect(throws: SystemError.self) { _ = try UnixSocketChannel(path: "", loop: EventLoop()) }
    #expect(error?.errno == EINVAL)
  }

  @Test func aPathOf107BytesWorks() throws {
    let directory = temporaryPath("d")
    let path = directory + String(repeating: "y", count: 107 - directory.utf8.count)
    #expect(path.utf8.count == 107)
    let loop = EventLoop()
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let client = connect(path)
    channel.close()
    loop.stop()
    close(client)
    #expect(unsafe access(path, F_OK) == -1)
  }

  @Test func aStaleSocketIsReplaced() throws {
    let path = temporaryPath("stale.sock")
    let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #expect(unsafe swiftvm_bind_unix(stale, path) == 0)
    close(stale)
    let loop = EventLoop()
    let channel = try UnixSocketChannel(path: path, loop: loop)
    let client = connect(path)
    channel.write("new")
    #expect(readBytes(client, 3) == Array("new".utf8))
    channel.close()
    loop.stop()
    close(client)
  }

  @Test func aSocketInUseIsLeftAlone() throws {
    let loop = EventLoop()
    let path = temporaryPath("used.sock")
    let first = try UnixSocketChannel(path: path, loop: loop)
    let error = #expect(throws: SystemError.self) { _ = try UnixSocketChannel(path: path, loop: loop) }
    #expect(error?.errno == EADDRINUSE)
    let client = connect(path)
    first.write("mine")
    #expect(eventually { swiftvm_readable_byte_count(client) == 4 })
    first.close()
    loop.stop()
    close(client)
  }

  @Test func aFileThatIsNoSocketIsLeftAlone() throws {
    let path = temporaryPath("file")
    defer { unsafe unlink(path) }
    let file = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT)
    writeAll(file.rawValue, [1, 2, 3])
    let error = #expect(throws: SystemError.self) {
      _ = try UnixSocketChannel(path: path, loop: EventLoop())
    }
    #expect(error?.errno == EEXIST)
    #expect(unsafe access(path, F_OK) == 0)
    let directory = #expect(throws: SystemError.self) {
      _ = try UnixSocketChannel(path: "/tmp", loop: EventLoop())
    }
    #expect(directory?.errno == EEXIST)
  }

  @Test func aDirectoryThatDoesNotExistIsTheSystemsError() {
    let error = #expect(throws: SystemError.self) {
      _ = try UnixSocketChannel(path: "/no/such/directory/socket", loop: EventLoop())
    }
    #expect(error?.errno == ENOENT)
  }

  @Test func closeLeavesAnothersSocketAlone() throws {
    let loop = EventLoop()
    let path = temporaryPath("replaced.sock")
    let channel = try UnixSocketChannel(path: path, loop: loop)
    // Somebody else took the path meanwhile.
    unsafe unlink(path)
    let other = try UnixSocketChannel(path: path, loop: loop)
    channel.close()
    #expect(unsafe access(path, F_OK) == 0)
    other.close()
    #expect(unsafe access(path, F_OK) == -1)
    loop.stop()
  }
}
