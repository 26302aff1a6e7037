internal import Engine

/// Devices that give both machines the same answers: what the first machine was answered is kept for
/// the second. There are a serial port that is always ready and an exit port, and nothing else.
struct PretendDevices {
  private var answers: [UInt64] = []
  private var position = 0
  private var isReplaying = false
  private(set) var hasEnded = false

  private static let lineStatus: UInt64 = 0x3FD
  private static let exitPort: UInt64 = 0xF4

  /// The first machine begins an instruction.
  mutating func begin() {
    answers.removeAll(keepingCapacity: true)
    position = 0
    isReplaying = false
  }

  /// The second machine begins the same.
  mutating func rewind() {
    position = 0
    isReplaying = true
  }

  mutating func answer(_ access: PortAccess) {
    for item in 0..<Int(access.count) {
      let offset = item * Int(access.width)
      if access.direction == .write {
        if UInt64(access.port) == Self.exitPort { hasEnded = true }
      } else {
        access.data.store(next(UInt64(access.port)), at: offset, width: Int(access.width))
      }
    }
  }

  mutating func answer(_ access: MMIOAccess) {
    if access.direction == .read { access.data.store(next(.max), at: 0, width: Int(access.width)) }
  }

  private mutating func next(_ address: UInt64) -> UInt64 {
    if isReplaying {
      defer { position += 1 }
      return position < answers.count ? answers[position] : .max
    }
    // Transmitter empty.
    let value: UInt64 = address == Self.lineStatus ? 0x60 : .max
    answers.append(value)
    return value
  }
}
