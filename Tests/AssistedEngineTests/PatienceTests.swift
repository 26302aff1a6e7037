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
}
