import GuestMemory
import Testing
import X86

@testable import SoftwareEngine

/// The short page walk against `PageTableWalker`: what it finds, the long one finds too, and the long one
/// would have changed no entry.
@Suite struct FourLevelWalkTests {
  /// Tables at fixed places, one entry used in each.
  private static let places: [UInt64] = [0x10_0000, 0x10_1000, 0x10_2000, 0x10_3000]
  /// An address whose four indexes are 1, 2, 3 and 4.
  private static let linear: UInt64 = 1 << 39 | 2 << 30 | 3 << 21 | 4 << 12 | 0x123

  private func write(_ entries: [UInt64], _ guest: TestGuest) throws {
    for level in 0..<4 { try guest.write(entries[level], at: Self.places[level] + UInt64(level + 1) * 8) }
    guest.core.cr3 = CR3(rawValue: Self.places[0])
    guest.interpreter.modeDidChange()
  }

  @Test func ordinaryPagesAreFound() throws {
    let guest = try TestGuest.long([])
    let used: UInt64 = 0x67
    try write([Self.places[1] | used, Self.places[2] | used, Self.places[3] | used, 0x5000 | used], guest)
    let small = guest.interpreter.walkFourLevels(Self.linear, for: MemoryAccess(.write, .user))
    #expect(small?.physical == 0x5123)
    #expect(small?.permissions == [.writable, .executable, .user])

    try write([Self.places[1] | used, Self.places[2] | used, 0x20_0000 | used | 0x80, 0], guest)
    let large = guest.interpreter.walkFourLevels(Self.linear, for: MemoryAccess(.write, .supervisor))
    #expect(large?.physical == 0x20_4123)
  }

  @Test(arguments: UInt64(1)...10)
  func whatItFindsIsRight(seed: UInt64) throws {
    var numbers = RandomNumbers(seed: seed)
    let guest = try TestGuest.long([])
    let interpreter = guest.interpreter
    var found = 0
    for _ in 0..<250 {
      // Mostly bits that allow; now and then one that does not, or one that is reserved.
      let entries = (0..<4).map { level -> UInt64 in
        var entry = level < 3 ? Self.places[level + 1] : 0x7000
        entry |= 0x67
        for bit in [0, 1, 2, 5, 6, 7, 13, 20, 51, 63] as [UInt64] where numbers.next() % 24 == 0 {
          entry ^= 1 << bit
        }
        return entry
      }
      guest.core.cr0 =
        numbers.next() % 2 == 0
        ? guest.core.cr0.union(.writeProtect) : guest.core.cr0.subtracting(.writeProtect)
      guest.core.efer =
        numbers.next() % 4 == 0
        ? guest.core.efer.subtracting(.noExecuteEnable) : guest.core.efer.union(.noExecuteEnable)
      var control = guest.core.cr4.subtracting([
        .supervisorModeExecutionPrevention, .supervisorModeAccessPrevention,
      ])
      if numbers.next() % 4 == 0 { control.insert(.supervisorModeExecutionPrevention) }
      if numbers.next() % 4 == 0 { control.insert(.supervisorModeAccessPrevention) }
      guest.core.cr4 = control
      try write(entries, guest)
      let access = MemoryAccess(
        [.read, .write, .execute][Int(numbers.next() % 3)],
        [.user, .supervisor, .implicitSupervisor][Int(numbers.next() % 3)])
      guard let page = interpreter.walkFourLevels(Self.linear, for: access) else { continue }
      found += 1
      let translation = try interpreter.walker.translate(
        Self.linear, for: access, read32: { _ in nil },
        read64: { try? guest.memory.read(UInt64.self, at: GuestAddress($0)) })
      #expect(page.physical == translation.physicalAddress)
      #expect(page.permissions == translation.permissions)
      for index in 0..<translation.path.count {
        let entry = PageTableEntry(rawValue: translation.path[index].value)
        #expect(entry.contains(.accessed))
        if index == translation.path.count - 1 {
          #expect(page.leaf == entry)
          if access.kind == .write { #expect(entry.contains(.dirty)) }
        }
      }
    }
    #expect(found > 20)
  }

  /// Neighbours do not share an entry of the jump cache.
  @Test func theJumpCacheUsesAllItsEntries() {
    let offsets = Set((0..<UInt64(4096)).map { JumpCache.offset(of: 0x7000 + $0) })
    #expect(offsets.count == 4096)
    #expect(offsets.allSatisfy { $0 % JumpCache.entryByteCount == 0 })
    #expect(offsets.max() == (JumpCache.entryCount - 1) * JumpCache.entryByteCount)
  }
}
