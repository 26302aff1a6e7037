import CLinux
internal import Synchronization

/// The process's standard input and output.
///
/// Where the input is a terminal it is made raw, and Ctrl-A begins a command to the VMM
/// (`EscapeKeys`). At most 4 KiB are read ahead of the receiver, so these keys work while the guest
/// takes nothing, unless more than that was typed before them. Other input passes as it is, and
/// where it ends, input ends and nothing else. The descriptors keep their flags: other processes
/// share them.
public final class StandardIOChannel: ByteChannel {
  private let input: SharedDescriptor
  private let terminal: Terminal?
  private let sink: OutputSink
  private let pump: InputPump
  private let isAttached = Atomic(false)

  /// Uses `input` and `output`, which stay the caller's.
  ///
  /// - Parameters:
  ///   - command: a key for the VMM was pressed; called on the loop. The help is printed already.
  ///   - outputLost: called once, by the writing thread, when a write fails (the reader is gone,
  ///     the descriptor is closed); what is written later is dropped.
  /// - Throws: the failure to make the terminal raw.
  public init(
    loop: EventLoop, input: Int32 = 0, output: Int32 = 1,
    command: @escaping @Sendable (EscapeKeys.Command) -> Void,
    outputLost: @escaping @Sendable (SystemError) -> Void
  ) throws(SystemError) {
    Signal.ignoreBrokenPipe()
    self.input = Self.ownDescription(of: input)
    sink = OutputSink(DescriptorWriter(shared: output), lost: outputLost)
    terminal = Terminal(descriptor: input)
    guard let terminal else {
      pump = InputPump(loop: loop)
      return
    }
    pump = ConsoleInput(terminal: terminal, command: command).makePump(loop: loop)
    try terminal.makeRaw()
  }

  deinit { close() }

  /// Whether the input is a terminal, so that the keys for the VMM work.
  public var isInteractive: Bool { terminal != nil }

  /// The size of the terminal's window; nil where the input is no terminal, or does not know it.
  public var windowSize: Terminal.WindowSize? { terminal?.windowSize }

  /// Writes the bytes to the output; waits for a slow reader.
  public func write(_ bytes: RawSpan) { sink.write(bytes) }

  /// Sets who gets the input, which is read from the first call on.
  public func attach(_ receiver: any ByteReceiver) {
    pump.attach(receiver)
    if isAttached.exchange(true, ordering: .acquiringAndReleasing) { return }
    do throws(SystemError) {
      try pump.add(input)
    } catch {
      // A closed standard input is one without input. Others have no input either, but are told.
      if error.errno != EBADF { writeStandardError("swiftvm: no input for the guest: \(error)\n") }
    }
  }

  /// Offers the receiver what it had no room for.
  public func receiverHasRoom() { pump.receiverHasRoom() }

  /// Stops, ends a write that waits, and puts the terminal back.
  public func close() {
    pump.close()
    sink.close()
    terminal?.restore()
  }

  /// The same pipe or terminal with O_NONBLOCK, where /proc lets us open it once more: a read can
  /// then never stop the loop, even where another process takes the bytes first.
  private static func ownDescription(of rawValue: Int32) -> SharedDescriptor {
    if FileKind.of(descriptor: rawValue) == .pipe || isatty(rawValue) == 1,
      let own = try? OwnedDescriptor.open(
        "/proc/self/fd/\(rawValue)", flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
    {
      return SharedDescriptor(own)
    }
    return SharedDescriptor(borrowing: rawValue)
  }
}
