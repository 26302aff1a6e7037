internal import CLinux
internal import X86

/// Repeated string instructions, a run of items at a time: as many as lie in one page of RAM on
/// either side, where the translation cache has both pages. For all else, one item is done the plain
/// way, which brings the pages into the cache or raises the fault.
extension Interpreter {
  /// Executes as many items as can be done at once, maybe none.
  func executeItems(_ item: StringItem) throws(Interruption) -> StringProgress {
    let none = StringProgress(count: 0, isOver: false)
    if core.systemFlags.contains(.direction) {
      // Downwards it is moves that systems make long: of blocks that overlap.
      guard item.operation == .movs else { return none }
      return finishRun(item, moveRunDown(item), source: true, destination: true)
    }
    switch item.operation {
    case .movs: return finishRun(item, moveRun(item), source: true, destination: true)
    case .stos: return finishRun(item, fillRun(item), source: false, destination: true)
    case .cmps: return compareRun(item)
    case .scas: return scanRun(item)
    case .ins, .outs: return try transferItems(item)
    default: return none
    }
  }

  /// Moves the registers past `count` items.
  private func finishRun(
    _ item: StringItem, _ count: UInt64, source: Bool, destination: Bool
  ) -> StringProgress {
    if count == 0 { return StringProgress(count: 0, isOver: false) }
    moveIndexes(item, source: source, destination: destination, by: count)
    countDown(item, by: count)
    return StringProgress(count: count, isOver: core.general(1, width: item.addressSize) == 0)
  }

  // MARK: Where a run lies

  /// One side of a run: its first byte, and how many whole items may follow in the page.
  @unsafe
  private struct Side {
    var host: UnsafeMutableRawPointer
    var count: UInt64
  }

  /// The items at a segment and an index register that can be accessed at once: at most rCX, none
  /// beyond the page, the segment, or where the index wraps. Nil if there are none.
  @unsafe
  private func side(_ item: StringItem, _ segment: SegmentName, _ register: UInt8, isWrite: Bool) -> Side? {
    let offset = core.general(register, width: item.addressSize)
    let width = UInt64(item.width)
    guard let count = itemCount(item, segment, offset, isWrite: isWrite) else { return nil }
    guard let linear = try? linearAddress(segment, offset, byteCount: count &* width, isWrite: isWrite)
    else { return nil }
    guard let host = unsafe hostOfRun(linear, byteCount: count &* width, isWrite: isWrite) else { return nil }
    return unsafe Side(host: host, count: count)
  }

  /// The host address of a run, whose page is brought into the translation cache if need be. So two pages
  /// that share an entry there are no hindrance: each is needed in turn.
  @unsafe
  private func hostOfRun(_ linear: UInt64, byteCount: UInt64, isWrite: Bool) -> UnsafeMutableRawPointer? {
    if let host = unsafe isWrite
      ? core.hostForWriting(linear, width: byteCount) : core.hostForReading(linear, width: byteCount)
    {
      return unsafe host
    }
    let access = MemoryAccess(isWrite ? .write : .read, instructionPrivilege)
    guard (try? translate(linear, for: access)) != nil else { return nil }
    return unsafe isWrite
      ? core.hostForWriting(linear, width: byteCount) : core.hostForReading(linear, width: byteCount)
  }

  /// How many items of a run lie in the page of its first; nil if not even that does.
  func itemCount(
    _ item: StringItem, _ segment: SegmentName, _ offset: UInt64, isWrite: Bool
  ) -> UInt64? {
    let width = UInt64(item.width)
    guard let linear = try? linearAddress(segment, offset, byteCount: width, isWrite: isWrite) else {
      return nil
    }
    let inPage = (4096 &- linear & 0xFFF) / width
    let beforeWrap = (mask(item.addressSize) &- offset) / width
    let count = min(core.general(1, width: item.addressSize), inPage, beforeWrap)
    return count == 0 ? nil : count
  }

  // MARK: Moving and filling

  private func moveRun(_ item: StringItem) -> UInt64 {
    guard let source = unsafe side(item, item.segment, 6, isWrite: false),
      let target = unsafe side(item, .es, 7, isWrite: true)
    else { return 0 }
    let count = unsafe min(source.count, target.count)
    let byteCount = Int(count &* UInt64(item.width))
    let distance = unsafe target.host - source.host
    // Sound: both sides have `byteCount` bytes in their pages.
    if distance > 0, distance < byteCount {
      // What was written is read again: the pattern before the destination repeats.
      unsafe repeatPattern(source.host, target.host, count: Int(count), width: item.width)
    } else {
      unsafe target.host.copyMemory(from: source.host, byteCount: byteCount)
    }
    return count
  }

