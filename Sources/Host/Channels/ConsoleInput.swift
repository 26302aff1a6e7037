/// What is special about input from a terminal: some keys are for the VMM, and a background job must
/// not read.
final class ConsoleInput: Sendable {
  private static let retryNanoseconds: UInt64 = 250_000_000

  private struct Waiting {
    var timer: EventLoop.Timer?
    weak var pump: InputPump?
  }

  private let terminal: Terminal
  private let command: @Sendable (EscapeKeys.Command) -> Void
  private let keys = Lock(EscapeKeys())
  private let waiting = Lock(Waiting())

  init(terminal: Terminal, command: @escaping @Sendable (EscapeKeys.Command) -> Void) {
    self.terminal = terminal
    self.command = command
  }

  /// The pump that reads the terminal through the keys.
  func makePump(loop: EventLoop) -> InputPump {
    let pump = InputPump(loop: loop, mayRead: { self.mayRead() }, filter: { self.filter($0) })
    let timer = loop.makeTimer { [weak self] in self?.retry() }
    waiting.withLock { waiting in
      waiting.pump = pump
      waiting.timer = timer
    }
    // Started in the background: raw mode waits as well.
    if !terminal.isForeground { scheduleRetry() }
    return pump
  }

  private func filter(_ byte: UInt8) -> UInt8? {
    switch keys.withLock({ $0.take(byte) }) {
    case .pass(let byte): return byte
    case .swallow: return nil
    case .command(let command):
      if command == .help { writeStandardError(EscapeKeys.help) }
      self.command(command)
      return nil
    }
  }

  /// A read in the background would stop the process, or fail with EIO. The guest goes on instead,
  /// and its input waits until the job is in the foreground again, which nobody announces.
  private func mayRead() -> Bool {
    if terminal.isForeground { return true }
    scheduleRetry()
    return false
  }

  private func retry() {
    guard terminal.isForeground else { return scheduleRetry() }
    terminal.resume()
    waiting.withLock { $0.pump }?.resume()
  }

  private func scheduleRetry() {
    waiting.withLock { waiting in
      waiting.timer?.arm(at: HostClock.monotonicNanoseconds &+ Self.retryNanoseconds)
    }
  }
}
