internal import X86

/// Accesses by linear address: at once where the translation cache allows, else through the page
/// tables. An access that crosses a page has both pages checked before anything happens.
extension Interpreter {
  /// Who makes the accesses of the instruction under way.
  @inline(__always)
  var instructionPrivilege: MemoryAccess.Privilege { core.privilege == 3 ? .user : .supervisor }

  /// Reads `width` bytes (1, 2, 4 or 8) for the instruction under way.
  @inline(__always)
  func readLinear(_ linear: UInt64, width: UInt8) throws(Interruption) -> UInt64 {
    if let host = unsafe core.hostForReading(linear, width: UInt64(width)) {
      return unsafe loadNumber(host, width: width)
    }
    return try readLinearSlowly(linear, width: width, privilege: instructionPrivilege)
  }

  /// Writes `width` bytes (1, 2, 4 or 8) for the instruction under way.
  @inline(__always)
  func writeLinear(_ linear: UInt64, width: UInt8, _ value: UInt64) throws(Interruption) {
    if let host = unsafe core.hostForWriting(linear, width: UInt64(width)) {
      return unsafe storeNumber(host, width: width, value)
    }
    try writeLinearSlowly(linear, width: width, value, privilege: instructionPrivilege)
  }

  /// Reads, changes and writes `width` bytes; nothing is read before it is known that the write will
  /// succeed. As one vCPU runs at a time, it is atomic for them all.
  func modifyLinear(
    _ linear: UInt64, width: UInt8, _ change: (UInt64) throws(Interruption) -> UInt64
  ) throws(Interruption) {
    if let host = unsafe core.hostForWriting(linear, width: UInt64(width)) {
      let value = try change(unsafe loadNumber(host, width: width))
      return unsafe storeNumber(host, width: width, value)
    }
    try checkAlignment(linear, width: width, instructionPrivilege)
    try checkWrite(linear, byteCount: UInt64(width))
    let value = try change(try readLinearSlowly(linear, width: width, privilege: instructionPrivilege))
    try writeLinearSlowly(linear, width: width, value, privilege: instructionPrivilege)
  }

  /// Checks that `byteCount` bytes, at most a page, can be written by the instruction under way.
  func checkWrite(_ linear: UInt64, byteCount: UInt64) throws(Interruption) {
    let linear = truncateLinear(linear)
    let access = MemoryAccess(.write, instructionPrivilege)
    _ = try translate(linear, for: access)
    let last = truncateLinear(linear &+ (byteCount &- 1))
    // A fault there is at the first byte of the second page.
    if (linear ^ last) & ~0xFFF != 0 { _ = try translate(last & ~0xFFF, for: access) }
  }

  /// Copies `byteCount` bytes, at most a page, from memory. For wide registers and register images.
  @unsafe
  func readBytes(_ linear: UInt64, into target: UnsafeMutableRawPointer, byteCount: Int) throws(Interruption)
  {
    try forEachPage(linear, byteCount, .read) { physical, done, count throws(Interruption) in
      if let page = unsafe memory.host(ofPage: physical & ~0xFFF) {
        // Sound: the bytes lie in the page, and the caller lends room for `byteCount`.
        unsafe (target + done).copyMemory(from: page.address + Int(physical & 0xFFF), byteCount: count)
      } else {
        var offset = 0
        while offset < count {
          let width = min(count - offset, 8)
          let value = try readPhysical(physical &+ UInt64(offset), width: UInt8(width))
          for index in 0..<width {
            unsafe (target + done + offset + index).storeBytes(
              of: UInt8(truncatingIfNeeded: value >> UInt64(8 * index)), as: UInt8.self)
          }
          offset += width
        }
      }
    }
  }

  /// Copies `byteCount` bytes, at most a page, to memory.
  @unsafe
  func writeBytes(_ linear: UInt64, from source: UnsafeRawPointer, byteCount: Int) throws(Interruption) {
    try forEachPage(linear, byteCount, .write) { physical, done, count throws(Interruption) in
      if let page = unsafe memory.host(ofPage: physical & ~0xFFF), unsafe !page.isReadOnly {
        // Sound: as for reading.
        unsafe (page.address + Int(physical & 0xFFF)).copyMemory(from: source + done, byteCount: count)
        codeCache.didWrite(physical, byteCount: UInt64(count))
      } else {
        var offset = 0
        while offset < count {
          let width = min(count - offset, 8)
          var value: UInt64 = 0
          for index in (0..<width).reversed() {
            value = value << 8 | UInt64(unsafe (source + done + offset + index).load(as: UInt8.self))
          }
          try writePhysical(physical &+ UInt64(offset), width: UInt8(width), value)
          offset += width
        }
      }
    }
  }

