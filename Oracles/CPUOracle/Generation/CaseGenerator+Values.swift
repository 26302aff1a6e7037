internal import X86

/// Values that make particular instructions do something worth seeing.
extension CaseGenerator {
  mutating func chooseValues(_ test: inout TestCase) {
    let instruction = test.instruction
    switch instruction.operation {
    case .div, .idiv:
      // A random dividend almost always overflows the quotient.
      switch random.below(4) {
      case 0: test.registers.general[2] = 0
      case 1:
        let sign = Int64(bitPattern: test.registers.general[0]) < 0
        test.registers.general[2] = sign ? .max : 0
      case 2: test.registers.general[2] = random.below(16)
      default: break
      }
      if instruction.operandSize == 1, random.oneIn(2) { test.registers.general[0] &= 0x0F_FFFF_FFFF_FFFF }
    case .cmpxchg, .cmpxchg8b, .cmpxchg16b:
      // Let the comparison succeed often: `chooseAddresses` puts these values into memory.
      if case .general(let number, _) = instruction.operands[0], random.oneIn(2) {
        test.registers.general[0] = test.registers.general[Int(number & 15)]
      }
    case .movs, .cmps, .stos, .lods, .scas, .ins, .outs:
      let counted = instruction.prefixes.isDisjoint(with: [.repeatEqual, .repeatNotEqual])
      if !counted {
        var count = random.oneIn(16) ? random.below(200) : random.below(10)
        if instruction.addressSize < 8, codeSize == .bits64, random.oneIn(2) { count |= random.next() << 32 }
        test.registers.general[1] = count
      }
    case .loop, .loope, .loopne, .jcxz:
      if random.oneIn(2) { test.registers.general[1] = random.below(3) }
    case .bt, .bts, .btr, .btc:
      // The bit offset of a register reaches beyond the operand.
      if instruction.hasMemory, case .general(let number, _) = instruction.operands[1] {
        let width = UInt64(instruction.operandSize) * 8
        let offset = random.below(0x2000) &- 0x1000
        let above = width == 64 ? 0 : random.oneIn(2) ? random.next() << width : 0
        test.registers.general[Int(number & 15)] =
          width == 64 ? offset : (offset & (UInt64.max >> (64 - width))) | above
      }
    case .fxrstor, .ldmxcsr: break
    default: break
    }
  }

  /// An address where the instruction may send the CPU: INT3s, seldom something that faults.
  mutating func landing(_ test: TestCase) -> UInt64 {
    switch random.below(64) {
    case 0: return ArenaLayout.data + random.below(0x1000)  // not executable
    case 1: return ArenaLayout.code - 1 - random.below(64)  // a hole
    case 2 where codeSize == .bits64: return 0x8000_0000_0000 + random.below(256)  // not canonical
    case 3 where codeSize == .bits64: return random.next() | 1 << 63 & ~(1 << 60)
    default:
      while true {
        let address = ArenaLayout.code + random.below(ArenaLayout.codeByteCount)
        if !hits(address, test) { return address }
      }
    }
  }

  /// Whether a jump to `address` would run the instruction, or what is behind it, from its middle.
  func hits(_ address: UInt64, _ test: TestCase) -> Bool {
    let start = test.registers.rip
    return address >= start && address < start + 32
  }
}
