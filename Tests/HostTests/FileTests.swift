import CLinux
import Host
import Testing

@Suite struct FileChannelTests {
  private func contents(_ path: String) -> [UInt8] {
    let file = unsafe swiftvm_open(path, O_RDONLY, 0)
    defer { close(file) }
    return readBytes(file, 10_000_000)
  }

  @Test func outputReplacesWhatWasThere() throws {
    let path = temporaryPath("log")
    defer { unsafe unlink(path) }
    for text in ["a first run, longer than the second", "the second"] {
      let channel = try FileChannel(path: path, outputLost: { Issue.record("\($0)") })
      channel.attach(Collector())
      channel.receiverHasRoom()
      for piece in text.utf8 { channel.write([piece]) }
      channel.close()
      channel.write("dropped")
      channel.close()
      #expect(contents(path) == Array(text.utf8))
    }
  }

  @Test(arguments: [
    ("/tmp", EISDIR), ("/no/such/directory/log", ENOENT), ("", ENOENT), ("/tmp/", EISDIR),
  ])
  func whatCannotBeOpenedIsAnError(path: String, number: Int32) {
    let error = #expect(throws: SystemError.self) { _ = try FileChannel(path: path, outputLost: { _ in }) }
    #expect(error?.errno == number)
    #expect(error?.description.contains("for output") == true)
  }

  @Test func aNamedPipeWithoutAReaderIsAnErrorAndNoWait() throws {
    let path = temporaryPath("fifo")
    defer { unsafe unlink(path) }
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let error = #expect(throws: SystemError.self) { _ = try FileChannel(path: path, outputLost: { _ in }) }
    #expect(error?.errno == ENXIO)
    let reader = try OwnedDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
    let channel = try FileChannel(path: path, outputLost: { _ in })
    channel.write("piped")
    #expect(readBytes(reader.rawValue, 5) == Array("piped".utf8))
    channel.close()
  }

  @Test func aFullDiskIsReportedOnce() throws {
    let losses = Recorder<SystemError>()
    let channel = try FileChannel(path: "/dev/full", outputLost: { losses.add($0) })
    for _ in 0..<3 { channel.write("x") }
    #expect(losses.all.map(\.errno) == [ENOSPC])
    channel.close()
  }

  @Test func theNullChannelTakesEverything() {
    let channel = NullChannel()
    let receiver = Collector()
    channel.attach(receiver)
    channel.write("gone")
    channel.receiverHasRoom()
    channel.close()
    #expect(receiver.bytes.isEmpty)
  }
}

@Suite struct ReadableFileTests {
  private func make(_ content: [UInt8]) throws -> String {
    let path = temporaryPath("image")
    let file = try OwnedDescriptor.open(path, flags: O_RDWR | O_CREAT)
    writeAll(file.rawValue, content)
    return path
  }

  @Test func aRegularFileIsReadAtAnyPosition() throws {
    let content = pattern(200_000)
    let path = try make(content)
    defer { unsafe unlink(path) }
    let file = try ReadableFile(path: path, pipeLimit: 0)
    #expect(file.byteCount == 200_000 && file.path == path)
    #expect(try same(file.readBytes(count: 200_000), content))
    #expect(try file.readBytes(at: 199_999, count: 1) == [content[199_999]])
    #expect(try same(file.readBytes(at: 100, count: 1000), Array(content[100..<1100])))
    #expect(try file.readBytes(at: 200_000, count: 0).isEmpty)
    var buffer = [UInt8](repeating: 0, count: 10)
    try unsafe buffer.withUnsafeMutableBytes { try unsafe file.read(at: 5, into: $0) }
    #expect(buffer == Array(content[5..<15]))
  }

  @Test(arguments: [
    (0 as UInt64, 101), (100, 1), (101, 0), (.max, 1), (.max, 0), (1, .max), (0, -1), (50, 51),
  ])
  func whatDoesNotLieInTheFileIsAnError(offset: UInt64, count: Int) throws {
    let path = try make(pattern(100))
    defer { unsafe unlink(path) }
    let file = try ReadableFile(path: path, pipeLimit: 0)
    let error = #expect(throws: FileError.self) { _ = try file.readBytes(at: offset, count: count) }
    #expect(error == .outOfBounds(path: path, offset: offset, count: count, byteCount: 100))
  }

