internal import Engine
internal import Synchronization

/// Where one vCPU's last access on a bus went.
///
/// Accesses come in runs to one device, so each vCPU remembers its last slot and looks there first. It
/// belongs to one thread, which is why it is not part of the bus.
@safe
public struct BusCursor {
  @usableFromInline var first: UInt64 = 1
  @usableFromInline var last: UInt64 = 0
  /// Sound: the bus keeps its slots for as long as it lives, and the owner of a cursor keeps the bus.
  @usableFromInline var slot: Unmanaged<BusSlot>?

  /// A cursor that points nowhere yet.
  public init() { unsafe slot = nil }

  /// Points to a slot.
  mutating func move(to slot: BusSlot) {
    first = slot.first
    last = slot.last
    unsafe self.slot = .passUnretained(slot)
  }
}

/// A range of addresses and who answers there: a device, or for a gap nobody, which is a device too.
@usableFromInline
final class BusSlot: Sendable {
  let first: UInt64
  let last: UInt64
  /// What the device's offsets count from: `first`, less the offset that stands for it.
  @usableFromInline let origin: UInt64
  @usableFromInline let device: any IODevice

  init(first: UInt64, last: UInt64, origin: UInt64, device: any IODevice) {
    self.first = first
    self.last = last
    self.origin = origin
    self.device = device
  }
}

/// Nobody: reads give ones, writes are dropped, both are counted.
final class UnclaimedAccesses: IODevice {
  let name = "nobody"
  let reads = Atomic<UInt64>(0)
  let writes = Atomic<UInt64>(0)
  let lastAddress = Atomic<UInt64>(0)

  func read(offset: UInt64, width: AccessWidth) -> UInt64 {
    countRead(at: offset)
    return .max
  }

  func write(_ value: UInt64, offset: UInt64, width: AccessWidth) { countWrite(at: offset) }

  func countRead(at address: UInt64) {
    lastAddress.store(address, ordering: .relaxed)
    reads.wrappingAdd(1, ordering: .relaxed)
  }

  func countWrite(at address: UInt64) {
    lastAddress.store(address, ordering: .relaxed)
    writes.wrappingAdd(1, ordering: .relaxed)
  }
}
