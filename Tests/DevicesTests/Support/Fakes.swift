@testable import Devices
import Engine
import Host

/// Records the changes of each line, and whether anybody set a line to the level it had.
final class FakeController: InterruptController {
  struct State {
    var levels: [UInt32: Bool] = [:]
    var risingEdges: [UInt32: Int] = [:]
    var redundantSets = 0
  }
  let state = Lock(State())

  func setLine(_ gsi: UInt32, level: Bool) {
    state.withLock { state in
      if state.levels[gsi, default: false] == level { state.redundantSets += 1 }
      if level { state.risingEdges[gsi, default: 0] += 1 }
      state.levels[gsi] = level
    }
  }

  func signal(_ message: MSIMessage) {}

  func level(_ gsi: UInt32) -> Bool { state.withLock { $0.levels[gsi, default: false] } }
  func risingEdges(_ gsi: UInt32) -> Int { state.withLock { $0.risingEdges[gsi, default: 0] } }
  var redundantSets: Int { state.withLock { $0.redundantSets } }
}

/// Records why the machine was asked to stop.
final class FakeMachine: MachineControl {
  private let list = Lock<[StopReason]>([])
  func requestStop(_ reason: StopReason) { list.withLock { $0.append(reason) } }
  var reasons: [StopReason] { list.withLock { $0 } }
}

/// Records what is written, and keeps a supply of input that it offers as far as it is taken.
final class FakeChannel: ByteChannel {
  struct State {
    var writes: [[UInt8]] = []
    var receiver: (any ByteReceiver)?
    var input: [UInt8] = []
    var roomCalls = 0
    var duringWrite: (@Sendable () -> Void)?
  }
  let state = Lock(State())

  func write(_ bytes: RawSpan) {
    let copy = [UInt8](bytes)
    let hook = state.withLock { state in
      state.writes.append(copy)
      return state.duringWrite
    }
    hook?()
  }

  func attach(_ receiver: any ByteReceiver) { state.withLock { $0.receiver = receiver } }

  /// Offers more input in the guest's own call, as the nastiest channel could.
  func receiverHasRoom() {
    state.withLock { $0.roomCalls += 1 }
    offerInput()
  }

  func close() {}

  func offerInput() {
    let (receiver, input) = state.withLock { ($0.receiver, $0.input) }
    guard let receiver, !input.isEmpty else { return }
    let taken = unsafe receiver.receive(input.span.bytes)
    state.withLock { $0.input.removeFirst(taken) }
  }

  /// Adds input and offers it.
  func send(_ bytes: [UInt8]) {
    state.withLock { $0.input += bytes }
    offerInput()
  }

  var output: [UInt8] { state.withLock { $0.writes.flatMap(\.self) } }
  var writes: [[UInt8]] { state.withLock { $0.writes } }
  var waitingInput: Int { state.withLock { $0.input.count } }
  var roomCalls: Int { state.withLock { $0.roomCalls } }
}

/// A clock that goes on when it is told to.
final class FakeClock: DeviceClock {
  final class Timer: DeviceTimer {
    struct State {
      var deadline: UInt64?
      var armCount = 0
    }
    let state = Lock(State())
    let handler: @Sendable () -> Void
    init(_ handler: @escaping @Sendable () -> Void) { self.handler = handler }
    func arm(at monotonicNanoseconds: UInt64) {
      state.withLock { state in
        state.deadline = monotonicNanoseconds
        state.armCount += 1
      }
    }
    func cancel() { state.withLock { $0.deadline = nil } }
  }
  struct State {
    var monotonic: UInt64 = 5_000_000_123
    var wall: Int64
    var timers: [Timer] = []
  }
  private let state: Lock<State>

  init(wall: Int64) { state = Lock(State(wall: wall)) }

  var monotonicNanoseconds: UInt64 { state.withLock { $0.monotonic } }
  var wallClockNanoseconds: Int64 { state.withLock { $0.wall } }

  func makeTimer(_ handler: @escaping @Sendable () -> Void) -> any DeviceTimer {
    let timer = Timer(handler)
    state.withLock { $0.timers.append(timer) }
    return timer
  }

  /// The earliest deadline armed.
  var deadline: UInt64? {
    state.withLock { $0.timers }.compactMap { $0.state.withLock { $0.deadline } }.min()
  }
  var armCount: Int { state.withLock { $0.timers }.reduce(0) { $0 + $1.state.withLock { $0.armCount } } }

  /// Lets time pass, firing timers at their moments.
  func advance(_ nanoseconds: Int64) {
    let end = monotonicNanoseconds + UInt64(nanoseconds)
    while let next = deadline, next <= end {
      let due = state.withLock { $0.timers }.filter { $0.state.withLock { $0.deadline } == next }
      move(to: max(next, monotonicNanoseconds))
      for timer in due {
        timer.cancel()
        timer.handler()
      }
    }
    move(to: end)
  }

  /// Sets the host's clock without time passing, as its administrator can.
  func step(wallBy nanoseconds: Int64) { state.withLock { $0.wall &+= nanoseconds } }

  private func move(to moment: UInt64) {
    state.withLock { state in
      state.wall += Int64(moment - state.monotonic)
      state.monotonic = moment
    }
  }
}

extension [UInt8] {
  /// A copy of the bytes of `span`.
  init(_ span: RawSpan) {
    // Sound: a UInt8 has no invalid bit patterns, and unsafeLoad checks the bounds.
    self = (0..<span.byteCount).map { unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
  }
}

extension IODevice {
  func read8(_ offset: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: read(offset: offset, width: .byte)) }
  func write8(_ offset: UInt64, _ value: UInt8) { write(UInt64(value), offset: offset, width: .byte) }
  func writeString(_ bytes: [UInt8], offset: UInt64 = 0, width: AccessWidth = .byte) {
    unsafe write(string: bytes.span.bytes, offset: offset, width: width)
  }
}

extension Bus {
  /// Performs an access on a copy of `bytes` and returns them after it.
  func access(
    port: UInt16, width: UInt8, _ direction: AccessDirection, count: UInt32 = 1, _ bytes: [UInt8]
  ) -> [UInt8] {
    var bytes = bytes
    unsafe bytes.withUnsafeMutableBytes {
      // Sound: the array outlives the call.
      let data = unsafe ExitBuffer(base: $0.baseAddress!, byteCount: $0.count)
      var cursor = primedCursor(at: UInt64(port))
      perform(
        PortAccess(port: port, width: width, direction: direction, count: count, data: data), at: &cursor)
      collect(&cursor)
    }
    return bytes
  }

  /// For every second address a cursor that points to its slot already, so that both the first access
  /// of a vCPU and those that follow are tested.
  private func primedCursor(at address: UInt64) -> BusCursor {
    var cursor = BusCursor()
    if address % 2 == 0, let slot = slots.first(where: { $0.first <= address && address <= $0.last }) {
      cursor.move(to: slot)
    }
    return cursor
  }

  func access(address: UInt64, width: UInt8, _ direction: AccessDirection, _ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    unsafe bytes.withUnsafeMutableBytes {
      // Sound: the array outlives the call.
      let data = unsafe ExitBuffer(base: $0.baseAddress!, byteCount: $0.count)
      var cursor = primedCursor(at: address)
      perform(MMIOAccess(address: address, width: width, direction: direction, data: data), at: &cursor)
      collect(&cursor)
    }
    return bytes
  }
}

/// A small generator (SplitMix64) with a seed, so that a failure comes back.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }
}
