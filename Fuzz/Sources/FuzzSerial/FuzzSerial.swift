import Devices
import Engine
import Host
import Synchronization

/// Drives a serial port with the accesses that the input spells, from the guest's side and the
/// host's, and holds the port to its promises after each:
/// - the interrupt line is what the interrupt identification register says, and is never set to the
///   level it had;
/// - no more input is taken than the FIFO has room for, and all that was taken comes out in order
///   unless it was flushed or overrun;
/// - what reaches the host is what was written outside loopback.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  // Sound: libFuzzer lends `count` bytes for the time of the call.
  let input = unsafe Array(UnsafeBufferPointer(start: bytes, count: count))
  var driver = SerialDriver()
  driver.run(input)
  return 0
}

/// Remembers the line's level.
private final class Controller: InterruptController {
  private let current = Atomic<Bool>(false)
  var level: Bool { current.load(ordering: .relaxed) }
  func setLine(_ gsi: UInt32, level: Bool) {
    precondition(gsi == 4, "The port drove a line that is not its own.")
    let before = current.exchange(level, ordering: .relaxed)
    precondition(before != level, "The line was set to the level it had.")
  }
  func signal(_ message: MSIMessage) { fatalError("A serial port has no messages to signal.") }
}

/// Keeps what is written; offers again, in the middle of the guest's read, what was not taken.
private final class Channel: ByteChannel {
  private struct State {
    var output: [UInt8] = []
    var receiver: (any ByteReceiver)?
    var waiting: [UInt8] = []
    var taken = 0
  }
  private let state = Mutex(State())

  var output: [UInt8] { state.withLock { $0.output } }
  var taken: Int { state.withLock { $0.taken } }

  func write(_ bytes: RawSpan) {
    state.withLock { state in
      for index in 0..<bytes.byteCount {
        // Sound: a UInt8 has no invalid bit patterns, and unsafeLoad checks the bounds.
        unsafe state.output.append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
      }
    }
  }

  func attach(_ receiver: any ByteReceiver) { state.withLock { $0.receiver = receiver } }
  func close() {}
  func receiverHasRoom() { offer() }

  func send(_ bytes: [UInt8]) {
    state.withLock { $0.waiting += bytes }
    offer()
  }

  private func offer() {
    let (receiver, waiting) = state.withLock { ($0.receiver, $0.waiting) }
    guard let receiver, !waiting.isEmpty else { return }
    // Sound: a UInt8 has no padding.
    let taken = unsafe receiver.receive(waiting.span.bytes)
    precondition(taken >= 0 && taken <= min(16, waiting.count), "More was taken than there is room for.")
    state.withLock { state in
      state.waiting.removeFirst(taken)
      state.taken += taken
    }
  }
}

private struct SerialDriver {
  private let controller = Controller()
  private let channel = Channel()
  private let port: SerialPort
  private var written: [UInt8] = []
  /// Characters that the guest has read while the data-ready bit was set.
  private var read = 0
  /// Breaks and looped characters: they come out of the receiver, but not from the channel.
  private var added = 0

  init() {
    port = SerialPort(channel: channel, interrupt: InterruptLine(controller: controller, gsi: 4))
  }

  mutating func run(_ input: [UInt8]) {
    var input = input[...]
    while let operation = input.popFirst() {
      perform(operation, &input)
      check()
    }
    precondition(channel.output == written, "The output is not what was written.")
    precondition(read <= channel.taken + added, "Characters came from nowhere.")
  }

  private mutating func perform(_ operation: UInt8, _ input: inout ArraySlice<UInt8>) {
    let offset = UInt64(operation & 7)
    switch operation >> 3 & 7 {
    case 0, 1, 2:
      write(input.popFirst() ?? 0, to: offset)
    case 3:
      let bytes = Array(input.prefix(Int(operation >> 6) * 7))
      input.removeFirst(bytes.count)
      if offset == 0 { noteData(bytes) }
      // Sound: a UInt8 has no padding.
      unsafe port.write(string: bytes.span.bytes, offset: offset, width: .byte)
    case 4, 5:
      readRegister(offset)
    case 6:
      let bytes = Array(input.prefix(Int(operation >> 6) * 9 + Int(offset)))
      input.removeFirst(bytes.count)
      channel.send(bytes)
    default:
      if offset == 0 {
        added += 1
        port.receiveBreak()
      } else {
        port.setModemLines(SerialModemLines(rawValue: (input.popFirst() ?? 0) & 0xf0))
      }
    }
  }

  private mutating func write(_ value: UInt8, to offset: UInt64) {
    if offset == 0 { noteData([value]) }
    port.write(UInt64(value), offset: offset, width: .byte)
  }

  /// Predicts where bytes for register 0 go: to the divisor latch, round the loop, or out.
  private mutating func noteData(_ bytes: [UInt8]) {
    if get(3) & 0x80 != 0 { return }
    if get(4) & 0x10 != 0 { added += bytes.count } else { written += bytes }
  }

  private mutating func readRegister(_ offset: UInt64) {
    if offset == 0, get(3) & 0x80 == 0, get(5) & 0x01 != 0 { read += 1 }
    _ = get(offset)
  }

  private func get(_ offset: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: port.read(offset: offset, width: .byte))
  }

  private func check() {
    let level = controller.level
    let cause = get(2)
    precondition(level == (cause & 1 == 0), "The line is not what the cause register says.")
    precondition([0, 1, 2, 4, 6, 12].contains(cause & 0x0f), "There is no such cause.")
    precondition(cause & 0x30 == 0 && cause >> 6 != 1 && cause >> 6 != 2, "There is no such FIFO.")
    // Transmission takes no time.
    precondition(get(5) & 0x60 == 0x60, "The transmitter is busy without anything to send.")
  }
}
