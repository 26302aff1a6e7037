/// The state of an I/O APIC, and what happens to it (Intel 82093AA data sheet). No lock: see `IOAPIC`.
struct IOAPICRegisters: Sendable {
  /// How many inputs there are.
  static let pinCount = 24

  /// The fields of a redirection table entry (data sheet, 3.2.4).
  enum Field {
    static let logicalDestination: UInt64 = 1 << 11
    static let deliveryStatus: UInt64 = 1 << 12
    static let remoteIRR: UInt64 = 1 << 14
    static let levelTriggered: UInt64 = 1 << 15
    static let masked: UInt64 = 1 << 16
    static let writable: UInt64 = 0xFF00_0000_0001_AFFF
  }

  /// Bits 27:24 of the ID register.
  private var identifier: UInt32 = 0
  /// Which register the data window shows.
  var index: UInt8 = 0
  private var entries = InlineArray<24, UInt64>(repeating: Field.masked)
  /// The level of each input, as a bit.
  private(set) var levels: UInt32 = 0

  /// A redirection table entry.
  subscript(pin: Int) -> UInt64 { entries[pin] }

  /// Version 0x11, 24 entries: as KVM's.
  static let version: UInt32 = 0x0017_0011

  // MARK: Registers

  /// Reads the register that `index` chooses (data sheet, table 2).
  func readSelected() -> UInt32 {
    switch index {
    case 0x00, 0x02: return identifier
    case 0x01: return Self.version
    case 0x10..<0x40:
      let entry = entries[Int(index - 0x10) >> 1]
      return UInt32(truncatingIfNeeded: index & 1 == 0 ? entry : entry >> 32)
    default: return .max
    }
  }

  /// Writes the register that `index` chooses; the messages that this sets free go to `send`, which says
  /// whether a local APIC accepted them.
  mutating func writeSelected(_ value: UInt32, send: (InterruptMessage) -> Bool) {
    switch index {
    case 0x00: identifier = value & 0x0F00_0000
    case 0x10..<0x40: writeEntry(Int(index - 0x10) >> 1, isHigh: index & 1 != 0, value, send: send)
    default: break
    }
  }

  private mutating func writeEntry(
    _ pin: Int, isHigh: Bool, _ value: UInt32, send: (InterruptMessage) -> Bool
  ) {
    let old = entries[pin]
    let half: UInt64 = isHigh ? 0xFFFF_FFFF_0000_0000 : 0xFFFF_FFFF
    let written = (isHigh ? UInt64(value) << 32 : UInt64(value)) & Field.writable
    var entry = old & ~half | written & half | old & (Field.remoteIRR | Field.deliveryStatus)
    // Remote IRR means nothing for edges; Linux clears it by switching to edge-triggered and back.
    if entry & Field.levelTriggered == 0 { entry &= ~Field.remoteIRR }
    entries[pin] = entry
    // A level that is up is seen when it is let through; an edge that came while masked is lost.
    if entry & Field.levelTriggered != 0, isAsserted(pin) { service(pin, send: send) }
  }

  // MARK: Inputs

  private func isAsserted(_ pin: Int) -> Bool { levels & 1 << UInt32(pin) != 0 }

  /// The level of an input changed; the message that this asks for goes to `send`.
  ///
  /// - Parameter level: true where the device asserts its line, whatever the polarity in the entry: as in
  ///   KVM and QEMU that bit is kept and nothing else, since there is no wire with a voltage.
  mutating func setPin(_ pin: Int, level: Bool, send: (InterruptMessage) -> Bool) {
    let was = isAsserted(pin)
    let bit: UInt32 = 1 << UInt32(pin)
    levels = level ? levels | bit : levels & ~bit
    // A level that nobody accepted before is offered again where its device says so.
    if level, !was || entries[pin] & Field.levelTriggered != 0 { service(pin, send: send) }
  }

  private mutating func service(_ pin: Int, send: (InterruptMessage) -> Bool) {
    let entry = entries[pin]
    let isLevelTriggered = entry & Field.levelTriggered != 0
    guard entry & Field.masked == 0, !(isLevelTriggered && entry & Field.remoteIRR != 0) else { return }
    // Remote IRR says that somebody accepted the interrupt and will tell when it is dealt with.
    if send(Self.message(entry)), isLevelTriggered { entries[pin] |= Field.remoteIRR }
  }

  private static func message(_ entry: UInt64) -> InterruptMessage {
    let destination = UInt32(entry >> 56)
    return InterruptMessage(
      destination: destination, isBroadcast: destination == 0xFF,
      isLogical: entry & Field.logicalDestination != 0,
      mode: InterruptMessage.DeliveryMode(bits: UInt32(truncatingIfNeeded: entry >> 8)),
      vector: UInt8(truncatingIfNeeded: entry), isLevelTriggered: entry & Field.levelTriggered != 0)
  }

  /// A local APIC says that a level-triggered interrupt with this vector is dealt with: inputs that are
  /// still up interrupt again.
  mutating func endOfInterrupt(_ vector: UInt8, send: (InterruptMessage) -> Bool) {
    for pin in 0..<Self.pinCount {
      let entry = entries[pin]
      guard UInt8(truncatingIfNeeded: entry) == vector, entry & Field.levelTriggered != 0,
        entry & Field.remoteIRR != 0
      else { continue }
      entries[pin] &= ~Field.remoteIRR
      if isAsserted(pin) { service(pin, send: send) }
    }
  }
}
