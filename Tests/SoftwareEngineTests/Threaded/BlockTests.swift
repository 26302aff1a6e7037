import Testing
import X86

@testable import SoftwareEngine

/// Blocks of instructions in the threaded tier against the same instructions, one by one, in the plain one: the
/// registers, all of RFLAGS and memory must agree, at the end and where an instruction in the middle faults.
@Suite struct BlockTests {
  @Test(arguments: UInt64(1)...12)
  func randomBlocksEndAsInstructionsDo(seed: UInt64) throws {
    var maker = BlockMaker(seed: seed)
    for _ in 0..<20 {
      let code = maker.block(count: 24, isFaulting: false)
      try compare(code, maker.registers(), expectsFault: false)
    }
  }

  @Test(arguments: UInt64(101)...106)
  func aFaultInABlockShowsTheFlagsAsTheyAre(seed: UInt64) throws {
    var maker = BlockMaker(seed: seed)
    for _ in 0..<20 {
      let code = maker.block(count: 24, isFaulting: true)
      try compare(code, maker.registers(), expectsFault: true)
    }
  }

  private func compare(_ code: [[UInt8]], _ registers: [UInt64], expectsFault: Bool) throws {
    // HLT ends the block, and the run.
    let bytes: [UInt8] = Array(code.joined()) + [0xF4]
    let plain = try TestGuest.long(bytes)
    let threaded = try TestGuest.long(bytes)
    for guest in [plain, threaded] {
      for number in 0..<16 where number != 4 { guest.core[UInt8(number)] = registers[number] }
      for word in 0..<8 { try guest.write(registers[word] &* 3, at: TestGuest.data + UInt64(word) * 8) }
    }

    let exception = plain.run(code.count)
    #expect((exception != nil) == expectsFault)
    // Without an interrupt descriptor table an exception is a triple fault, which leaves RIP where it is.
    let pause = threaded.interpreter.execute(atMost: 1000)
    #expect(pause == .exit)
    if !expectsFault { plain.run() }

    #expect(threaded.core.rip == plain.core.rip)
    for number in UInt8(0)..<16 {
      #expect(threaded.core[number] == plain.core[number], "register \(number) after \(code)")
    }
    #expect(threaded.core.rflags.rawValue == plain.core.rflags.rawValue, "flags after \(code)")
    #expect(try threaded.bytes(at: TestGuest.data, 64) == plain.bytes(at: TestGuest.data, 64))
  }

  /// An instruction with two accesses, to pages that have the same place in the translation cache.
  @Test(.timeLimit(.minutes(1)), arguments: [[0x14], [0x34]] as [[UInt8]])
  func pagesThatExcludeEachOtherAreBothReached(_ modRM: [UInt8]) throws {
    // CALL or PUSH [data]: FF /2 or FF /6; then HLT.
    let code: [UInt8] = [0xFF] + modRM + [0x25, 0, 0x40, 0, 0, 0xF4]
    let guest = try TestGuest.long(code)
    let target = TestGuest.codeAddress + 7
    try guest.write(target, at: TestGuest.data)
    guest.core.rsp = TestGuest.twins + TestGuest.data + 0x800
    #expect(guest.interpreter.execute(atMost: 100) == .exit)
    #expect(guest.core.rip == target + 1 && guest.core.budget == 98)
    #expect(guest.core.rsp == TestGuest.twins + TestGuest.data + 0x7F8)
    #expect(try guest.word(at: TestGuest.data + 0x7F8) == target)
  }

  /// The flags of the first of two additions are left out, but not where an instruction that may fault or one
  /// that reads flags stands between them.
  @Test func flagsAreLeftOutOnlyWhereNobodySeesThem() throws {
    let add: [UInt8] = [0x48, 0x01, 0xD8]
    let move: [UInt8] = [0x48, 0x89, 0xC1]
    let load: [UInt8] = [0x48, 0x8B, 0x0C, 0x25, 0, 0x40, 0, 0]
    let addWithCarry: [UInt8] = [0x48, 0x11, 0xD8]
    #expect(try quiet([add, add]) == [true, false])
    #expect(try quiet([add, move, add]) == [true, false, false])
    #expect(try quiet([add, load, add]) == [false, false, false])
    #expect(try quiet([add, addWithCarry, add]) == [false, false, false])
    #expect(try quiet([add]) == [false])
  }

