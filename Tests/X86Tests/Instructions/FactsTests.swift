import Testing
import X86

/// What is told of instructions, against the manual's pages on them.
struct FactsTests {
  @Test(
    "Flags read, written, left undefined",
    arguments: [
      ("01 c8", RFLAGS(), RFLAGS.status, RFLAGS()),
      ("11 c8", [.carry], .status, []),
      ("21 c8", [], [.carry, .parity, .zero, .sign, .overflow], [.adjust]),
      ("ff c0", [], [.parity, .adjust, .zero, .sign, .overflow], []),
      ("d1 e0", [], [.carry, .parity, .zero, .sign, .overflow], [.adjust]),
      ("c1 e0 04", [], [.carry, .parity, .zero, .sign], [.adjust, .overflow]),
      ("66 c1 e0 11", [], [.parity, .zero, .sign], [.carry, .adjust, .overflow]),
      ("d3 f8", [], [.carry, .parity, .zero, .sign], [.adjust, .overflow]),
      ("d3 d0", [.carry], [.carry], [.overflow]),
      ("f7 e1", [], [.carry, .overflow], [.parity, .adjust, .zero, .sign]),
      ("f7 f1", [], [], .status),
      ("0f bc c1", [], [.zero], [.carry, .parity, .adjust, .sign, .overflow]),
      ("0f a3 c8", [], [.carry], [.parity, .adjust, .sign, .overflow]),
      ("0f 4f c1", [.zero, .sign, .overflow], [], []),
      ("76 00", [.carry, .zero], [], []),
      ("89 c8", [], [], []), ("f7 d0", [], [], []), ("9c", .status, [], []),
      ("df f1", [], .status, []), ("66 0f 38 f6 c1", [.carry], [.carry], []),
    ] as [(String, RFLAGS, RFLAGS, RFLAGS)])
  func flags(_ text: String, _ read: RFLAGS, _ written: RFLAGS, _ undefined: RFLAGS) throws {
    let instruction = try decode(text)
    #expect(instruction.flagsRead == read)
    #expect(instruction.flagsWritten == written)
    #expect(instruction.flagsUndefined == undefined)
  }

  @Test("Conditions hold when they should: the sixteen of the manual, over all flags they read")
  func conditions() {
    for bits in 0..<32 {
      let carry = bits & 1 != 0
      let zero = bits & 2 != 0
      let sign = bits & 4 != 0
      let overflow = bits & 8 != 0
      let parity = bits & 16 != 0
      var flags = RFLAGS()
      if carry { flags.insert(.carry) }
      if zero { flags.insert(.zero) }
      if sign { flags.insert(.sign) }
      if overflow { flags.insert(.overflow) }
      if parity { flags.insert(.parity) }
      let expected: [Condition: Bool] = [
        .overflow: overflow, .notOverflow: !overflow, .below: carry, .aboveOrEqual: !carry, .equal: zero,
        .notEqual: !zero, .belowOrEqual: carry || zero, .above: !carry && !zero, .sign: sign,
        .notSign: !sign, .parity: parity, .notParity: !parity, .less: sign != overflow,
        .greaterOrEqual: sign == overflow, .lessOrEqual: zero || sign != overflow,
        .greater: !zero && sign == overflow,
      ]
      for (condition, holds) in expected {
        #expect(condition.holds(in: flags) == holds, "\(condition) with \(flags)")
        // What it does not say it reads makes no difference.
        let others = RFLAGS.status.subtracting(condition.flagsRead)
        #expect(condition.holds(in: flags.symmetricDifference(others)) == holds)
      }
    }
  }

  @Test(
    "Memory: what for, how wide, how aligned",
    arguments: [
      ("8b 07", MemoryUse.read, 4, 1), ("89 07", .write, 4, 1), ("01 07", .readWrite, 4, 1),
      ("39 07", .read, 4, 1), ("8d 07", .address, 0, 1), ("ff 37", .read, 8, 1), ("8f 07", .write, 8, 1),
      ("0f 1f 07", .address, 4, 1), ("0f 94 07", .write, 1, 1), ("0f b1 0f", .readWrite, 4, 1),
      ("0f c7 0f", .readWrite, 8, 1), ("48 0f c7 0f", .readWrite, 16, 16), ("0f 28 07", .read, 16, 16),
      ("0f 10 07", .read, 16, 1), ("0f 29 07", .write, 16, 16), ("f3 0f 6f 07", .read, 16, 1),
      ("66 0f ef 07", .read, 16, 16), ("f3 0f 58 07", .read, 4, 1), ("f2 0f f0 07", .read, 16, 1),
      ("66 0f 3a 63 07 0c", .read, 16, 1), ("c5 f9 ef 07", .read, 16, 1), ("c5 fd 6f 07", .read, 32, 32),
      ("c5 fe 6f 07", .read, 32, 1), ("0f ae 07", .write, 512, 16), ("0f ae 27", .write, 0, 64),
      ("dd 07", .read, 8, 1), ("db 3f", .write, 10, 1), ("d9 37", .write, 28, 1), ("0f 01 17", .read, 10, 1),
      ("0f 01 3f", .address, 0, 1), ("a4", MemoryUse.none, 0, 1), ("01 c8", MemoryUse.none, 0, 1),
      ("66 0f 38 82 07", .read, 16, 1), ("0f ab 07", .readWrite, 4, 1), ("0f a3 07", .read, 4, 1),
    ])
  func memory(_ text: String, _ use: MemoryUse, _ width: Int, _ alignment: Int) throws {
    let instruction = try decode(text)
    #expect(instruction.memoryUse == use)
    #expect(instruction.memoryWidth == width)
    #expect(instruction.requiredAlignment == alignment)
  }

  @Test(
    "Where translated code must stop",
    arguments: [
      ("eb fe", true, true), ("0f 84 00 00 00 00", true, true), ("c3", true, true), ("0f 05", true, true),
      ("f4", false, true), ("fb", false, true), ("0f 22 d8", false, true), ("8e d0", false, true),
      ("8e d8", false, false), ("0f 30", false, true), ("01 c8", false, false), ("0f 20 d8", false, false),
      ("cc", true, true), ("0f 0b", true, true), ("f3 a4", false, false),
    ])
  func control(_ text: String, _ isBranch: Bool, _ endsBlock: Bool) throws {
    let instruction = try decode(text)
    #expect(instruction.isBranch == isBranch)
    #expect(instruction.endsBlock == endsBlock)
  }

  @Test("What older processors make of encodings that were given a meaning later")
  func withoutFeature() throws {
    #expect(try decode("f3 0f bc c1").operation.withoutFeature == .bsf)
    #expect(try decode("f3 0f bd c1").operation.withoutFeature == .bsr)
    #expect(try decode("f3 0f 1e fa").operation.withoutFeature == .nop)
    #expect(try decode("f3 0f b8 c1").operation.withoutFeature == nil)
  }
}
