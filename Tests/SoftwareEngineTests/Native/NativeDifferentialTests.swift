import Testing
import X86

@testable import SoftwareEngine

/// Every instruction that the host executes for the guest, against the same bytes run by a program:
/// what is under test is the way there and back, and what Swift does itself.
@Suite struct NativeDifferentialTests {
  private static let guestOperands: UInt64 = 0x8000

  private func randomRegisters(_ random: inout RandomNumbers) -> Registers {
    var registers = Registers()
    for number in 0..<16 { registers.general[number] = random.lane() }
    registers.flags = 0x202 | random.next() & 0x8D5
    for offset in stride(from: 160, to: 416, by: 8) { registers.set(random.lane(), at: offset, width: 8) }
    for index in 0..<8 {
      let (significand, exponent) = random.x87()
      registers.set(significand, at: 32 + index * 16, width: 8)
      registers.set(UInt64(exponent), at: 40 + index * 16, width: 2)
    }
    registers.set(random.next() & 0x1F3F | 0x40, at: 0, width: 2)
    // No exception waits: every flag that is set is masked.
    let masked = registers.number(at: 0, width: 2) & 0x3F
    registers.set(random.next() & (0x7F40 | masked), at: 2, width: 2)
    registers.set([0, 0xFF, random.next() & 0xFF].randomElement(using: &random) ?? 0, at: 4, width: 1)
    registers.set(random.next() & 0x7FF, at: 6, width: 2)
    registers.set(random.next() & 0x7FFF_FFFF, at: 8, width: 8)
    registers.set(random.next() & 0x7FFF_FFFF, at: 16, width: 8)
    // Rounding, DAZ, FZ and flags vary; all exceptions are masked.
    registers.set(0x1F80 | random.next() & 0xE07F, at: 24, width: 4)
    registers.set(0xFFFF, at: 28, width: 4)
    return registers
  }

  /// Runs `bytes` on both with RBX at the operand and compares everything.
  private func compare(
    _ bytes: [UInt8], _ native: NativeRunner, _ guest: GuestRunner, _ random: inout RandomNumbers,
    operandOffset: Int = 0, operandByteCount: Int = 128,
    prepare: (inout Registers, inout [UInt8], inout RandomNumbers) -> Void = { _, _, _ in }
  ) throws {
    var before = randomRegisters(&random)
    var operand = (0..<operandByteCount / 8).flatMap { _ in
      let lane = random.lane()
      return (0..<8).map { UInt8(truncatingIfNeeded: lane >> (8 * $0)) }
    }
    prepare(&before, &operand, &random)
    let host = unsafe native.operands + operandOffset
    for (index, byte) in operand.enumerated() {
      unsafe host.storeBytes(of: byte, toByteOffset: index, as: UInt8.self)
    }
    let address = Self.guestOperands + UInt64(operandOffset)
    try guest.write(operand, at: address)

    var expected = before
    expected.general[3] = UInt64(UInt(bitPattern: host))
    let hostAddress = expected.general[3]
    let codeAddress = try native.run(bytes, &expected)
    // What the CPU saved of the place of instruction and operand is the guest's place there.
    if expected.number(at: 8, width: 8) == codeAddress {
      expected.set(GuestRunner.codeAddress, at: 8, width: 8)
    }
    if expected.number(at: 16, width: 8) == hostAddress { expected.set(address, at: 16, width: 8) }
    expected.general[3] = address
    expected.general[4] = before.general[4]

    before.general[3] = address
    guest.registers = before
    if random.next() & 1 == 0 { guest.cpu.translations.flush() }
    do {
      try guest.run(bytes)
    } catch {
      Issue.record("\(describe(bytes)) raised \(error)")
      return
    }
    var result = guest.registers
    // Reserved bytes of the image that neither side has to keep.
    for index in 416..<512 { (expected.image[index], result.image[index]) = (0, 0) }
    for index in [5, 28, 29, 30, 31] { result.image[index] = expected.image[index] }
    for register in 0..<8 {
      for index in 10..<16 {
        result.image[32 + register * 16 + index] = expected.image[32 + register * 16 + index]
      }
    }
    // Only the status flags are these instructions' business.
    (expected.flags, result.flags) = (expected.flags & 0x8D5, result.flags & 0x8D5)
    let memory = try guest.read(address, operand.count)
    let nativeMemory = (0..<operand.count).map { unsafe host.load(fromByteOffset: $0, as: UInt8.self) }
    if result != expected || memory != nativeMemory {
      Issue.record(Comment(rawValue: difference(bytes, before, expected, result, nativeMemory, memory)))
    }
  }

  private func describe(_ bytes: [UInt8]) -> String {
    bytes.map { String($0, radix: 16) }.joined(separator: " ")
  }

  private func difference(
    _ bytes: [UInt8], _ before: Registers, _ expected: Registers, _ result: Registers, _ native: [UInt8],
    _ guest: [UInt8]
  ) -> String {
    var text = describe(bytes)
    for number in 0..<16 where expected.general[number] != result.general[number] {
      text += " r\(number): \(hex(result.general[number])) for \(hex(expected.general[number]))"
    }
    if expected.flags != result.flags { text += " flags \(hex(result.flags)) for \(hex(expected.flags))" }
    for offset in 0..<416 where expected.image[offset] != result.image[offset] {
      text +=
        " image[\(offset)] \(hex(before.image[offset])): \(hex(result.image[offset])) for \(hex(expected.image[offset]))"
    }
    for offset in native.indices where native[offset] != guest[offset] {
      text += " memory[\(offset)]: \(hex(guest[offset])) for \(hex(native[offset]))"
    }
    return text
  }

