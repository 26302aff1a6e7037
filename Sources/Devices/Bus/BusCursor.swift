public import Engine

/// Where one vCPU's last access on a bus went, and how often it accessed what no device has.
///
/// Accesses come in runs to one device, so each vCPU remembers its last slot and looks there first. A
/// cursor belongs to one thread: what it counts needs no atomic operation, and is handed over to the bus
/// with `Bus.collect`.
@safe
public struct BusCursor {
  @usableFromInline var first: UInt64 = 1
  @usableFromInline var last: UInt64 = 0
  /// Sound: the bus keeps its slots for as long as it lives, and the owner of a cursor keeps the bus.
  @usableFromInline var slot: Unmanaged<BusSlot>?
  /// The slot is a gap: nobody answers.
  @usableFromInline var isGap = false
  /// The slot's latch, if its device is one.
  ///
  /// Sound: the device owns the latch, and the slot the device.
  @usableFromInline var latch: Unmanaged<ByteLatch>?

  @usableFromInline var unclaimedReads: UInt64 = 0
  @usableFromInline var unclaimedWrites: UInt64 = 0
  @usableFromInline var lastUnclaimed: UInt64 = 0

  /// A cursor that points nowhere yet.
  public init() {
    unsafe slot = nil
    unsafe latch = nil
  }

  /// Points to a slot.
  mutating func move(to slot: BusSlot) {
    first = slot.first
    last = slot.last
    isGap = slot.isGap
    unsafe self.slot = .passUnretained(slot)
    unsafe latch = slot.latch
  }

  /// Counts an access of which nobody answered some byte.
  @inlinable @inline(__always)
  mutating func countUnclaimed(_ direction: AccessDirection, at address: UInt64) {
    lastUnclaimed = address
    if direction == .read { unclaimedReads &+= 1 } else { unclaimedWrites &+= 1 }
  }
}

/// A range of addresses and who answers there.
@safe @usableFromInline
final class BusSlot: Sendable {
  let first: UInt64
  let last: UInt64
  /// What the device's offsets count from: `first`, less the offset that stands for it.
  @usableFromInline let origin: UInt64
  /// Who answers; in a gap `Nobody`, who is never asked.
  @usableFromInline let device: any IODevice
  /// Nobody answers.
  let isGap: Bool
  /// The device's latch. Sound: the device owns it.
  let latch: Unmanaged<ByteLatch>?

  /// A device's slot.
  init(first: UInt64, last: UInt64, origin: UInt64, device: any IODevice) {
    self.first = first
    self.last = last
    self.origin = origin
    self.device = device
    isGap = false
    unsafe latch = device.latch.map { unsafe .passUnretained($0) }
  }

  /// A gap.
  init(gapFrom first: UInt64, to last: UInt64) {
    self.first = first
    self.last = last
    origin = 0
    device = Nobody()
    isGap = true
    unsafe latch = nil
  }
}

/// Fills the place of a gap's device: an optional one would cost a reference count at each access.
private final class Nobody: IODevice {
  let name = "nobody"
  func read(offset: UInt64, width: AccessWidth) -> UInt64 { .max }
  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) {}
}
