import CLinux

/// A signal's number (signal(7)).
public struct Signal: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  /// The number.
  public let rawValue: Int32
  /// The signal with this number.
  public init(rawValue: Int32) { self.rawValue = rawValue }

  /// SIGHUP: the terminal is gone.
  public static let hangUp = Signal(rawValue: SIGHUP)
  /// SIGINT: Ctrl-C on a terminal that is not raw.
  public static let interrupt = Signal(rawValue: SIGINT)
  /// SIGQUIT: Ctrl-\ on a terminal that is not raw.
  public static let quit = Signal(rawValue: SIGQUIT)
  /// SIGTERM: the polite request to end.
  public static let terminate = Signal(rawValue: SIGTERM)
  /// SIGPWR: the power fails. Containers are asked by it to shut down.
  public static let powerFailure = Signal(rawValue: SIGPWR)
  /// SIGWINCH: the terminal's window has another size.
  public static let windowChange = Signal(rawValue: SIGWINCH)

  /// "SIGTERM"; the number for signals without a name.
  public var description: String {
    // Sound: sigabbrev_np returns a static string or null.
    guard let name = unsafe sigabbrev_np(rawValue) else { return "signal \(rawValue)" }
    return unsafe "SIG" + String(cString: name)
  }

  /// Ignores SIGPIPE in the whole process, unless somebody installed a handler: to write to a closed
  /// pipe is then an error (EPIPE) like any other.
  public static func ignoreBrokenPipe() { _ = brokenPipeIsIgnored }

  private static let brokenPipeIsIgnored: Bool = swiftvm_ignore_signal_if_default(SIGPIPE) == 0
}
