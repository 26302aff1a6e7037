import Testing

@testable import AssistedEngine

@Suite struct RandomMovesTests {
  @Test func staysDependOnTheSeedAlone() {
    var (first, second, other) = (RandomMoves(seed: 7), RandomMoves(seed: 7), RandomMoves(seed: 8))
    let stays = (0..<100).map { _ in first.stay() }
    #expect(stays == (0..<100).map { _ in second.stay() })
    #expect(stays != (0..<100).map { _ in other.stay() })
    #expect(stays.allSatisfy { 1...1024 ~= $0 } && stays.contains { $0 <= 16 } && stays.contains { $0 > 100 })
  }

  @Test func everyKindOfMoveComesUp() {
    var moves = RandomMoves(seed: 3)
    var (none, atExit, times) = (0, 0, [UInt64]())
    for _ in 0..<1000 {
      switch moves.nextMove() {
      case .none: none += 1
      case .atExit: atExit += 1
      case .afterNanoseconds(let time): times.append(time)
      }
    }
    #expect(none > 150 && atExit > 150 && times.count > 350)
    #expect(times.allSatisfy { 2000...300_000 ~= $0 })
    #expect(times.count { $0 < 20_000 } > 100 && times.count { $0 > 100_000 } > 50)
  }
}
