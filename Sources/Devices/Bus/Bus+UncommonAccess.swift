public import Engine

/// Accesses that are not a single item inside the slot of the access before, and those that a device
/// has to act on.
extension Bus {
  /// A single item of a natural width inside the cursor's slot, and as many bytes of data, where
  /// somebody has to be asked or the data filled in.
  @usableFromInline @inline(never)
  func performAtDevice(
    at address: UInt64, width: Int, direction: AccessDirection, data: ExitBuffer, cursor: inout BusCursor
  ) -> UInt64 {
    if cursor.isGap {
      cursor.countUnclaimed(direction, at: address)
      if direction == .read { data.store(.max, width: width) }
      return data.load(width: width)
    }
    guard let natural = AccessWidth(rawValue: UInt8(truncatingIfNeeded: width)) else { return 0 }
    // Sound: a cursor that points nowhere has an empty range, and the address is in the cursor's.
    return unsafe cursor.slot.unsafelyUnwrapped._withUnsafeGuaranteedRef { slot in
      let offset = address &- slot.origin
      switch direction {
      case .read:
        let value = slot.device.read(offset: offset, width: natural)
        data.store(value, width: width)
        return value & ExitBuffer.allOnes(width: width)
      case .write:
        let value = data.load(width: width)
        slot.device.write(value, offset: offset, width: natural)
        return value
      }
    }
  }

  /// All else: another slot than that of the access before, odd widths, strings, accesses over an end.
  @usableFromInline @inline(never)
  func performUncommon(
    at address: UInt64, width: Int, direction: AccessDirection, count: UInt32, data: ExitBuffer,
    cursor: inout BusCursor
  ) -> UInt64 {
    // Past the end of the ports there is no slot; `carryOut` finds that out.
    if address <= kind.lastAddress { cursor.move(to: slots[slotIndex(at: address)]) }
    if count == 1, AccessWidth.isNatural(width), width <= data.byteCount, address >= cursor.first,
      address <= cursor.last, UInt64(truncatingIfNeeded: width) &- 1 <= cursor.last &- address
    {
      return performInSlot(at: address, width: width, direction: direction, data: data, cursor: &cursor)
    }
    carryOut(at: address, width: width, direction: direction, count: count, data: data, cursor: &cursor)
    return data.load(width: width)
  }

  private func carryOut(
    at address: UInt64, width: Int, direction: AccessDirection, count: UInt32, data: ExitBuffer,
    cursor: inout BusCursor
  ) {
    guard (1...8).contains(width) else { return }
    // The engine's buffer bounds the work, whatever count the guest put into its register.
    let count = min(Int(count), data.byteCount / width)
    if direction == .write, count > 1, let natural = AccessWidth(rawValue: UInt8(width)),
      let slot = slot(covering: address, byteCount: UInt64(width)), !slot.isGap
    {
      data.withBytes { bytes in
        slot.device.write(
          string: bytes.extracting(first: count * width), offset: address &- slot.origin, width: natural)
      }
      return
    }
    for index in 0..<count {
      switch direction {
      case .read: data.store(read(at: address, width: width, &cursor), at: index * width, width: width)
      case .write: write(data.load(at: index * width, width: width), at: address, width: width, &cursor)
      }
    }
  }

  private func read(at address: UInt64, width: Int, _ cursor: inout BusCursor) -> UInt64 {
    var value: UInt64 = 0
    let firstUnclaimed = forEachPart(at: address, width: width) { position, byteCount, slot, here in
      let part =
        if let slot, let width = AccessWidth(rawValue: UInt8(byteCount)) {
          slot.device.read(offset: here &- slot.origin, width: width) & ExitBuffer.allOnes(width: byteCount)
        } else {
          ExitBuffer.allOnes(width: byteCount)
        }
      value |= part << UInt64(8 * position)
    }
    if let firstUnclaimed { cursor.countUnclaimed(.read, at: firstUnclaimed) }
    return value
  }

  private func write(_ value: UInt64, at address: UInt64, width: Int, _ cursor: inout BusCursor) {
    let firstUnclaimed = forEachPart(at: address, width: width) { position, byteCount, slot, here in
      if let slot, let width = AccessWidth(rawValue: UInt8(byteCount)) {
        let part = value >> UInt64(8 * position) & ExitBuffer.allOnes(width: byteCount)
        slot.device.write(part, offset: here &- slot.origin, width: width)
      }
    }
    if let firstUnclaimed { cursor.countUnclaimed(.write, at: firstUnclaimed) }
  }

  /// Cuts `width` bytes at `address` into parts that each lie in one device's slot (then of a natural
  /// width and aligned to it) or in none, and calls `body` with each: position in the access, bytes,
  /// slot, address. Returns the lowest address that no device has.
  @inline(__always)
  private func forEachPart(
    at address: UInt64, width: Int, _ body: (Int, Int, BusSlot?, UInt64) -> Void
  ) -> UInt64? {
    var firstUnclaimed: UInt64?
    var position = 0
    while position < width {
      let (here, wraps) = address.addingReportingOverflow(UInt64(position))
      let remaining = width - position
      if wraps || here > kind.lastAddress {
        // Past the last address no device answers, although 2^64 would be address 0 again.
        firstUnclaimed = firstUnclaimed ?? here
        body(position, remaining, nil, here)
        break
      }
      let slot = slot(at: here)
      let inside = Int(min(slot.last - here, UInt64(remaining - 1))) + 1
      if slot.isGap {
        firstUnclaimed = firstUnclaimed ?? here
        body(position, inside, nil, here)
        position += inside
      } else {
        let byteCount = Self.naturalWidth(at: here, upTo: inside)
        body(position, byteCount, slot, here)
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

  /// The slot that has all `byteCount` (at least 1) bytes from `address` on.
  private func slot(covering address: UInt64, byteCount: UInt64) -> BusSlot? {
    guard address <= kind.lastAddress else { return nil }
    let slot = slot(at: address)
    return byteCount - 1 <= slot.last - address ? slot : nil
  }

  /// The slot of an address of the space: the last one that starts at or below it.
  private func slot(at address: UInt64) -> BusSlot { slots[slotIndex(at: address)] }

  @inline(__always)
  private func slotIndex(at address: UInt64) -> Int {
    var low = 0
    var high = slots.count - 1
    while low < high {
      let middle = (low + high + 1) / 2
      if firsts[middle] <= address { low = middle } else { high = middle - 1 }
    }
    return low
  }
}
