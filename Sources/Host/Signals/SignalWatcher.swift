import CLinux

/// Turns signals of the process into calls on the event loop.
///
/// Make it before any other thread starts: it blocks the signals in the calling thread, and threads
/// inherit that. Signals that were ignored when the process began (nohup) stay ignored. It also
/// puts raw terminals right when the user stops the process (SIGTSTP) and continues it (SIGCONT).
public final class SignalWatcher: Sendable {
  /// What ends a program, and a change of the window's size.
  public static let usualSignals: [Signal] = [.interrupt, .terminate, .hangUp, .quit, .windowChange]

  private let descriptor: SharedDescriptor
  private let registration: EventLoop.Registration

  /// Watches `signals`; `handler` runs on the loop's thread.
  ///
  /// - Throws: the failure to make a signalfd, or to start the loop.
  public init(
    _ signals: [Signal] = usualSignals, loop: EventLoop, handler: @escaping @Sendable (Signal) -> Void
  ) throws(SystemError) {
    var set = sigset_t()
    // Sound, all pointers below: they point to locals that outlive the calls.
    unsafe sigemptyset(&set)
    for signal in signals where swiftvm_signal_is_ignored(signal.rawValue) == 0 {
      unsafe sigaddset(&set, signal.rawValue)
    }
    unsafe sigaddset(&set, SIGTSTP)
    unsafe sigaddset(&set, SIGCONT)
    let raw = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    guard raw >= 0 else { throw .last("make a signal descriptor") }
    let descriptor = SharedDescriptor(OwnedDescriptor(takingOver: raw))
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    Signal.ignoreBrokenPipe()
    self.descriptor = descriptor
    let retry = ForegroundRetry(loop: loop)
    registration = try loop.add(descriptor.rawValue, .readable) { _ in
      while let signal = Self.next(from: descriptor) {
        switch signal.rawValue {
        case SIGTSTP:
          Self.stopProcess()
          // An orphaned process group is not stopped, and gets no SIGCONT.
          retry.resumeTerminals()
        case SIGCONT: retry.resumeTerminals()
        default: handler(signal)
        }
      }
    }
  }

  /// Watches no more. The signals stay blocked: what comes now is not delivered.
  public func stop() { registration.remove() }

  private static func next(from descriptor: SharedDescriptor) -> Signal? {
    var information = signalfd_siginfo()
    let size = MemoryLayout<signalfd_siginfo>.size
    // Sound: the local is as large as the size that is passed along.
    let count = retryingOnInterrupt { unsafe read(descriptor.rawValue, &information, size) }
    return count == size ? Signal(rawValue: Int32(truncatingIfNeeded: information.ssi_signo)) : nil
  }

  /// Stops the process as SIGTSTP does by default, with the terminal as the shell left it.
  private static func stopProcess() {
    Terminal.suspendAll()
    var set = sigset_t()
    // Sound: the pointers are valid for the calls. With SIGTSTP unblocked in this thread, its
    // default action stops the process inside raise(); it goes on here after SIGCONT, which the
    // watcher then reads too.
    unsafe sigemptyset(&set)
    unsafe sigaddset(&set, SIGTSTP)
    unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
    raise(SIGTSTP)
    unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
  }
}

/// Makes terminals raw again once the process is in the foreground.
///
/// The shell tells nobody when it brings a running background job to the foreground, so this asks
/// four times a second, and only while a terminal waits for that.
private final class ForegroundRetry: Sendable {
  private static let intervalNanoseconds: UInt64 = 250_000_000
  private let timer = Lock<EventLoop.Timer?>(nil)

  init(loop: EventLoop) {
    timer.withLock { timer in
      timer = loop.makeTimer { [weak self] in self?.resumeTerminals() }
    }
  }

  func resumeTerminals() {
    if Terminal.resumeAll() { return }
    timer.withLock { $0?.arm(at: HostClock.monotonicNanoseconds &+ Self.intervalNanoseconds) }
  }
}
