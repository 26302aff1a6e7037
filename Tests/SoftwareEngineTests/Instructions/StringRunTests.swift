import Testing
import X86

@testable import SoftwareEngine

/// Runs of a repeated string instruction against the same items one by one, as single step has them done.
struct StringRunTests {
  /// One case: the instruction and the registers.
  private struct Case {
    var code: [UInt8]
    var isDown: Bool
    var rax, rcx, rsi, rdi: UInt64
  }

  private static let base: UInt64 = 0x1_0000
  private static let byteCount = 0x6000

  @Test func runsDoWhatItemsDo() throws {
    var random = RepeatableGenerator(state: 0x1234_5678_9ABC_DEF1)
    let together = try TestGuest.long([])
    let apart = try TestGuest.long([])
    for _ in 0..<200 {
      let item = randomCase(&random)
      // Few different values where items are compared, so that it goes on for a while.
      let isMove = item.code.last == 0xA4 || item.code.last == 0xA5
      var memory = (0..<Self.byteCount).map { UInt8(truncatingIfNeeded: isMove ? $0 &* 7 : $0 / 1024) }
      for _ in 0..<4 { memory[Int(random.next() % UInt64(Self.byteCount))] &+= 1 }
      let first = try outcome(together, item, memory, isStepping: false)
      let second = try outcome(apart, item, memory, isStepping: true)
      #expect(first.registers == second.registers, "\(item)")
      let isSame = first.memory == second.memory
      #expect(isSame, "\(item)")
    }
  }

  private func randomCase(_ random: inout RepeatableGenerator) -> Case {
    let opcode: UInt8 = [0xA4, 0xA6, 0xAA, 0xAE][Int(random.next() % 4)]
    let width = random.next() % 4
    var code: [UInt8] = width == 1 ? [0x66] : []
    code.append(random.next() % 2 == 0 ? 0xF2 : 0xF3)
    if width == 3 { code.append(0x48) }
    code.append(width == 0 ? opcode : opcode + 1)
    let middle = Self.base + 0x2000
    let source = middle + random.next() % 0x2000
    // Close to each other half of the time.
    let target = random.next() % 2 == 0 ? source &+ random.next() % 16 &- 8 : middle + random.next() % 0x2000
    let value = random.next() % 64
    return Case(
      code: code, isDown: random.next() % 3 == 0, rax: value | value << 8, rcx: random.next() % 600,
      rsi: source,
      rdi: target)
  }

  private func outcome(_ guest: TestGuest, _ item: Case, _ memory: [UInt8], isStepping: Bool) throws
    -> (registers: [UInt64], memory: [UInt8])
  {
    try guest.write(memory, at: Self.base)
    try guest.write(item.code, at: TestGuest.codeAddress)
    let core = guest.core
    core.rip = TestGuest.codeAddress
    (core.rax, core.rcx, core.rsi, core.rdi) = (item.rax, item.rcx, item.rsi, item.rdi)
    core.rflags = RFLAGS(rawValue: 2)
    if item.isDown { core.systemFlags.insert(.direction) }
    if isStepping { core.systemFlags.insert(.trap) }
    var steps = 0
    while core.rip == TestGuest.codeAddress, steps < 1000 {
      #expect(guest.run() == nil)
      steps += 1
    }
    let found = try guest.bytes(at: Self.base, Self.byteCount)
    return ([core.rax, core.rcx, core.rsi, core.rdi, core.rip, core.statusFlags], found)
  }
}

/// Numbers that are the same in each run (xorshift64).
struct RepeatableGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state >> 3
  }
}
