internal import X86

/// Which encodings were executed: opcode map, opcode, ModRM.reg, operand width, register or memory.
struct EncodingCoverage {
  private var counts = [UInt32](repeating: 0, count: 4 * 256 * 8 * 4 * 2)

  /// Where an encoding is counted.
  static func index(map: UInt8, opcode: UInt8, reg: UInt8, width: UInt8, isMemory: Bool) -> Int {
    let size =
      switch width {
      case 0, 1: 0
      case 2: 1
      case 4: 2
      default: 3
      }
    return (((Int(map & 3) * 256 + Int(opcode)) * 8 + Int(reg & 7)) * 4 + size) * 2 + (isMemory ? 1 : 0)
  }

  mutating func add(_ test: TestCase) {
    let instruction = test.instruction
    counts[
      Self.index(
        map: instruction.map.rawValue, opcode: instruction.opcode,
        reg: instruction.hasModRM ? instruction.modRM >> 3 & 7 : 0, width: instruction.operandSize,
        isMemory: instruction.hasModRM && instruction.modRM < 0xC0)] &+= 1
  }

  /// How many cases an encoding had.
  func count(_ index: Int) -> UInt32 { index < counts.count ? counts[index] : 0 }
}
