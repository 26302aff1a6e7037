internal import X86

/// Registers and displacements such that memory operands lie in the arena.
extension CaseGenerator {
  /// Gives every address that the instruction uses a target, and memory there values.
  ///
  /// - Returns: false where it could touch memory that is not ours.
  mutating func chooseAddresses(_ test: inout TestCase) -> Bool {
    let instruction = test.instruction
    switch instruction.operation {
    case .movs, .cmps, .stos, .lods, .scas, .ins, .outs: return chooseStrings(&test)
    case .jmpNear, .callNear, .jcc, .loop, .loope, .loopne, .jcxz:
      if case .relative = instruction.operands[0] {
        guard chooseRelative(&test) else { return false }
        return instruction.operation == .callNear ? chooseStack(&test) : true
      }
    default: break
    }
    // The memory operand comes last: its base may be the stack pointer.
    if instruction.usesStack, !chooseStack(&test) { return false }
    if instruction.operation == .maskmovq || instruction.operation == .maskmovdqu {
      // Not across pages that fault: whether bytes that are masked out do is up to the CPU.
      let target = ArenaLayout.data + 0x400 + random.below(0xC00 - 16) + random.below(2) * 0xC00
      setRegister(7, target &- segmentBase(test), &test)
      fill(target, test, &test)
      return true
    }
    if instruction.operation == .xlat {
      let target = dataTarget(width: 1, isAligned: false)
      let index = test.registers.general[0] & 0xFF
      setRegister(3, target &- segmentBase(test) &- index, &test)
      fill(target, test, &test)
      return isSafeXlat(test)
    }
    if instruction.hasMemory, !chooseOperand(&test) { return false }
    if instruction.operation == .jmpNear || instruction.operation == .callNear {
      return chooseIndirectTarget(&test)
    }
    return isSafe(test)
  }

  // MARK: Targets

  /// A linear address in the data, mostly where an access of `width` bytes succeeds.
  mutating func dataTarget(width: UInt64, isAligned: Bool) -> UInt64 {
    let data = ArenaLayout.data
    let choice = random.next()
    switch choice & 63 {
    case 0...2: return data + 0x1000 - (choice >> 8) % (width + 1)  // from page to page
    case 3: return data - (choice >> 8) % (width + 1)  // from the hole into the data
    case 4: return ArenaLayout.readOnly - (choice >> 8) % (width + 1)  // into what cannot be written
    case 5: return ArenaLayout.readOnly + choice >> 8 & 0x7F8
    case 6: return ArenaLayout.dataEnd - (choice >> 8) % (width + 1)  // into the hole
    case 7:
      if codeSize == .bits64, choice >> 8 & 1 == 0 {
        // Not canonical. Where the border runs through an operand, a KVM without hardware support may
        // report the page below it.
        let distance = place == .guest ? 0 : (choice >> 16) % (width + 1)
        return 0x8000_0000_0000 - distance + (choice >> 32 & 1) * 64
      }
      return 0x100 + choice >> 16 & 0x7FF  // the page at zero, but not where 32-bit offsets wrap
    case 8...15: return data + 0x400 + choice >> 8 & 0x17FF
    default:
      let alignment = isAligned ? UInt64(16) : 8
      return data + 0x400 + (choice >> 8 & 0x17FF) & ~(alignment - 1)
    }
  }

  /// Puts values into memory from `address` on.
  mutating func fill(_ address: UInt64, _ current: TestCase, _ test: inout TestCase) {
    guard ArenaLayout.holds(address, byteCount: 64) else { return }
    switch current.instruction.operation {
    case .cmpxchg8b where random.oneIn(2):
      let low = test.registers.general[0] & 0xFFFF_FFFF
      test.patch(address, low | test.registers.general[2] << 32, random.next())
    case .cmpxchg16b where random.oneIn(2):
      test.patch(address, test.registers.general[0], test.registers.general[2])
    case .cmpxchg where random.oneIn(2):
      test.patch(address, test.registers.general[0], random.edgeValue())
    default:
      if current.usesExtended {
        test.patch(address, random.vectorWord(), random.vectorWord())
      } else {
        test.patch(address, random.edgeValue(), random.edgeValue())
      }
    }
  }