  private func moveRunDown(_ item: StringItem) -> UInt64 {
    guard let source = unsafe sideBelow(item, item.segment, 6, isWrite: false),
      let target = unsafe sideBelow(item, .es, 7, isWrite: true)
    else { return 0 }
    let count = unsafe Int(min(source.count, target.count))
    let step = Int(item.width)
    let byteCount = count &* step
    let distance = unsafe source.host - target.host
    if distance > 0, distance < byteCount {
      for index in 0..<count {
        // Sound: both sides have `count` items that end with the one at `host`.
        let value = unsafe loadNumber(source.host - index &* step, width: item.width)
        unsafe storeNumber(target.host - index &* step, width: item.width, value)
      }
    } else {
      let below = (count &- 1) &* step
      // Sound: the same items, from the lowest.
      unsafe (target.host - below).copyMemory(from: source.host - below, byteCount: byteCount)
    }
    return UInt64(count)
  }

  /// The same as `side` for items that lie one below the other: `host` is the first, the highest.
  @unsafe
  private func sideBelow(
    _ item: StringItem, _ segment: SegmentName, _ register: UInt8, isWrite: Bool
  ) -> Side? {
    let offset = core.general(register, width: item.addressSize)
    let width = UInt64(item.width)
    guard let linear = try? linearAddress(segment, offset, byteCount: width, isWrite: isWrite),
      linear & 0xFFF <= 4096 &- width
    else { return nil }
    let inPage = (linear & 0xFFF) / width &+ 1
    let count = min(core.general(1, width: item.addressSize), inPage, offset / width &+ 1)
    let distance = (count &- 1) &* width
    let lowest = try? linearAddress(segment, offset &- distance, byteCount: count &* width, isWrite: isWrite)
    guard let lowest else { return nil }
    guard let host = unsafe hostOfRun(lowest, byteCount: count &* width, isWrite: isWrite) else { return nil }
    // Sound: the highest item lies in the same page.
    return unsafe Side(host: host + Int(distance), count: count)
  }

  @unsafe
  private func repeatPattern(
    _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer, count: Int, width: UInt8
  ) {
    let step = Int(width)
    for index in 0..<count {
      // Sound: the caller's run has `count` items on both sides.
      let value = unsafe loadNumber(source + index &* step, width: width)
      unsafe storeNumber(target + index &* step, width: width, value)
    }
  }

  private func fillRun(_ item: StringItem) -> UInt64 {
    guard let target = unsafe side(item, .es, 7, isWrite: true) else { return 0 }
    let count = unsafe Int(target.count)
    let value = core.general(0, width: item.width)
    let low = value & 0xFF
    // Sound: the run has `count` items in its page.
    if value == low &* 0x0101_0101_0101_0101 & mask(item.width) {
      unsafe _ = memset(target.host, Int32(low), count &* Int(item.width))
    } else {
      for index in 0..<count {
        unsafe storeNumber(target.host + index &* Int(item.width), width: item.width, value)
      }
    }
    return unsafe target.count
  }

  // MARK: Comparing

  private func compareRun(_ item: StringItem) -> StringProgress {
    guard let left = unsafe side(item, item.segment, 6, isWrite: false),
      let right = unsafe side(item, .es, 7, isWrite: false)
    else { return StringProgress(count: 0, isOver: false) }
    let count = unsafe Int(min(left.count, right.count))
    let step = Int(item.width)
    var done = 0
    var goesOn = true
    var (first, second): (UInt64, UInt64) = (0, 0)
    repeat {
      // Sound: both runs have `count` items.
      first = unsafe loadNumber(left.host + done &* step, width: item.width)
      second = unsafe loadNumber(right.host + done &* step, width: item.width)
      goesOn = (first == second) == item.endsOnDifference
      done &+= 1
    } while goesOn && done < count
    _ = compare(first, second, item)
    let progress = finishRun(item, UInt64(done), source: true, destination: true)
    return StringProgress(count: progress.count, isOver: progress.isOver || !goesOn)
  }

  private func scanRun(_ item: StringItem) -> StringProgress {
    guard let side = unsafe side(item, .es, 7, isWrite: false) else {
      return StringProgress(count: 0, isOver: false)
    }
    let count = unsafe Int(side.count)
    let step = Int(item.width)
    let wanted = core.general(0, width: item.width)
    var done = 0
    var goesOn = true
    var found: UInt64 = 0
    repeat {
      // Sound: the run has `count` items.
      found = unsafe loadNumber(side.host + done &* step, width: item.width)
      goesOn = (wanted == found) == item.endsOnDifference
      done &+= 1
    } while goesOn && done < count
    _ = compare(wanted, found, item)
    let progress = finishRun(item, UInt64(done), source: false, destination: true)
    return StringProgress(count: progress.count, isOver: progress.isOver || !goesOn)
  }
}
