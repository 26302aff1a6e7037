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

  @Test func everyKindHasANameOfItsOwn() {
    let names = (UInt8(0)...20).compactMap { ExitKind(rawValue: $0)?.name }
    #expect(names.count == 14)
    #expect(Set(names).count == names.count)
  }
}
