/// The receive FIFO of a 16550: up to 16 characters, each with the error it came with. With the
/// FIFO off, the same with room for one: the receiver buffer register.
struct SerialReceiveFIFO {
  static let depth = 16

  private var characters = InlineArray<16, UInt8>(repeating: 0)
  /// Bit n: the character in slot n came as a break.
  private var breaks: UInt16 = 0
  private var first = 0
  /// How many characters wait.
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Whether the oldest character is a break whose flag was not read yet.
  var isBreakFirst: Bool { count > 0 && breaks & (1 << UInt16(first)) != 0 }

  /// Whether any character is a break whose flag was not read yet.
  var hasBreak: Bool { breaks != 0 }

  /// Adds a character. The caller has made sure of room: `count < depth`.
  mutating func append(_ character: UInt8, isBreak: Bool = false) {
    guard count < Self.depth else { return }
    let slot = (first + count) % Self.depth
    characters[slot] = character
    if isBreak { breaks |= 1 << UInt16(slot) }
    count += 1
  }

  /// Takes the oldest character out.
  mutating func removeFirst() -> UInt8? {
    guard count > 0 else { return nil }
    let character = characters[first]
    clearFirstBreak()
    first = (first + 1) % Self.depth
    count -= 1
    return character
  }

  /// Forgets that the oldest character is a break: its flag has been read.
  mutating func clearFirstBreak() { breaks &= ~(1 << UInt16(first)) }

  mutating func removeAll() {
    count = 0
    breaks = 0
  }
}
