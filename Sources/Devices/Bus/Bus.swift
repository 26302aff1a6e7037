public import Engine
internal import Synchronization

/// One device and where on a bus it answers.
public struct BusAttachment: Sendable {
  /// The first address (or port) of the range.
  public var base: UInt64
  /// How many addresses the range has; at least one.
  public var byteCount: UInt64
  /// Who answers.
  public var device: any IODevice
  /// The offset under which the device sees `base`: not 0 for the later ranges of a device that
  /// has more than one.
  public var firstOffset: UInt64

  /// The attachment of `device` to `byteCount` addresses from `base` on.
  public init(base: UInt64, byteCount: UInt64, device: any IODevice, firstOffset: UInt64 = 0) {
    self.base = base
    self.byteCount = byteCount
    self.device = device
    self.firstOffset = firstOffset
  }
}

/// Finds the device of each access: of ports or of guest-physical memory.
///
/// The set of devices is fixed when the bus is made, so that vCPUs use it without a lock. An
/// access that one device covers reaches it as it is. All others (odd widths, accesses that reach
/// over the end of a range) are cut, as a real bus cuts them, into parts of 1, 2, 4 or 8 bytes,
/// each aligned to its size and inside one device, lowest address first. Where no device answers,
/// a read gives ones and a write is dropped. Nothing wraps: bytes past the last address of the
/// space belong to no device.
public final class Bus: Sendable {
  /// What the addresses of a bus are.
  public enum Kind: Sendable, Equatable, CustomStringConvertible {
    /// I/O ports, 0…0xffff.
    case ports
    /// Guest-physical addresses.
    case memory

    /// The highest address.
    public var lastAddress: UInt64 {
      switch self {
      case .ports: 0xffff
      case .memory: .max
      }
    }

    /// What one address is called: "port" or "address".
    public var description: String {
      switch self {
      case .ports: "port"
      case .memory: "address"
      }
    }
  }

  /// What the addresses are.
  public let kind: Kind
  /// The whole address space in ascending order, gaps included: every address has a slot.
  let slots: [BusSlot]
  /// Their first addresses: what a search looks through.
  let firsts: [UInt64]
  private let unclaimedReads = Atomic<UInt64>(0)
  private let unclaimedWrites = Atomic<UInt64>(0)
  private let lastUnclaimed = Atomic<UInt64>(0)

  /// A bus with these devices, in any order.
  ///
  /// - Throws: `BusError` where a range is empty, goes past the end of the address space or
  ///   overlaps another.
  public init(kind: Kind, attachments: [BusAttachment]) throws(BusError) {
    var claimed: [BusSlot] = []
    claimed.reserveCapacity(attachments.count)
    for attachment in attachments {
      let name = attachment.device.name
      guard attachment.byteCount > 0 else {
        throw .emptyRange(device: name, bus: kind, base: attachment.base)
      }
      let (last, wraps) = attachment.base.addingReportingOverflow(attachment.byteCount - 1)
      guard !wraps, last <= kind.lastAddress else {
        throw .rangePastEnd(
          device: name, bus: kind, base: attachment.base, byteCount: attachment.byteCount)
      }
      claimed.append(
        BusSlot(
          first: attachment.base, last: last, origin: attachment.base &- attachment.firstOffset,
          device: attachment.device))
    }
    claimed.sort { $0.first < $1.first }
    for (lower, upper) in zip(claimed, claimed.dropFirst()) where upper.first <= lower.last {
      throw .overlap(
        device: lower.device.name, other: upper.device.name, bus: kind, address: upper.first)
    }
    self.kind = kind
    slots = Self.fillGaps(between: claimed, upTo: kind.lastAddress)
    firsts = slots.map(\.first)
  }

  /// The slots with one for each gap before, between and after them.
  private static func fillGaps(
    between claimed: [BusSlot], upTo lastAddress: UInt64
  ) -> [BusSlot] {
    var slots: [BusSlot] = []
    slots.reserveCapacity(2 * claimed.count + 1)
    var next: UInt64? = 0
    for slot in claimed {
      if let start = next, start < slot.first {
        slots.append(BusSlot(gapFrom: start, to: slot.first - 1))
      }
      slots.append(slot)
      next = slot.last < lastAddress ? slot.last + 1 : nil
    }
    if let start = next { slots.append(BusSlot(gapFrom: start, to: lastAddress)) }
    return slots
  }