  private func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }

  private static func twoOfEight(_ random: inout RandomNumbers) -> [UInt8] {
    [UInt8(truncatingIfNeeded: random.next()) & 7, UInt8(truncatingIfNeeded: random.next()) & 7]
  }

  /// Registers that the oracle cannot lend: RSP, and RBX which points to the operand.
  private func usesReservedRegister(_ instruction: Instruction) -> Bool {
    for index in 0..<4 {
      if case .general(let number, _) = instruction.operands[index], number == 3 || number == 4 {
        return true
      }
    }
    return false
  }

  @Test(arguments: [OpcodeMap.secondary, .map0F38, .map0F3A])
  func vectorInstructions(_ map: OpcodeMap) throws {
    let native = try NativeRunner()
    let guest = try GuestRunner()
    var random = RandomNumbers(seed: UInt64(map.rawValue))
    var compared: Set<X86.Operation> = []
    let escape: [UInt8] = map == .secondary ? [0x0F] : map == .map0F38 ? [0x0F, 0x38] : [0x0F, 0x3A]
    for opcode in UInt8.min...UInt8.max {
      for prefix in [[], [0x66], [0xF3], [0xF2]] as [[UInt8]] {
        // Every /digit where it chooses the instruction.
        for reg in map == .secondary && opcode >= 0x71 && opcode <= 0x73
          ? [2, 3, 4, 6, 7] : Self.twoOfEight(&random)
        {
          for variant in 0..<2 {
            let isMemory = variant & 1 == 0
            let rex = 0x40 | UInt8(truncatingIfNeeded: random.next()) & (isMemory ? 0xC : 0xD)
            let rm = UInt8(truncatingIfNeeded: random.next()) & 7
            // [rbx], or a register.
            let modRM = isMemory ? reg << 3 | 3 : 0xC0 | reg << 3 | rm
            let immediate = UInt8(truncatingIfNeeded: random.next())
            let all = prefix + [rex] + escape + [opcode, modRM, immediate]
            // 38 and 3A are not opcodes of map 0F.
            guard let instruction = try? guest.decode(all), instruction.map == map else { continue }
            guard InstructionFamily(instruction.operation) == .native,
              NativeCode.hostHas(instruction.feature),
              !usesReservedRegister(instruction), instruction.operation != .maskmovq,
              instruction.operation != .maskmovdqu
            else { continue }
            let bytes = Array(all.prefix(Int(instruction.length)))
            let isUnaligned =
              NativeTraits(vector: instruction).contains(.isUnaligned)
              || (1..<16).contains(instruction.memoryWidth)
            let offset = isUnaligned && random.next() & 1 == 0 ? 4096 - 3 : 64 * Int(random.next() & 7)
            try compare(bytes, native, guest, &random, operandOffset: offset)
            compared.insert(instruction.operation)
          }
        }
      }
    }
    #expect(compared.count > (map == .secondary ? 150 : map == .map0F38 ? 40 : 20))
  }

  @Test func x87Instructions() throws {
    let native = try NativeRunner()
    let guest = try GuestRunner()
    var random = RandomNumbers(seed: 87)
    var compared: Set<X86.Operation> = []
    for opcode in UInt8(0xD8)...0xDF {
      for field in UInt8.min...UInt8.max {
        // Memory forms once for each /digit: [rbx].
        guard field >= 0xC0 || field & 0xC7 == 3 else { continue }
        for prefix in [[], [0x66]] as [[UInt8]] {
          let bytes = prefix + [opcode, field]
          guard let instruction = try? guest.decode(bytes), Int(instruction.length) == bytes.count else {
            continue
          }
          for _ in 0..<4 {
            let offset = [0, 61, 4096 - 5].randomElement(using: &random) ?? 0
            try compare(bytes, native, guest, &random, operandOffset: offset)
          }
          compared.insert(instruction.operation)
        }
      }
    }
    #expect(compared.count > 80)
  }

  @Test(
    arguments: [
      [0x0F, 0xAE, 0x03], [0x48, 0x0F, 0xAE, 0x03],  // fxsave, fxsave64
      [0x0F, 0xAE, 0x0B], [0x48, 0x0F, 0xAE, 0x0B],  // fxrstor, fxrstor64
      [0x0F, 0xAE, 0x13], [0x0F, 0xAE, 0x1B],  // ldmxcsr, stmxcsr
    ] as [[UInt8]])
  func savedState(_ bytes: [UInt8]) throws {
    let native = try NativeRunner()
    let guest = try GuestRunner()
    var random = RandomNumbers(seed: 512)
    for _ in 0..<100 {
      try compare(bytes, native, guest, &random, operandByteCount: 512) { _, operand, random in
        // Only masked exceptions and the bits that exist: what else would be a signal here.
        let control = UInt32(0x1F80) | UInt32(truncatingIfNeeded: random.next() & 0xE07F)
        // How many bits of FIP there are depends on the CPU: a canonical one.
        (operand[14], operand[15]) = (0, 0)
        operand[13] &= 0x7F
        let place = bytes.last == 0x13 ? 0 : 24
        for index in 0..<4 { operand[place + index] = UInt8(truncatingIfNeeded: control >> (8 * index)) }
      }
    }
  }
}
