public import Engine
import Synchronization

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

  struct Range: Sendable {
    let first: UInt64
    let last: UInt64
    /// What the device's offsets count from: `first`, less the offset that stands for it.
    let origin: UInt64
    let device: any IODevice
  }

  /// What the addresses are.
  public let kind: Kind
  /// Sorted by address; no two overlap.
  private let ranges: [Range]
  private let unclaimedReads = Atomic<UInt64>(0)
  private let unclaimedWrites = Atomic<UInt64>(0)
  private let lastUnclaimed = Atomic<UInt64>(0)

  /// A bus with these devices, in any order.
  ///
  /// - Throws: `BusError` where a range is empty, goes past the end of the address space or
  ///   overlaps another.
  public init(kind: Kind, attachments: [BusAttachment]) throws(BusError) {
    var ranges: [Range] = []
    ranges.reserveCapacity(attachments.count)
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
      ranges.append(
        Range(
          first: attachment.base, last: last, origin: attachment.base &- attachment.firstOffset,
          device: attachment.device))
    }
    ranges.sort { $0.first < $1.first }
    for (lower, upper) in zip(ranges, ranges.dropFirst()) where upper.first <= lower.last {
      throw .overlap(
        device: lower.device.name, other: upper.device.name, bus: kind, address: upper.first)
    }
    self.kind = kind
    self.ranges = ranges
  }

  /// Answers an IN or INS (fills the buffer), or carries out an OUT or OUTS.
  public func perform(_ access: PortAccess) {
    perform(
      at: UInt64(access.port), width: access.width, direction: access.direction, count: access.count,
      data: access.data)
  }

  /// Answers a load (fills the buffer) or carries out a store.
  public func perform(_ access: MMIOAccess) {
    perform(
      at: access.address, width: access.width, direction: access.direction, count: 1, data: access.data)
  }

  /// Reads of which no device answered some byte, since the machine was made. Each item of a
  /// string counts.
  public var unclaimedReadCount: UInt64 { unclaimedReads.load(ordering: .relaxed) }

  /// Writes of which no device took some byte, since the machine was made. Each item of a string
  /// counts.
  public var unclaimedWriteCount: UInt64 { unclaimedWrites.load(ordering: .relaxed) }

  /// The lowest address of the latest access at which no device answered.
  public var lastUnclaimedAddress: UInt64? {
    guard unclaimedReadCount != 0 || unclaimedWriteCount != 0 else { return nil }
    return lastUnclaimed.load(ordering: .relaxed)
  }

  // MARK: - The way of an access

  @inline(__always)
  private func perform(
    at address: UInt64, width rawWidth: UInt8, direction: AccessDirection, count: UInt32, data: ExitBuffer
  ) {
    // Nearly every access is this one: a single item of a natural width inside one device.
    if count == 1, let width = AccessWidth(rawValue: rawWidth), data.byteCount >= width.byteCount,
      let range = range(covering: address, byteCount: UInt64(rawWidth))
    {
      let offset = address &- range.origin
      switch direction {
      case .read:
        data.store(range.device.read(offset: offset, width: width), width: width.byteCount)
      case .write:
        range.device.write(data.load(width: width.byteCount), offset: offset, width: width)
      }
      return
    }
    performUncommon(at: address, width: Int(rawWidth), direction: direction, count: count, data: data)
  }

  @inline(never)
  private func performUncommon(
    at address: UInt64, width: Int, direction: AccessDirection, count: UInt32, data: ExitBuffer
  ) {
    guard (1...8).contains(width) else { return }
    // The engine's buffer bounds the work, whatever count the guest put into its register.
    let count = min(Int(count), data.byteCount / width)
    if direction == .write, count > 1, let natural = AccessWidth(rawValue: UInt8(width)),
      let range = range(covering: address, byteCount: UInt64(width))
    {
      data.withBytes { bytes in
        range.device.write(
          string: bytes.extracting(first: count * width), offset: address &- range.origin, width: natural)
      }
      return
    }
    for index in 0..<count {
      switch direction {
      case .read: data.store(read(at: address, width: width), at: index * width, width: width)
      case .write: write(data.load(at: index * width, width: width), at: address, width: width)
      }
    }
  }

  private func read(at address: UInt64, width: Int) -> UInt64 {
    var value: UInt64 = 0
    let firstUnclaimed = forEachPart(at: address, width: width) { position, byteCount, range, offset in
      let part =
        if let range, let width = AccessWidth(rawValue: UInt8(byteCount)) {
          range.device.read(offset: offset, width: width) & ExitBuffer.allOnes(width: byteCount)
        } else {
          ExitBuffer.allOnes(width: byteCount)
        }
      value |= part << UInt64(8 * position)
    }
    if let firstUnclaimed {
      lastUnclaimed.store(firstUnclaimed, ordering: .relaxed)
      unclaimedReads.wrappingAdd(1, ordering: .relaxed)
    }
    return value
  }

  private func write(_ value: UInt64, at address: UInt64, width: Int) {
    let firstUnclaimed = forEachPart(at: address, width: width) { position, byteCount, range, offset in
      if let range, let width = AccessWidth(rawValue: UInt8(byteCount)) {
        let part = value >> UInt64(8 * position) & ExitBuffer.allOnes(width: byteCount)
        range.device.write(part, offset: offset, width: width)
      }
    }
    if let firstUnclaimed {
      lastUnclaimed.store(firstUnclaimed, ordering: .relaxed)
      unclaimedWrites.wrappingAdd(1, ordering: .relaxed)
    }
  }

  /// Cuts `width` bytes at `address` into parts that each lie in one range (then of a natural width
  /// and aligned to it) or in none, and calls `body` with each: position in the access, bytes,
  /// range, offset in the range. Returns the lowest address that no range has.
  @inline(__always)
  private func forEachPart(
    at address: UInt64, width: Int, _ body: (Int, Int, Range?, UInt64) -> Void
  ) -> UInt64? {
    var firstUnclaimed: UInt64?
    var position = 0
    while position < width {
      let (here, wraps) = address.addingReportingOverflow(UInt64(position))
      let remaining = width - position
      if wraps {
        // Past 2^64 no device answers, although the address of the first would be 0 again.
        firstUnclaimed = firstUnclaimed ?? here
        body(position, remaining, nil, 0)
        break
      }
      let next = countOfRanges(startingUpTo: here)
      if next > 0, ranges[next - 1].last >= here {
        let range = ranges[next - 1]
        let inside = Int(min(range.last - here, UInt64(remaining - 1))) + 1
        let byteCount = Self.naturalWidth(at: here, upTo: inside)
        body(position, byteCount, range, here &- range.origin)
        position += byteCount
      } else {
        firstUnclaimed = firstUnclaimed ?? here
        let gap = next < ranges.count ? ranges[next].first - here : .max
        let byteCount = Int(min(gap, UInt64(remaining)))
        body(position, byteCount, nil, 0)
        position += byteCount
      }
    }
    return firstUnclaimed
  }

  /// The widest of 8, 4, 2 and 1 that is at most `limit` (at least 1) and to which `address` is aligned.
  private static func naturalWidth(at address: UInt64, upTo limit: Int) -> Int {
    var width = 8
    while width > limit || address & UInt64(width - 1) != 0 { width /= 2 }
    return width
  }

  /// The range that has all `byteCount` (at least 1) bytes from `address` on.
  @inline(__always)
  private func range(covering address: UInt64, byteCount: UInt64) -> Range? {
    let count = countOfRanges(startingUpTo: address)
    guard count > 0 else { return nil }
    let (last, wraps) = address.addingReportingOverflow(byteCount - 1)
    guard !wraps, last <= ranges[count - 1].last else { return nil }
    return ranges[count - 1]
  }

  /// How many ranges start at or below `address`: all before the one that starts above it.
  @inline(__always)
  private func countOfRanges(startingUpTo address: UInt64) -> Int {
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].first <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