  /// Translates the one or two pages of an access, then calls `body` for each part.
  private func forEachPage(
    _ linear: UInt64, _ byteCount: Int, _ kind: MemoryAccess.Kind,
    _ body: (_ physical: UInt64, _ done: Int, _ count: Int) throws(Interruption) -> Void
  ) throws(Interruption) {
    let access = MemoryAccess(kind, instructionPrivilege)
    let linear = truncateLinear(linear)
    if watchesData {
      noteAccess(linear, byteCount: UInt64(byteCount), isWrite: kind == .write, access.privilege)
    }
    let first = try translate(linear, for: access)
    let room = 4096 - Int(linear & 0xFFF)
    if byteCount <= room { return try body(first, 0, byteCount) }
    let second = try translate(truncateLinear(linear &+ UInt64(room)), for: access)
    try body(first, 0, room)
    try body(second, room, byteCount - room)
  }

  @inline(never)
  func readLinearSlowly(_ linear: UInt64, width: UInt8, privilege: MemoryAccess.Privilege)
    throws(Interruption) -> UInt64
  {
    let access = MemoryAccess(.read, privilege)
    let linear = truncate(linear, privilege)
    try checkAlignment(linear, width: width, privilege)
    if watchesData { noteAccess(linear, byteCount: UInt64(width), isWrite: false, privilege) }
    let first = try translate(linear, for: access)
    let room = UInt8(truncatingIfNeeded: min(4096 - (linear & 0xFFF), 8))
    if width <= room { return try readPhysical(first, width: width) }
    let second = try translate(truncate(linear &+ UInt64(room), privilege), for: access)
    let low = try readPhysical(first, width: room)
    let high = try readPhysical(second, width: width - room)
    return low | high << (UInt64(room) * 8)
  }

  @inline(never)
  func writeLinearSlowly(
    _ linear: UInt64, width: UInt8, _ value: UInt64, privilege: MemoryAccess.Privilege
  ) throws(Interruption) {
    let access = MemoryAccess(.write, privilege)
    let linear = truncate(linear, privilege)
    try checkAlignment(linear, width: width, privilege)
    if watchesData { noteAccess(linear, byteCount: UInt64(width), isWrite: true, privilege) }
    let first = try translate(linear, for: access)
    let room = UInt8(truncatingIfNeeded: min(4096 - (linear & 0xFFF), 8))
    if width <= room { return try writePhysical(first, width: width, value) }
    let second = try translate(truncate(linear &+ UInt64(room), privilege), for: access)
    try writePhysical(first, width: room, value)
    try writePhysical(second, width: width - room, value >> (UInt64(room) * 8))
  }

  /// Outside of 64-bit mode a linear address has 32 bits.
  @inline(__always)
  func truncateLinear(_ linear: UInt64) -> UInt64 { core.isLong ? linear : linear & 0xFFFF_FFFF }

  /// The linear address as the one who makes the access means it.
  @inline(__always)
  func truncate(_ linear: UInt64, _ privilege: MemoryAccess.Privilege) -> UInt64 {
    privilege == .implicitSupervisor ? truncateSystem(linear) : truncateLinear(linear)
  }

  /// #AC, where alignment checks are on (SDM Vol. 3A, 6.15, interrupt 17). The translation cache is
  /// not used then, so every access comes by here.
  private func checkAlignment(_ linear: UInt64, width: UInt8, _ privilege: MemoryAccess.Privilege)
    throws(Interruption)
  {
    guard privilege == .user, checksAlignment, linear & UInt64(width &- 1) != 0 else { return }
    throw .exception(GuestException(vector: .alignmentCheck, errorCode: 0))
  }

  /// The same for an operand of x87, MMX or SSE. 10 bytes need a multiple of 8 (SDM Vol. 3A, table 7-7).
  /// 16 bytes that come here unaligned are of instructions made for that: whether those raise #AC is left to
  /// the processor (SDM Vol. 2B, MOVUPS), and Intel's do not.
  func checkOperandAlignment(_ linear: UInt64, byteCount: Int) throws(Interruption) {
    let width: UInt8 =
      switch byteCount {
      case 2, 4, 8: UInt8(byteCount)
      case 10: 8
      default: 1
      }
    try checkAlignment(truncateLinear(linear), width: width, instructionPrivilege)
  }

  @unsafe @inline(__always)
  func loadNumber(_ host: UnsafeMutableRawPointer, width: UInt8) -> UInt64 {
    switch width {
    case 8: unsafe host.loadUnaligned(as: UInt64.self)
    case 4: UInt64(unsafe host.loadUnaligned(as: UInt32.self))
    case 2: UInt64(unsafe host.loadUnaligned(as: UInt16.self))
    default: UInt64(unsafe host.load(as: UInt8.self))
    }
  }

  @unsafe @inline(__always)
  func storeNumber(_ host: UnsafeMutableRawPointer, width: UInt8, _ value: UInt64) {
    switch width {
    case 8: unsafe host.storeBytes(of: value, as: UInt64.self)
    case 4: unsafe host.storeBytes(of: UInt32(truncatingIfNeeded: value), as: UInt32.self)
    case 2: unsafe host.storeBytes(of: UInt16(truncatingIfNeeded: value), as: UInt16.self)
    default: unsafe host.storeBytes(of: UInt8(truncatingIfNeeded: value), as: UInt8.self)
    }
  }
}
