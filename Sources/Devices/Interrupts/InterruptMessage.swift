public import Engine

/// An interrupt on its way to local APICs: what an I/O APIC, a message-signalling device or another local
/// APIC sends (SDM Vol. 3A, 11.6 and 11.11).
public struct InterruptMessage: Sendable, Equatable {
  /// What the receiver is to do (bits 10:8 of all three registers that send).
  public enum DeliveryMode: UInt8, Sendable {
    /// The vector, to every destination.
    case fixed = 0
    /// The vector, to the destination that is least busy.
    case lowestPriority = 1
    /// A system-management interrupt. No machine here has that mode; it is dropped.
    case systemManagement = 2
    /// Not defined; dropped.
    case reserved = 3
    /// A non-maskable interrupt; the vector does not count.
    case nonMaskable = 4
    /// INIT.
    case initialize = 5
    /// A start-up IPI; the vector is the page to start at.
    case startup = 6
    /// The vector comes from the PIC pair.
    case external = 7
  }

  /// Whom it is for, without broadcasts: 8 bits of an xAPIC or 32 of an x2APIC.
  public var destination: UInt32
  /// It is for everybody.
  public var isBroadcast: Bool
  /// `destination` is compared with the logical destination register, not with the ID.
  public var isLogical: Bool
  /// What the receiver is to do.
  public var mode: DeliveryMode
  /// The vector, or the page of a start-up IPI.
  public var vector: UInt8
  /// The receiver tells the I/O APIC when the interrupt is dealt with.
  public var isLevelTriggered: Bool

  /// A message of the given parts.
  public init(
    destination: UInt32, isBroadcast: Bool = false, isLogical: Bool = false, mode: DeliveryMode = .fixed,
    vector: UInt8, isLevelTriggered: Bool = false
  ) {
    self.destination = destination
    self.isBroadcast = isBroadcast
    self.isLogical = isLogical
    self.mode = mode
    self.vector = vector
    self.isLevelTriggered = isLevelTriggered
  }

  /// What a message-signalled interrupt asks for, or nil where its address is not that of local APICs
  /// (SDM Vol. 3A, 11.11.1 and 11.11.2).
  public init?(_ message: MSIMessage) {
    guard message.address >> 20 == 0xFEE else { return nil }
    let destination = UInt32(truncatingIfNeeded: message.address >> 12) & 0xFF
    let redirects = message.address & 1 << 3 != 0
    let mode = DeliveryMode(bits: message.data >> 8)
    self.init(
      destination: destination, isBroadcast: destination == 0xFF,
      isLogical: message.address & 1 << 2 != 0,
      mode: redirects && mode == .fixed ? .lowestPriority : mode,
      vector: UInt8(truncatingIfNeeded: message.data), isLevelTriggered: message.data & 1 << 15 != 0)
  }

  /// Whether only one of the destinations gets it.
  var isForOne: Bool { mode == .lowestPriority }
}

extension InterruptMessage.DeliveryMode {
  /// The mode in the low three bits.
  init(bits: UInt32) { self = Self(rawValue: UInt8(truncatingIfNeeded: bits & 7)) ?? .reserved }
}
