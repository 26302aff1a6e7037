internal import Engine

/// The device accesses of the instruction under way.
///
/// An engine does not see devices: an access to one ends the instruction with an exit, and once the
/// run loop has had it answered the instruction is executed again from its start. What was answered
/// is remembered here in order, so that each access reaches its device once. Whoever makes part of an
/// instruction final (an iteration of a repeated string instruction) calls `forget`.
///
/// A class, and one that every instruction asks whether there is anything to do: so that the question is a
/// load and a branch, without a check for exclusive access.
@safe
final class DeviceAccessLog {
  private struct Answer {
    var address: UInt64
    var value: UInt64
  }

  private var answers: [Answer] = []
  private var position = 0
  /// The access that was reported last and whose answer is still in `buffer`.
  private var asked: (address: UInt64, width: UInt8, direction: AccessDirection)?
  /// Items of a repeated INS or OUTS that were reported last: the whole buffer is theirs.
  private var askedItems: UInt32 = 0
  /// The same, once they were answered.
  private var answeredItems: UInt32 = 0
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
  private(set) var isUnderWay = false

  /// Whether a device has answered already, or was written to, in the instruction under way.
  var hasAnswers: Bool { !answers.isEmpty || answeredItems != 0 }

  /// Begins an instruction, or begins it again.
  @inline(__always)
  func rewind() { if isUnderWay { takeAnswer() } }

  @inline(never)
  private func takeAnswer() {
    position = 0
    if askedItems != 0 {
      answeredItems = askedItems
      askedItems = 0
    }
    if let access = asked {
      // Sound: at most 8 bytes of the buffer.
      let value = unsafe buffer.loadUnaligned(as: UInt64.self)
      answers.append(
        Answer(address: access.address, value: access.direction == .read ? value & mask(access.width) : 0))
      asked = nil
    }
  }

  /// The instruction, or part of it, is done.
  @inline(__always)
  func forget() { if isUnderWay { forgetAll() } }

  @inline(never)
  private func forgetAll() {
    isUnderWay = false
    position = 0
    asked = nil
    (askedItems, answeredItems) = (0, 0)
    answers.removeAll(keepingCapacity: true)
  }

  /// Puts the answer where the run loop would have left it.
  func answer(_ value: UInt64) { unsafe buffer.storeBytes(of: value, as: UInt64.self) }

  /// The answer of the next access of the instruction; nil if it was not made yet.
  func nextAnswer() -> UInt64? {
    guard position < answers.count else { return nil }
    defer { position += 1 }
    return answers[position].value
  }

  /// Puts an access that was not made yet into the buffer, for the run loop.
  func ask(_ address: UInt64, width: UInt8, direction: AccessDirection, value: UInt64) -> ExitBuffer {
    isUnderWay = true
    asked = (address, width, direction)
    unsafe buffer.storeBytes(of: value, as: UInt64.self)
    // Sound: the buffer lives as long as the interpreter, and is left alone until it runs again.
    return unsafe ExitBuffer(base: buffer, byteCount: Int(width))
  }

  /// Reports `count` items at once, which are in the buffer or will be: at most a page of them.
  func askItems(_ count: UInt32, byteCount: Int) -> ExitBuffer {
    isUnderWay = true
    askedItems = count
    // Sound: as for `ask`; more than the buffer holds is never lent.
    return unsafe ExitBuffer(base: buffer, byteCount: min(byteCount, Self.bufferByteCount))
  }

  /// How many items, asked for before, the buffer holds the answer to; each answer is told once.
  func takeItems() -> UInt32 {
    defer {
      answeredItems = 0
      isUnderWay = asked != nil || !answers.isEmpty || askedItems != 0
    }
    return answeredItems
  }
}