  func segmentBase(_ test: TestCase) -> UInt64 {
    guard codeSize == .bits64 else { return 0 }
    return switch test.instruction.memory.segment {
    case .gs: ArenaLayout.gsBase
    case .fs: ArenaLayout.fsBase
    default: 0
    }
  }

  /// Sets an address register; bits that the address size leaves out are random.
  mutating func setRegister(_ number: UInt8, _ value: UInt64, _ test: inout TestCase) {
    var value = value
    if test.instruction.addressSize == 4 {
      value &= 0xFFFF_FFFF
      if codeSize == .bits64, random.oneIn(2) { value |= random.next() << 32 }
    }
    test.registers.general[Int(number & 15)] = value
  }

  // MARK: The memory operand

  private mutating func chooseOperand(_ test: inout TestCase) -> Bool {
    let width = UInt64(max(test.instruction.memoryWidth, 1))
    var target = dataTarget(width: width, isAligned: width >= 16)
    if test.instruction.operation == .fxsave || test.instruction.operation == .fxrstor {
      target = ArenaLayout.data + 0x400 + random.below(0x100) * 16
      if random.oneIn(16) { target += random.below(16) }
      fillImage(target, &test)
    }
    guard solve(target, &test) else { return false }
    if test.instruction.operation == .bt || test.instruction.operation == .bts
      || test.instruction.operation == .btr
      || test.instruction.operation == .btc
    {
      // Near the bit that is meant.
      if case .general(let number, let size) = test.instruction.operands[1] {
        let bits = signExtended(test.registers.general[Int(number & 15)], size)
        let reached = target &+ UInt64(bitPattern: bits >> 3)
        guard ArenaLayout.holds(reached, byteCount: 64) else { return false }
        fill(reached & ~7, test, &test)
      }
    }
    if test.instruction.operation != .lea, test.instruction.operation != .fxrstor {
      fill(target, test, &test)
    }
    return true
  }

  private func signExtended(_ value: UInt64, _ width: UInt8) -> Int64 {
    let unused = 64 - Int64(width) * 8
    return (Int64(bitPattern: value) << unused) >> unused
  }

  /// Sets registers and displacement so that the memory operand is at `target`.
  private mutating func solve(_ target: UInt64, _ test: inout TestCase) -> Bool {
    let memory = test.instruction.memory
    let wanted = target &- segmentBase(test)
    let displacement = UInt64(bitPattern: memory.displacement)
    let hasBase = memory.base < 16
    let hasIndex = memory.index < 16
    if memory.base == MemoryOperand.instructionPointer {
      return setDisplacement(wanted &- (test.registers.rip &+ UInt64(test.length)), &test)
    }
    if !hasBase, !hasIndex { return setDisplacement(wanted, &test) }
    let scale = UInt64(memory.scale)
    if hasBase, hasIndex, memory.base == memory.index {
      let sum = wanted &- displacement
      if test.instruction.addressSize == 4 { return false }
      setRegister(memory.base, sum / (scale + 1), &test)
      return true
    }
    if hasIndex, !hasBase {
      let index = random.below(0x400)
      test.registers.general[Int(memory.index)] = index
      return setDisplacement(wanted &- index &* scale, &test)
    }
    let index = hasIndex ? test.registers.general[Int(memory.index)] : 0
    setRegister(memory.base, wanted &- displacement &- index &* scale, &test)
    return true
  }

  private mutating func setDisplacement(_ value: UInt64, _ test: inout TestCase) -> Bool {
    var place = encoding.displacement
    var byteCount = encoding.displacementByteCount
    if !test.instruction.hasModRM {
      // An absolute address behind the opcode: MOV with the accumulator.
      place = Int(test.instruction.opcodeOffset) + 1
      byteCount = Int(test.instruction.addressSize)
    }
    guard byteCount == 4 || byteCount == 8 else { return byteCount == 2 }
    if byteCount == 4, test.instruction.addressSize == 8 {
      guard Int64(bitPattern: value) == Int64(Int32(truncatingIfNeeded: value)) else { return false }
    }
    for index in 0..<byteCount {
      test.bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
    }
    return decodeAgain(&test)
  }

  /// Takes over what the decoder makes of changed bytes.
  func decodeAgain(_ test: inout TestCase) -> Bool {
    do throws(DecodeError) {
      test.instruction = try InstructionDecoder(codeSize).decode(test.instructionBytes)
      return true
    } catch {
      return false
    }
  }
}
