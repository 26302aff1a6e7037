internal import X86

/// Moves, conversions, conditional moves (SDM Vol. 2, "MOV", "MOVSX", "CMOVcc" and others).
extension Interpreter {
  /// Executes an instruction that moves data and leaves the flags, or an exchange.
  func executeMove(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .mov: try move(instruction)
    case .movzx, .movnti, .movdiri: try write(instruction, 0, try read(instruction, 1))
    case .movsx, .movsxd:
      let value = try read(instruction, 1)
      try write(instruction, 0, signExtend(value, width(instruction, 1)))
    case .lea: try write(instruction, 0, offset(instruction))
    case .cmovcc: try moveConditionally(instruction)
    case .setcc: try write(instruction, 0, core.holds(instruction.condition) ? 1 : 0)
    case .bswap:
      let width = width(instruction, 0)
      // Undefined for 16 bits: processors leave zero.
      let value = width == 2 ? 0 : try read(instruction, 0).byteSwapped >> (64 &- UInt64(width) &* 8)
      try write(instruction, 0, value)
    case .movbe:
      let value = try read(instruction, 1).byteSwapped
      try write(instruction, 0, value >> (64 &- UInt64(width(instruction, 0)) &* 8))
    case .xlat:
      let offset = (core.rbx &+ core.general(0, width: 1)) & mask(instruction.addressSize)
      let linear = try linearAddress(instruction.memory.segment, offset, byteCount: 1, isWrite: false)
      core.setGeneral(0, width: 1, try readLinear(linear, width: 1))
    case .cbw: extendAccumulator(from: 1)
    case .cwde: extendAccumulator(from: 2)
    case .cdqe: extendAccumulator(from: 4)
    case .cwd: fillWithSign(width: 2)
    case .cdq: fillWithSign(width: 4)
    case .cqo: fillWithSign(width: 8)
    default: try exchange(instruction)
    }
  }

  private func move(_ instruction: borrowing Instruction) throws(Interruption) {
    switch (instruction.operands[0], instruction.operands[1]) {
    case (.segment, _): try moveToSegment(instruction)
    case (.control, _), (_, .control): try moveControl(instruction)
    case (.debug, _), (_, .debug): try moveDebug(instruction)
    default: try write(instruction, 0, try read(instruction, 1))
    }
  }

  /// The source is read whatever the condition, and a 32-bit destination loses its upper half even if
  /// nothing is moved.
  private func moveConditionally(_ instruction: borrowing Instruction) throws(Interruption) {
    let source = try read(instruction, 1)
    let value = core.holds(instruction.condition) ? source : try read(instruction, 0)
    try write(instruction, 0, value)
  }

  /// Doubles the width of the accumulator, which was `width` bytes.
  private func extendAccumulator(from width: UInt8) {
    core.setGeneral(0, width: width &* 2, signExtend(core.rax, width))
  }

  /// rDX becomes the sign of rAX.
  private func fillWithSign(width: UInt8) {
    core.setGeneral(2, width: width, signExtend(core.rax, width) >> 63 != 0 ? .max : 0)
  }
}
