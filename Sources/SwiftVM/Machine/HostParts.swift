internal import Devices
internal import Engine
internal import Host

/// What a machine has on the host, from its first start to its end, across resets: the event loop,
/// the console, the signals.
final class HostParts: Sendable {
  let loop = EventLoop()
  private struct State {
    var channel = WatchedChannel(NullChannel())
    var consoleName: String?
    var signals: SignalWatcher?
  }
  private let state = Lock(State())

  /// Where COM1 and the debug console lead. Set by `open`.
  var channel: WatchedChannel { state.withLock { $0.channel } }

  /// The pty's or the socket's name.
  var consoleName: String? { state.withLock(\.consoleName) }

  /// Opens the console and begins to watch for signals.
  func open(
    _ configuration: VirtualMachine.Configuration, machine: VirtualMachine
  ) throws(StartError) {
    do throws(SystemError) {
      if configuration.endsOnSignals {
        // Before any other thread starts: threads inherit which signals are blocked.
        let watcher = try SignalWatcher(
          [.interrupt, .terminate, .hangUp, .quit, .powerFailure], loop: loop
        ) { [weak machine] signal in
          if signal == .powerFailure {
            machine?.pressPowerButton()
          } else {
            machine?.stop(.signal(signal.rawValue))
          }
        }
        state.withLock { $0.signals = watcher }
      }
      let (channel, name) = try makeChannel(configuration.console, machine: machine)
      state.withLock { state in
        state.channel = WatchedChannel(channel)
        state.consoleName = name
      }
    } catch {
      throw .host("\(error)")
    }
  }

  private func makeChannel(
    _ console: VirtualMachine.Configuration.Console, machine: VirtualMachine
  ) throws(SystemError) -> (any ByteChannel, String?) {
    let outputLost: @Sendable (SystemError) -> Void = { [weak machine] error in machine?.outputLost(error) }
    switch console {
    case .standardIO:
      let channel = try StandardIOChannel(
        loop: loop, command: { [weak machine] key in machine?.answer(key) }, outputLost: outputLost)
      return (channel, nil)
    case .file(let path): return (try FileChannel(path: path, outputLost: outputLost), nil)
    case .pty:
      let channel = try PtyChannel(loop: loop)
      return (channel, channel.path)
    case .unixSocket(let path): return (try UnixSocketChannel(path: path, loop: loop), path)
    case .none: return (NullChannel(), nil)
    case .channel(let channel): return (channel, nil)
    }
  }

  /// Gives everything back: the terminal in its old state, sockets and signals.
  func close() {
    channel.close()
    state.withLock { $0.signals = nil }
  }
}

/// The host's clocks and the event loop's timers, as devices want them.
final class HostDeviceClock: DeviceClock {
  private let loop: EventLoop

  init(loop: EventLoop) { self.loop = loop }

  var monotonicNanoseconds: UInt64 { HostClock.monotonicNanoseconds }
  var wallClockNanoseconds: Int64 { HostClock.wallClockNanoseconds }
  func makeTimer(_ handler: @escaping @Sendable () -> Void) -> any DeviceTimer {
    HostDeviceTimer(timer: loop.makeTimer(handler))
  }
}

/// One timer of the event loop.
private final class HostDeviceTimer: DeviceTimer {
  private let timer: EventLoop.Timer

  init(timer: EventLoop.Timer) { self.timer = timer }

  func arm(at monotonicNanoseconds: UInt64) { timer.arm(at: monotonicNanoseconds) }
  func cancel() { timer.cancel() }
}