  /// Answers an IN or INS (fills the buffer), or carries out an OUT or OUTS.
  ///
  /// - Parameter cursor: the calling vCPU's memory of its last access on this bus.
  /// - Returns: the value of the first item: what was written, or what was answered.
  @inlinable @inline(__always) @discardableResult
  public func perform(_ access: PortAccess, at cursor: inout BusCursor) -> UInt64 {
    perform(
      at: UInt64(access.port), width: access.width, direction: access.direction, count: access.count,
      data: access.data, cursor: &cursor)
  }

  /// Answers a load (fills the buffer) or carries out a store.
  ///
  /// - Parameter cursor: the calling vCPU's memory of its last access on this bus.
  /// - Returns: the value that was written or answered.
  @inlinable @inline(__always) @discardableResult
  public func perform(_ access: MMIOAccess, at cursor: inout BusCursor) -> UInt64 {
    perform(
      at: access.address, width: access.width, direction: access.direction, count: 1, data: access.data,
      cursor: &cursor)
  }

  /// Nearly every access is a single item of a natural width inside the slot of the access before.
  ///
  /// What no device has to act on is done at once. The hints keep these few instructions in one piece: on
  /// the way back from the kernel each further line of code has to be fetched again.
  @inlinable @inline(__always)
  func perform(
    at address: UInt64, width rawWidth: UInt8, direction: AccessDirection, count: UInt32, data: ExitBuffer,
    cursor: inout BusCursor
  ) -> UInt64 {
    let width = Int(rawWidth)
    guard
      _fastPath(
        count == 1 && AccessWidth.isNatural(width) && width <= data.byteCount && address >= cursor.first
          && address <= cursor.last && UInt64(rawWidth) &- 1 <= cursor.last &- address)
    else {
      return performUncommon(
        at: address, width: width, direction: direction, count: count, data: data, cursor: &cursor)
    }
    return performInSlot(at: address, width: width, direction: direction, data: data, cursor: &cursor)
  }

  /// A single item of a natural width inside the cursor's slot, and as many bytes of data.
  @inlinable @inline(__always)
  func performInSlot(
    at address: UInt64, width: Int, direction: AccessDirection, data: ExitBuffer, cursor: inout BusCursor
  ) -> UInt64 {
    if _fastPath(direction == .write) {
      let value = data.load(width: width)
      if let latch = unsafe cursor.latch, width == 1 {
        unsafe latch._withUnsafeGuaranteedRef { $0.store(UInt8(truncatingIfNeeded: value)) }
        return value
      }
      if cursor.isGap {
        cursor.countUnclaimed(.write, at: address)
        return value
      }
    }
    return performAtDevice(at: address, width: width, direction: direction, data: data, cursor: &cursor)
  }

  /// Takes over what a vCPU counted; the cursor counts on from zero.
  public func collect(_ cursor: inout BusCursor) {
    guard cursor.unclaimedReads != 0 || cursor.unclaimedWrites != 0 else { return }
    unclaimedReads.wrappingAdd(cursor.unclaimedReads, ordering: .relaxed)
    unclaimedWrites.wrappingAdd(cursor.unclaimedWrites, ordering: .relaxed)
    lastUnclaimed.store(cursor.lastUnclaimed, ordering: .relaxed)
    cursor.unclaimedReads = 0
    cursor.unclaimedWrites = 0
  }

  /// Reads of which no device answered some byte, since the machine was made. Each item of a
  /// string counts.
  public var unclaimedReadCount: UInt64 { unclaimedReads.load(ordering: .relaxed) }

  /// Writes of which no device took some byte, since the machine was made. Each item of a string
  /// counts.
  public var unclaimedWriteCount: UInt64 { unclaimedWrites.load(ordering: .relaxed) }

  /// The lowest address of the latest access at which no device answered, as far as it was collected.
  public var lastUnclaimedAddress: UInt64? {
    guard unclaimedReadCount != 0 || unclaimedWriteCount != 0 else { return nil }
    return lastUnclaimed.load(ordering: .relaxed)
  }
}