  @Test func anEmptyFileIsAFile() throws {
    let path = try make([])
    defer { unsafe unlink(path) }
    let file = try ReadableFile(path: path, pipeLimit: 0)
    #expect(file.byteCount == 0)
    #expect(try file.readBytes(count: 0).isEmpty)
  }

  @Test(arguments: ["/", "/dev/zero", "/dev/null", "/proc/self"])
  func directoriesAndDevicesAreRefused(path: String) {
    let error = #expect(throws: FileError.self) { _ = try ReadableFile(path: path, pipeLimit: 100) }
    guard case .notAFile(path, let kind) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description == "\(path) is \(kind); give the path of a file")
  }

  @Test func theSystemsErrorsNameTheFile() throws {
    let error = #expect(throws: FileError.self) { _ = try ReadableFile(path: "/no/such/image", pipeLimit: 0) }
    guard case .system(_, let system) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(system.errno == ENOENT)
    #expect(error?.description == "open /no/such/image: No such file or directory (ENOENT); check the path")
    let long = #expect(throws: FileError.self) {
      _ = try ReadableFile(path: "/" + String(repeating: "x", count: 5000), pipeLimit: 0)
    }
    guard case .system(_, let tooLong) = long else {
      Issue.record("\(String(describing: long))")
      return
    }
    #expect(tooLong.errno == ENAMETOOLONG)
  }

  @Test func aFileThatShrinksIsAnError() throws {
    let path = try make(pattern(10_000))
    defer { unsafe unlink(path) }
    let file = try ReadableFile(path: path, pipeLimit: 0)
    #expect(unsafe truncate(path, 5000) == 0)
    #expect(try same(file.readBytes(at: 0, count: 5000), Array(pattern(10_000)[..<5000])))
    let error = #expect(throws: FileError.self) { _ = try file.readBytes(at: 4000, count: 2000) }
    #expect(error == .changed(path: path, byteCount: 10_000))
  }

  @Test func whatAPipeDeliversIsKept() throws {
    let pipe = Pipe()
    let content = pattern(300_000)
    let writer = try HostThread.start(name: "writer") {
      writeAll(pipe.write, content)
      close(pipe.write)
    }
    // What a shell passes for <(command).
    let file = try ReadableFile(path: "/proc/self/fd/\(pipe.read)", pipeLimit: 300_000)
    writer.join()
    #expect(file.byteCount == 300_000)
    #expect(try same(file.readBytes(count: 300_000), content))
    #expect(try file.readBytes(at: 299_999, count: 1) == [content[299_999]])
    #expect(throws: FileError.self) { _ = try file.readBytes(at: 299_999, count: 2) }
    close(pipe.read)
  }

  @Test func aPipeThatDeliversTooMuchIsRefused() throws {
    let path = temporaryPath("fifo")
    defer { unsafe unlink(path) }
    #expect(unsafe mkfifo(path, 0o600) == 0)
    let writer = try HostThread.start(name: "writer") {
      let pipe = unsafe swiftvm_open(path, O_WRONLY, 0)
      // Without an end, as /dev/zero: until the reader gives up.
      let zeros = [UInt8](repeating: 0, count: 4096)
      while writeAll(pipe, zeros) {}
      close(pipe)
    }
    let error = #expect(throws: FileError.self) { _ = try ReadableFile(path: path, pipeLimit: 100_000) }
    #expect(error == .tooLarge(path: path, limit: 100_000))
    writer.join()
  }

  @Test func anEmptyPipeIsEmpty() throws {
    let pipe = Pipe()
    close(pipe.write)
    let file = try ReadableFile(path: "/proc/self/fd/\(pipe.read)", pipeLimit: 10)
    #expect(file.byteCount == 0)
    close(pipe.read)
  }
}