  /// Which of the instructions leave their flags out.
  private func quiet(_ code: [[UInt8]]) throws -> [Bool] {
    let decoder = InstructionDecoder(.bits64)
    var prepared: [PreparedOperation] = []
    for bytes in code {
      var fetched = InstructionBytes()
      for byte in bytes { fetched.append(byte) }
      let instruction = try decoder.decode(fetched)
      prepared.append(try #require(ThreadedSelection.select(instruction, pageOffset: 0)))
    }
    let before = prepared.map { address($0.handler) }
    prepared.dropUnseenFlags()
    return zip(before, prepared).map { $0 != address($1.handler) }
  }

  private func address(_ handler: ThreadedHandler) -> UInt {
    // Sound: only compared.
    unsafe unsafeBitCast(handler.function, to: UInt.self)
  }
}

/// Makes blocks of instructions that have handlers of their own.
private struct BlockMaker {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// The next number below `limit` (xorshift64*).
  private mutating func next(_ limit: UInt64) -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return ((state &* 0x2545_F491_4F6C_DD1D) >> 11) % limit
  }

  mutating func registers() -> [UInt64] {
    (0..<16).map { _ in
      switch next(4) {
      case 0: next(3)
      case 1: 0 &- next(3)
      case 2: 1 << next(64)
      default: next(1 << 32) << 32 | next(1 << 32)
      }
    }
  }

  mutating func block(count: Int, isFaulting: Bool) -> [[UInt8]] {
    var block = (0..<count).map { _ in instruction() }
    if isFaulting {
      let page = (0..<4).map { UInt8(truncatingIfNeeded: TestGuest.absent >> UInt64(8 * $0)) }
      block[Int(next(UInt64(count)))] = [0x48, 0x8B, 0x04, 0x25] + page
    }
    return block
  }

  private mutating func instruction() -> [UInt8] {
    let rex = UInt8(next(2) == 0 ? 0x48 : 0x40)
    let registers: [UInt8] = [0, 1, 2, 3, 5, 6, 7]
    let (first, second) = (registers[Int(next(7))], registers[Int(next(7))])
    let both = 0xC0 | first << 3 | second
    /// With an opcode's extension in place of the first register.
    func extended(_ number: UInt8) -> UInt8 { 0xC0 | number << 3 | second }
    let byte = UInt8(next(256))
    switch next(16) {
    case 0, 1, 2: return [rex, UInt8(next(8)) << 3 | 1, both]
    case 3: return [rex, 0x85, both]
    case 4: return [rex, 0x89, both]
    case 5: return [rex, 0x83, extended(UInt8(next(8))), byte]
    case 6: return [rex, 0xC1, extended([0, 1, 4, 5, 7][Int(next(5))]), byte]
    case 7: return [rex, 0xD3, extended([0, 1, 4, 5, 7][Int(next(5))])]
    case 8: return [rex, 0xFF, extended(UInt8(next(2)))]
    case 9: return [rex, 0xF7, extended([2, 3, 4][Int(next(3))])]
    case 10: return next(2) == 0 ? [rex, 0x0F, 0xAF, both] : [rex, 0x6B, both, byte]
    case 11: return [rex, 0x0F, 0x40 | byte & 15, both]
    case 12: return [rex, 0x0F, 0x90 | byte & 15, both]
    case 13: return [rex, 0x0F, [0xA3, 0xAB, 0xB3, 0xBB][Int(next(4))], both]
    case 14: return [rex, 0x8D, 0x40 | first << 3 | second, byte]
    default:
      // With memory: arithmetic either way, a counter, an exchange.
      let place: [UInt8] = [0x25, UInt8(next(7)) * 8, UInt8(TestGuest.data >> 8), 0, 0]
      switch next(5) {
      case 0: return [rex, UInt8(next(8)) << 3 | 1, 0x04 | first << 3] + place
      case 1: return [rex, UInt8(next(8)) << 3 | 3, 0x04 | first << 3] + place
      case 2: return [rex, 0xFF, 0x04 | UInt8(next(2)) << 3] + place
      case 3: return [rex, 0x87, 0x04 | first << 3] + place
      default: return [rex, 0x0F, [0xB1, 0xC1][Int(next(2))], 0x04 | first << 3] + place
      }
    }
  }
}
