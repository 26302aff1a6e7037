import Engine
import Testing

@testable import SwiftVM

/// The ring of the last exits.
@Suite struct ExitHistoryTests {
  @Test func isEmptyAtFirst() {
    let history = ExitHistory()
    #expect(history.entries.isEmpty)
    #expect(history.total == 0)
  }

  @Test(arguments: [1, 15, 16, 17, 32, 1000])
  func keepsTheLastSixteenInOrder(_ count: Int) {
    let history = ExitHistory()
    for number in 0..<count { history.record(.debug, detail: UInt64(number)) }
    let first = max(0, count - 16)
    #expect(history.entries.map(\.address) == (first..<count).map { UInt64($0) })
    #expect(history.total == UInt64(count))
  }

  @Test(arguments: [AccessDirection.read, .write], [1, 2, 4] as [UInt8])
  func keepsAllOfAPortAccess(_ direction: AccessDirection, _ width: UInt8) throws {
    let history = ExitHistory()
    for (port, count) in [(0, 1), (0xffff, 7), (0x3f8, .max)] as [(UInt16, UInt32)] {
      history.record(
        PortAccess(port: port, width: width, direction: direction, count: count, data: ExitBuffer()),
        value: 0x8765_4321)
      let entry = try #require(history.entries.last)
      #expect(entry.kind == .portIO && entry.direction == direction && entry.width == width)
      #expect(entry.address == UInt64(port) && entry.count == count && entry.value == 0x8765_4321)
    }
  }

  @Test(arguments: [AccessDirection.read, .write], 1...8 as ClosedRange<UInt8>)
  func keepsAllOfAMemoryAccess(_ direction: AccessDirection, _ width: UInt8) throws {
    let history = ExitHistory()
    for address in [0, 0xfee0_0000, .max] as [UInt64] {
      history.record(
        MMIOAccess(address: address, width: width, direction: direction, data: ExitBuffer()), value: .max)
      let entry = try #require(history.entries.last)
      #expect(entry.kind == .mmio && entry.direction == direction && entry.width == width)
      #expect(entry.address == address && entry.count == 1 && entry.value == .max)
    }
  }

  @Test func keepsTheKindOfEveryExit() {
    let history = ExitHistory()
    let kinds = (UInt8(0)...10).compactMap(ExitKind.init(rawValue:))
    for kind in kinds { history.record(kind, detail: UInt64(kind.rawValue)) }
    #expect(history.entries.map(\.kind) == kinds)
    #expect(history.entries.allSatisfy { $0.address == UInt64($0.kind.rawValue) && $0.count == 1 })
  }

  @Test func everyKindHasANameOfItsOwn() {
    let names = (UInt8(0)...20).compactMap { ExitKind(rawValue: $0)?.name }
    #expect(names.count == 14)
    #expect(Set(names).count == names.count)
  }
}
