import Testing

@testable import AssistedEngine

/// How long a vCPU stays where it is, for what KVM was seen to do.
@Suite struct PatienceTests {
  private static let slow = Patience.Turn(nanoseconds: 100_000, emulated: 90)
  private static let quick = Patience.Turn(nanoseconds: 3_000_000, emulated: 2)
  private static let longAndQuick = Patience.Turn(nanoseconds: 50_000_000, emulated: 40)

  @Test func emulationInstructionByInstructionIsSlow() {
    #expect(Patience.verdict(on: Self.slow) == .slow)
    #expect(Patience.verdict(on: .init(nanoseconds: 1_000_000_000, emulated: 900_000)) == .slow)
    // A guest that does little but talk to devices: each access is an exit of many microseconds.
    #expect(Patience.verdict(on: .init(nanoseconds: 1_000_000_000, emulated: 100_000)) == .fast)
    #expect(Patience.verdict(on: Self.quick) == .fast)
    #expect(Patience.verdict(on: .init(nanoseconds: 10_000, emulated: 31)) == .unknown)
    #expect(Patience.verdict(on: .init(nanoseconds: 600_000, emulated: 0)) == .unknown)
    #expect(Patience.verdict(on: .init(nanoseconds: 1_000_000, emulated: nil)) == .unknown)
    #expect(Patience.verdict(on: .init(nanoseconds: .max, emulated: .max)) != .unknown)
  }

  /// Each failure is answered by a stay of some thousand instructions, and KVM is not hurried.
  @Test func aHostThatIsOnlyIncompleteKeepsTheGuest() {
    var patience = Patience()
    for _ in 0..<20 {
      patience.begin(after: Self.longAndQuick, isShort: false)
      #expect(patience.left(at: 1000) == Patience.shortestStay)
      #expect(patience.left(at: 1000 + 8000) == Patience.shortestStay - 8000)
      #expect(patience.left(at: 1_000_000) == 0)
      patience.end(executed: 8192)
      #expect(patience.turn == nil)
    }
  }

  @Test func failuresThatComeSoonDoubleTheStayUpToALimit() {
    var patience = Patience()
    var stays: [Int64] = []
    for _ in 0..<8 {
      patience.begin(after: .init(nanoseconds: 1_000_000, emulated: nil), isShort: false)
      stays.append(patience.left(at: 0))
    }
    #expect(stays == [16384, 32768, 65536, 131072, 262144, 262144, 262144, 262144])
    #expect(patience.turn == nil, "nobody knows that KVM is slow")
    patience.begin(after: Self.longAndQuick, isShort: false)
    #expect(patience.left(at: 0) == Patience.shortestStay)
  }

  /// A timer ends its first turns, which costs nothing to speak of, and moves nothing where it is fast.
  @Test func whatIsNotKnownOfKVMIsFoundOut() {
    var patience = Patience()
    patience.begin(after: .init(nanoseconds: 10_000, emulated: 1), isShort: false)
    patience.end(executed: 8192)
    #expect(patience.turn == Patience.shortestTurn)
    while patience.turn != nil { patience.goOn(after: .fast, isUserMode: false) }
    patience.begin(after: Self.longAndQuick, isShort: false)
    #expect(patience.turn == nil)
  }

  @Test func slowKVMGetsShortTurnsAndTheHelperLongStays() {
    var patience = Patience()
    var stays: [Int64] = []
    for _ in 0..<14 {
      patience.begin(after: Self.slow, isShort: false)
      stays.append(patience.left(at: 0))
      patience.end(executed: 8192)
      #expect(patience.turn == Patience.shortestTurn)
    }
    #expect(stays.first == 16384 && stays.last == Patience.longestStayBesideSlowKVM)
    #expect(zip(stays, stays.dropFirst()).allSatisfy { $0 <= $1 })
    // A turn that was too short to tell changes nothing, nor does a failure that came at once.
    patience.goOn(after: .unknown, isUserMode: false)
    #expect(patience.turn == Patience.shortestTurn)
    patience.begin(after: .init(nanoseconds: 1000, emulated: 1), isShort: false)
    #expect(patience.left(at: 0) == Patience.longestStayBesideSlowKVM)
  }

  @Test func aStayThatCameToNothingMakesTheNextTurnLonger() throws {
    var patience = Patience()
    patience.begin(after: Self.slow, isShort: false)
    var turns: [UInt64] = []
    for _ in 0..<8 {
      patience.end(executed: 10)
      turns.append(try #require(patience.turn))
    }
    #expect(turns.first == 200_000 && turns.last == Patience.longestTurnForDevices)
    patience.end(executed: 100_000)
    #expect(patience.turn == Patience.shortestTurn)
  }

  @Test func userModeGetsLongerTurnsToo() {
    var patience = Patience()
    patience.begin(after: Self.slow, isShort: false)
    for _ in 0..<20 { patience.goOn(after: .slow, isUserMode: true) }
    #expect(patience.turn == Patience.longestTurnForDevices)
  }

  /// It takes a second without much emulation, in ever longer turns.
  @Test func kvmThatHasBecomeFastIsTrustedAgain() {
    var patience = Patience()
    for _ in 0..<14 { patience.begin(after: Self.slow, isShort: false) }
    var turns = 0
    while patience.turn != nil, turns < 100 {
      patience.goOn(after: .fast, isUserMode: false)
      turns += 1
    }
    #expect(turns == 15)
    patience.begin(after: Self.longAndQuick, isShort: false)
    #expect(patience.left(at: 0) == Patience.shortestStay)
  }

  /// User mode, and vCPUs beside others: nothing is learnt from them.
  @Test func aShortStayIsOneInstruction() {
    var patience = Patience()
    patience.begin(after: Self.slow, isShort: true)
    #expect(patience.left(at: 7) == 1)
    #expect(patience.left(at: 8) == 0)
    #expect(patience.turn == nil && patience.kernelStay == Patience.shortestStay)
  }
}
