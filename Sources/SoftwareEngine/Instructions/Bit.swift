internal import X86

/// Single bits and bit scans (SDM Vol. 2, "BT", "BSF" and their relatives).
extension Interpreter {
  /// Executes an instruction on bits.
  func executeBit(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .bt, .btc, .btr, .bts: try testBit(instruction)
    case .bsf, .bsr: try scanBits(instruction)
    case .popcnt, .lzcnt, .tzcnt: try countBits(instruction)
    case .crc32: try accumulateCRC32(instruction)
    default: try manipulateBits(instruction)
    }
  }

  /// CF becomes the bit of operand 0 that operand 1 numbers; then the bit is changed.
  private func testBit(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let bits = UInt64(width) &* 8
    let number = try read(instruction, 1)
    let bit: UInt64 = 1 << (number & (bits &- 1))
    let operation = instruction.operation
    var isSet = false
    if case .memory = instruction.operands[0] {
      // A bit number in a register reaches beyond the operand, in both directions.
      var offset = offset(instruction)
      if case .general = instruction.operands[1] {
        let distance = Int64(bitPattern: signExtend(number, width)) >> Int64(bits.trailingZeroBitCount)
        offset = offset &+ UInt64(bitPattern: distance) &* UInt64(width)
      }
      let linear = try linearAddress(
        instruction.memory.segment, offset & mask(instruction.addressSize), byteCount: UInt64(width),
        isWrite: operation != .bt)
      if operation == .bt {
        isSet = try readLinear(linear, width: width) & bit != 0
      } else {
        try modifyLinear(linear, width: width) { (value) throws(Interruption) -> UInt64 in
          isSet = value & bit != 0
          return Self.changed(value, bit, operation)
        }
      }
    } else {
      let value = try read(instruction, 0)
      isSet = value & bit != 0
      if operation != .bt { try write(instruction, 0, Self.changed(value, bit, operation)) }
    }
    core.setCarryFlag(isSet)
  }

  private static func changed(_ value: UInt64, _ bit: UInt64, _ operation: Operation) -> UInt64 {
    switch operation {
    case .btc: value ^ bit
    case .btr: value & ~bit
    default: value | bit
    }
  }

  /// BSF and BSR: the number of the lowest or highest bit that is set. If none is, the destination
  /// stays as it is, its upper half too.
  private func scanBits(_ instruction: borrowing Instruction) throws(Interruption) {
    let source = try read(instruction, 1)
    guard source != 0 else {
      return core.setStatusFlags(RFLAGS.zero.rawValue | RFLAGS.parity.rawValue)
    }
    let number = UInt64(
      instruction.operation == .bsf ? source.trailingZeroBitCount : 63 &- source.leadingZeroBitCount)
    try write(instruction, 0, number)
    core.setStatusFlags(core.parityBit(number))
  }

  private func countBits(_ instruction: borrowing Instruction) throws(Interruption) {
    let source = try read(instruction, 1)
    let bits = Int(width(instruction, 1)) &* 8
    let count: Int
    switch instruction.operation {
    case .popcnt: count = source.nonzeroBitCount
    case .lzcnt: count = source.leadingZeroBitCount &- (64 &- bits)
    default: count = min(source.trailingZeroBitCount, bits)
    }
    try write(instruction, 0, UInt64(count))
    if instruction.operation == .popcnt {
      core.setFlags(zero: source == 0, carry: false)
    } else {
      core.setFlags(zero: count == 0, carry: source == 0)
    }
  }

  /// CRC32: the checksum in operand 0 over the bytes of operand 1, with Castagnoli's polynomial,
  /// 11EDC6F41h, here reflected.
  private func accumulateCRC32(_ instruction: borrowing Instruction) throws(Interruption) {
    let source = try read(instruction, 1)
    var checksum = try read(instruction, 0) & 0xFFFF_FFFF
    for index in 0..<UInt64(width(instruction, 1)) {
      checksum ^= source >> (index &* 8) & 0xFF
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 != 0 ? 0x82F6_3B78 : 0) }
    }
    try write(instruction, 0, checksum)
  }
}
