internal import Engine

/// The device accesses of the instruction under way.
///
/// An engine does not see devices: an access to one ends the instruction with an exit, and once the
/// run loop has had it answered the instruction is executed again from its start. What was answered
/// is remembered here in order, so that each access reaches its device once. Whoever makes part of an
/// instruction final (an iteration of a repeated string instruction) calls `forget`.
@safe
struct DeviceAccessLog: ~Copyable {
  private struct Answer {
    var address: UInt64
    var value: UInt64
  }

  private var answers: [Answer] = []
  private var position = 0
  /// The access that was reported last and whose answer is still in `buffer`.
  private var asked: (address: UInt64, width: UInt8, direction: AccessDirection)?
  /// Where the run loop finds and leaves the bytes of an access: one page.
  let buffer: UnsafeMutableRawPointer
  static let bufferByteCount = 4096

  init() {
    unsafe buffer = .allocate(byteCount: Self.bufferByteCount, alignment: 16)
    unsafe buffer.initializeMemory(as: UInt8.self, repeating: 0, count: Self.bufferByteCount)
  }

  deinit { unsafe buffer.deallocate() }

  /// Whether the instruction under way has begun to talk to devices: it must be finished before
  /// anything else happens to the vCPU.
  var isUnderWay: Bool { asked != nil || !answers.isEmpty }

  /// Begins an instruction, or begins it again.
  mutating func rewind() {
    position = 0
    if let access = asked {
      // Sound: at most 8 bytes of the buffer.
      let value = unsafe buffer.loadUnaligned(as: UInt64.self)
      answers.append(
        Answer(address: access.address, value: access.direction == .read ? value & mask(access.width) : 0))
      asked = nil
    }
  }

  /// The instruction, or part of it, is done.
  mutating func forget() {
    position = 0
    if !answers.isEmpty { answers.removeAll(keepingCapacity: true) }
  }

  /// The answer of the next access of the instruction; nil if it was not made yet.
  mutating func nextAnswer() -> UInt64? {
    guard position < answers.count else { return nil }
    defer { position += 1 }
    return answers[position].value
  }

  /// Puts an access that was not made yet into the buffer, for the run loop.
  mutating func ask(_ address: UInt64, width: UInt8, direction: AccessDirection, value: UInt64) -> ExitBuffer
  {
    asked = (address, width, direction)
    unsafe buffer.storeBytes(of: value, as: UInt64.self)
    // Sound: the buffer lives as long as the interpreter, and is left alone until it runs again.
    return unsafe ExitBuffer(base: buffer, byteCount: Int(width))
  }
}
