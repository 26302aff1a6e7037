internal import X86

/// Near branches (SDM Vol. 2, "JMP", "CALL", "RET", "Jcc", "LOOP"). Where a branch goes is checked
/// before anything is popped or counted.
extension Interpreter {
  /// Executes a near branch.
  func executeBranch(_ instruction: borrowing Instruction) throws(Interruption) {
    let size = instruction.operandSize
    switch instruction.operation {
    case .jcc:
      if core.holds(instruction.condition) { try jumpRelative(instruction) }
    case .jmpNear:
      try jump(to: try target(instruction), operandSize: size)
    case .callNear:
      let target = try target(instruction)
      // Processors write the return address before they look at the target: a fault of the stack comes
      // first, and after one of the target memory has changed but not RSP.
      let top = core.rsp
      try push(nextRIP, width: size)
      do throws(Interruption) {
        try jump(to: target, operandSize: size)
      } catch {
        core.rsp = top
        throw error
      }
    case .retNear:
      let target = try peek(width: size)
      try jump(to: target, operandSize: size)
      var released: UInt64 = 0
      if case .immediate = instruction.operands[0] { released = instruction.immediate & 0xFFFF }
      dropStack(UInt64(size) &+ released)
    case .jcxz:
      if core.general(1, width: instruction.addressSize) == 0 { try jumpRelative(instruction) }
    case .loop: try loop(instruction, while: true)
    case .loope: try loop(instruction, while: core.zeroFlag)
    case .loopne: try loop(instruction, while: !core.zeroFlag)
    default: throw .invalidOpcode
    }
  }

  /// Where JMP or CALL goes, not yet truncated or checked.
  private func target(_ instruction: borrowing Instruction) throws(Interruption) -> UInt64 {
    if case .relative = instruction.operands[0] { return nextRIP &+ instruction.immediate }
    return try read(instruction, 0)
  }

  private func jumpRelative(_ instruction: borrowing Instruction) throws(Interruption) {
    try jump(to: nextRIP &+ instruction.immediate, operandSize: instruction.operandSize)
  }

  /// Counts rCX down, its width being the address size, and jumps unless it is zero then.
  private func loop(_ instruction: borrowing Instruction, while condition: Bool) throws(Interruption) {
    let width = instruction.addressSize
    let count = core.general(1, width: width) &- 1
    if count & mask(width) != 0, condition { try jumpRelative(instruction) }
    core.setGeneral(1, width: width, count)
  }
}
