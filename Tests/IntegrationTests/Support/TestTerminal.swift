import CLinux
import Host

/// A pseudo-terminal of the system's making, with a thread that reads what appears on its screen.
final class TestTerminal: Sendable {
  let path: String
  private let master: Int32
  /// Held open, so that the terminal and its settings outlive the programs on it.
  private let slave: Int32
  private let screen = Monitor<[UInt8]>([])

  init() throws {
    struct NoTerminal: Error {}
    master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)
    guard master >= 0, grantpt(master) == 0, unlockpt(master) == 0 else { throw NoTerminal() }
    var buffer = [CChar](repeating: 0, count: 64)
    guard unsafe ptsname_r(master, &buffer, buffer.count) == 0 else { throw NoTerminal() }
    path = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    slave = unsafe swiftvm_open(path, O_RDWR | O_NOCTTY | O_CLOEXEC, 0)
    guard slave >= 0 else { throw NoTerminal() }
    let (master, screen) = (master, screen)
    _ = try HostThread.start(name: "test-screen") {
      var piece = [UInt8](repeating: 0, count: 65536)
      while true {
        let count = unsafe piece.withUnsafeMutableBytes { buffer in
          // Sound: the buffer is as large as the size that is passed along.
          unsafe CLinux.read(master, buffer.baseAddress, buffer.count)
        }
        if count < 0 && currentErrno() == EINTR { continue }
        if count <= 0 { break }
        screen.update { $0 += piece[..<count] }
      }
      close(master)
    }
  }

  deinit { close(slave) }

  /// Everything that appeared on the screen.
  var text: String { screen.read { String(decoding: $0, as: UTF8.self) } }
  var bytes: [UInt8] { screen.read { $0 } }

  /// Types.
  func type(_ bytes: [UInt8]) { RunningCommand.writeAll(bytes, to: master) }
  func type(_ text: String) { type(Array(text.utf8)) }

  /// Waits until `text` appears. False: it took too long.
  func waitFor(_ text: String, patience: Int = Command.patience) -> Bool {
    wait(patience) { String(decoding: $0, as: UTF8.self).contains(text) }
  }

  func wait(_ patience: Int = Command.patience, until condition: ([UInt8]) -> Bool) -> Bool {
    screen.wait(forAtMost: UInt64(patience) * 1_000_000_000) { condition($0) ? true : nil } ?? false
  }

  /// The settings that raw mode changes: input, output, control and local flags.
  var settings: [UInt32] {
    var state = termios()
    // Sound: the pointer is valid for the call.
    guard unsafe tcgetattr(slave, &state) == 0 else { return [] }
    return [state.c_iflag, state.c_oflag, state.c_cflag, state.c_lflag]
  }

  /// Whether keys arrive one by one and without an echo.
  var isRaw: Bool { settings.count == 4 && settings[3] & UInt32(ICANON | ECHO | ISIG) == 0 }
}
