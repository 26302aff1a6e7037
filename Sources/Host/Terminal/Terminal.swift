import CLinux

/// A terminal, as the user of the process sees it: raw while a guest has it, and as it was before
/// on every way out.
///
/// Raw means that every key goes to the guest and every byte of the guest to the terminal, as
/// cfmakeraw(3) has it: no echo, no line editing, no signals from keys, no output processing.
/// The old state comes back with `restore()`, at exit(3), and before a fatal fault of the process
/// ends it. SIGTERM and the like are the business of `SignalWatcher`.
public final class Terminal: Sendable {
  /// The descriptor of the terminal.
  public let descriptor: Int32

  private struct State {
    /// Raw mode was asked for. It may have to wait until the process is in the foreground.
    var isRawWanted = false
    var record: TerminalRescue.Record?
  }
  private let state = Lock(State())

  /// All terminals that were made raw, for `suspendAll` and `resumeAll`.
  private static let known = Lock<[WeakTerminal]>([])
  private struct WeakTerminal: Sendable { weak let terminal: Terminal? }

  /// The terminal behind a descriptor, which stays the caller's; nil where it is none.
  public init?(descriptor: Int32) {
    guard isatty(descriptor) == 1 else { return nil }
    self.descriptor = descriptor
  }

  deinit { restore() }

  /// Makes the terminal raw; in a background job, once `resume()` finds it in the foreground.
  ///
  /// - Throws: the failure of tcgetattr or tcsetattr.
  public func makeRaw() throws(SystemError) {
    Self.known.withLock { known in
      known.removeAll { $0.terminal == nil || $0.terminal === self }
      known.append(WeakTerminal(terminal: self))
    }
    try state.withLock { state throws(SystemError) in
      state.isRawWanted = true
      try apply(&state)
    }
  }

  /// Puts the terminal back as it was before `makeRaw()`. Harmless when repeated.
  public func restore() {
    state.withLock { state in
      state.isRawWanted = false
      state.record?.restore()
    }
  }

  /// Whether the terminal is raw at this moment, by us.
  public var isRaw: Bool { state.withLock { $0.record?.isRaw ?? false } }

  /// Whether the process may read from the terminal: it is in its foreground process group, or the
  /// terminal is not the one that controls the process.
  public var isForeground: Bool { TerminalRescue.isForeground(descriptor) }

  /// Whether raw mode is wanted and the process is in the background.
  public var isWaitingForForeground: Bool { state.withLock { $0.isRawWanted } && !isForeground }

  /// Puts the terminal back for the time the process is stopped.
  public func suspend() { state.withLock { $0.record?.restore() } }

  /// Makes the terminal raw again after `suspend()`, or after another program had it, if raw mode
  /// is wanted and the process is in the foreground.
  public func resume() { state.withLock { try? apply(&$0) } }

  /// `suspend()` for every terminal that was made raw.
  public static func suspendAll() { for terminal in all { terminal.suspend() } }

  /// `resume()` for every terminal that was made raw. False: one has to wait for the foreground.
  @discardableResult
  public static func resumeAll() -> Bool {
    var isDone = true
    for terminal in all {
      terminal.resume()
      if terminal.isWaitingForForeground { isDone = false }
    }
    return isDone
  }

  private static var all: [Terminal] { known.withLock { $0.compactMap(\.terminal) } }

  /// The size of the window, in characters.
  public struct WindowSize: Sendable, Equatable {
    /// Characters in a line.
    public var columns: Int
    /// Lines.
    public var rows: Int
  }

  /// The size of the window; nil where the terminal does not know it.
  public var windowSize: WindowSize? {
    var size = winsize()
    // Sound: the pointer is valid for the call.
    guard unsafe swiftvm_window_size(descriptor, &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return nil
    }
    return WindowSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  private func apply(_ state: inout State) throws(SystemError) {
    guard state.isRawWanted, isForeground else { return }
    let record: TerminalRescue.Record
    if let known = state.record {
      record = known
    } else {
      // The state to come back to is read once, in the foreground: in the background the terminal
      // has the state of whoever has it.
      record = try TerminalRescue.Record(descriptor: descriptor)
      state.record = record
    }
    var raw = record.saved
    // Sound: the pointers are valid for the calls.
    unsafe cfmakeraw(&raw)
    // Marked first: a fault between the two lines must restore.
    record.markRaw()
    guard retryingOnInterrupt({ unsafe tcsetattr(descriptor, TCSANOW, &raw) }) == 0 else {
      let error = SystemError.last("make the terminal raw")
      record.restore()
      throw error
    }
  }
}
