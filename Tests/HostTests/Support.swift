import CLinux
import Host

/// Waits for something that another thread or the kernel brings about. The limit is no measure of
/// speed: it only ends a test that would hang.
func eventually(_ condition: () -> Bool) -> Bool {
  for attempt in 0..<31_000 {
    if condition() { return true }
    if attempt < 1000 { sched_yield() } else { usleep(1000) }
  }
  return condition()
}

/// A receiver that takes at most `chunk` bytes whenever it is offered some, and only while it is open.
final class Collector: ByteReceiver {
  private struct State {
    var bytes: [UInt8] = []
    var room: Int
    var largestOffer = 0
  }
  private let state: Lock<State>

  init(room: Int = .max) { state = Lock(State(room: room)) }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var text: String { String(decoding: bytes, as: UTF8.self) }
  var count: Int { state.withLock { $0.bytes.count } }
  var largestOffer: Int { state.withLock { $0.largestOffer } }

  /// Has room for this many more bytes.
  func grant(_ room: Int) { state.withLock { $0.room = room } }

  func receive(_ bytes: RawSpan) -> Int {
    state.withLock { state in
      let count = min(bytes.byteCount, state.room)
      state.largestOffer = max(state.largestOffer, bytes.byteCount)
      for index in 0..<count {
        // Sound: the index is checked.
        state.bytes.append(unsafe bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
      }
      if state.room != .max { state.room -= count }
      return count
    }
  }
}

extension ByteChannel {
  func write(_ bytes: [UInt8]) {
    // Sound: bytes have no padding.
    unsafe write(bytes.span.bytes)
  }
  func write(_ text: String) { write(Array(text.utf8)) }
}

/// Whether two long arrays are the same; `#expect(a == b)` would print both.
func same(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
  left.elementsEqual(right)
}

/// A count or a list that handlers on other threads add to.
final class Recorder<Element: Sendable>: Sendable {
  private let state = Lock<[Element]>([])
  func add(_ element: Element) { state.withLock { $0.append(element) } }
  var all: [Element] { state.withLock { $0 } }
  var count: Int { state.withLock { $0.count } }
}

/// Bytes in which each position can be told from its neighbours.
func pattern(_ count: Int) -> [UInt8] {
  var value: UInt32 = 1
  return (0..<count).map { _ in
    value = value &* 1_664_525 &+ 1_013_904_223
    return UInt8(value >> 24)
  }
}

struct Pipe {
  let read: Int32
  let write: Int32

  init() {
    var ends: [Int32] = [0, 0]
    precondition(unsafe pipe(&ends) == 0)
    read = ends[0]
    write = ends[1]
  }
}

/// A pseudo-terminal of the C library's making: an oracle for what a terminal is.
struct TestTerminal {
  let master: Int32
  let slave: Int32

  init() {
    master = posix_openpt(O_RDWR | O_NOCTTY)
    precondition(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0)
    slave = unsafe swiftvm_open(ptsname(master), O_RDWR | O_NOCTTY, 0)
    precondition(slave >= 0)
  }

  /// The flags of the terminal that raw mode changes.
  var flags: [UInt32] {
    var state = termios()
    precondition(unsafe tcgetattr(master, &state) == 0)
    return [state.c_iflag, state.c_oflag, state.c_cflag, state.c_lflag]
  }
}

@discardableResult
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
  var done = 0
  while done < bytes.count {
    let count = unsafe bytes.withUnsafeBytes {
      unsafe write(descriptor, $0.baseAddress! + done, $0.count - done)
    }
    if count < 0 && currentErrno() == EINTR { continue }
    if count <= 0 { return false }
    done += count
  }
  return true
}

/// Reads until there are `count` bytes, or the end.
func readBytes(_ descriptor: Int32, _ count: Int) -> [UInt8] {
  var result: [UInt8] = []
  while result.count < count {
    var piece = [UInt8](repeating: 0, count: min(4096, count - result.count))
    let got = unsafe piece.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    if got < 0 && currentErrno() == EINTR { continue }
    if got <= 0 { break }
    result += piece[..<got]
  }
  return result
}

func temporaryPath(_ name: String) -> String {
  let directory = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
  return "\(directory)/swiftvm-host-tests-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(name)"
}

/// The open descriptors of the process.
func openDescriptors() -> Set<Int32> {
  var result: Set<Int32> = []
  for descriptor in Int32(0)..<1024 where swiftvm_fcntl(descriptor, F_GETFD, 0) >= 0 {
    result.insert(descriptor)
  }
  return result
}
