import CLinux

/// Output to a file; there is never any input.
public final class FileChannel: ByteChannel {
  private let sink: OutputSink

  /// Creates the file, or empties the one that is there. A device such as /dev/null, or a named pipe
  /// that somebody reads, will do as well.
  ///
  /// - Parameter outputLost: called once, by the writing thread, when a write fails (the disk is
  ///   full); what is written later is dropped.
  /// - Throws: the failure to open the file.
  public init(
    path: String, outputLost: @escaping @Sendable (SystemError) -> Void
  ) throws(SystemError) {
    Signal.ignoreBrokenPipe()
    let file: OwnedDescriptor
    do throws(SystemError) {
      // O_NONBLOCK: opening a named pipe that nobody reads fails, rather than waits without end.
      file = try .open(path, flags: O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_NONBLOCK, mode: 0o644)
    } catch {
      var error = error
      error.operation = "open \(path) for output"
      switch error.errno {
      case EISDIR: error.advice = "give the path of a file, not of a directory"
      case ENXIO: error.advice = "start the reader of the pipe first; a socket cannot be opened as a file"
      case ENOENT: error.advice = "make its directory first"
      default: break
      }
      throw error
    }
    sink = OutputSink(DescriptorWriter(nonblocking: SharedDescriptor(file)), lost: outputLost)
  }

  /// Appends the bytes to the file.
  public func write(_ bytes: RawSpan) { sink.write(bytes) }
  /// Has nothing for the receiver.
  public func attach(_ receiver: any ByteReceiver) {}
  /// Has nothing for the receiver.
  public func receiverHasRoom() {}
  /// Closes the file.
  public func close() { sink.close() }
}
