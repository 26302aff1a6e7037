internal import X86

/// Moves of XMM registers, which need no stub: they are half of all SSE instructions.
extension Interpreter {
  /// Executes the instruction if it is one of them; else returns false and has done nothing.
  func executeVectorMove(_ instruction: borrowing Instruction) throws(Interruption) -> Bool {
    switch instruction.operation {
    case .movaps, .movapd, .movdqa, .movntps, .movntpd, .movntdq, .movntdqa, .movups, .movupd, .movdqu,
      .lddqu:
      return try moveWhole(instruction)
    case .movd, .movq: return try moveScalar(instruction, clearsOnCopy: true)
    case .movss, .movsd: return try moveScalar(instruction, clearsOnCopy: false)
    default: return false
    }
  }

  private func moveWhole(_ instruction: borrowing Instruction) throws(Interruption) -> Bool {
    let isUnaligned = instruction.requiredAlignment == 1
    switch (instruction.operands[0], instruction.operands[1]) {
    case (.vector(let target, _), .vector(let source, _)):
      try checkVectorsUsable()
      core.setVector(target, core.vector(source))
    case (.vector(let target, _), .memory):
      try checkVectorsUsable()
      let linear = try linearVectorOperand(
        instruction, byteCount: 16, isWrite: false, isUnaligned: isUnaligned)
      core.setVector(target, try readVector(linear))
    case (.memory, .vector(let source, _)):
      try checkVectorsUsable()
      let linear = try linearVectorOperand(
        instruction, byteCount: 16, isWrite: true, isUnaligned: isUnaligned)
      try writeVector(linear, core.vector(source))
    default: return false
    }
    return true
  }

  /// MOVD, MOVQ, MOVSS, MOVSD: the low 4 or 8 bytes. What comes from memory or a general register
  /// clears the rest, and so does MOVQ between XMM registers; MOVSS and MOVSD between them do not.
  private func moveScalar(_ instruction: borrowing Instruction, clearsOnCopy: Bool) throws(Interruption)
    -> Bool
  {
    switch (instruction.operands[0], instruction.operands[1]) {
    case (.vector(let target, _), .vector(let source, _)):
      try checkVectorsUsable()
      let low: UInt128 = instruction.operation == .movss ? 0xFFFF_FFFF : 0xFFFF_FFFF_FFFF_FFFF
      let rest = clearsOnCopy ? 0 : core.vector(target) & ~low
      core.setVector(target, core.vector(source) & low | rest)
    case (.vector(let target, _), .memory), (.vector(let target, _), .general):
      try checkVectorsUsable()
      core.setVector(target, UInt128(try read(instruction, 1)))
    case (.memory, .vector(let source, _)), (.general, .vector(let source, _)):
      try checkVectorsUsable()
      try write(instruction, 0, UInt64(truncatingIfNeeded: core.vector(source)))
    default: return false
    }
    return true
  }
}
