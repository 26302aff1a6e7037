internal import X86

/// The stack (SDM Vol. 2, "PUSH", "POP", "ENTER" and others). The width of an item is the operand
/// size; how much of RSP counts is the stack's size.
extension Interpreter {
  /// Executes an instruction on the stack.
  func executeStack(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .push: try push(instruction)
    case .pop: try pop(instruction)
    case .pusha: try pushAll(width: instruction.operandSize)
    case .popa: try popAll(width: instruction.operandSize)
    case .enter: try enter(instruction)
    case .leave:
      let width = instruction.operandSize
      let frame = core.rbp & mask(core.stackSize)
      let value = try readStack(frame, width: width)
      core.setGeneral(4, width: core.stackSize, frame &+ UInt64(width))
      core.setGeneral(5, width: width, value)
    default: throw .invalidOpcode
    }
  }

  private func push(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = instruction.operandSize
    let value = try read(instruction, 0)
    if case .segment = instruction.operands[0], width == 4 {
      // A selector pushed with 32 bits writes 16 of them.
      let offset = (core.rsp &- 4) & mask(core.stackSize)
      try writeStack(offset, width: 2, value)
      core.setGeneral(4, width: core.stackSize, offset)
    } else {
      try push(value, width: width)
    }
  }

  private func pop(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = instruction.operandSize
    let value = try peek(width: width)
    switch instruction.operands[0] {
    case .memory:
      // The address is computed with RSP as it is after the pop.
      let old = core.rsp
      dropStack(UInt64(width))
      do throws(Interruption) {
        try write(instruction, 0, value)
      } catch {
        core.rsp = old
        throw error
      }
    case .segment: try popToSegment(instruction)
    default:
      // POP RSP keeps what was popped.
      dropStack(UInt64(width))
      try write(instruction, 0, value)
    }
  }

  /// Pushes AX, CX, DX, BX, the old SP, BP, SI, DI.
  private func pushAll(width: UInt8) throws(Interruption) {
    let bottom = (core.rsp &- UInt64(width) &* 8) & mask(core.stackSize)
    for number in UInt8(0)..<8 {
      let offset = (core.rsp &- UInt64(width) &* UInt64(number &+ 1)) & mask(core.stackSize)
      try writeStack(offset, width: width, core[number])
    }
    core.setGeneral(4, width: core.stackSize, bottom)
  }

  /// Pops DI, SI, BP, nothing, BX, DX, CX, AX.
  private func popAll(width: UInt8) throws(Interruption) {
    var values = InlineArray<8, UInt64>(repeating: 0)
    for index in 0..<8 { values[index] = try peek(width: width, at: UInt64(width) &* UInt64(index)) }
    for index in 0..<8 where index != 3 {
      core.setGeneral(UInt8(7 &- index), width: width, values[index])
    }
    dropStack(UInt64(width) &* 8)
  }

  /// ENTER: a new frame with the frame pointers of the procedures around it.
  ///
  /// - Throws: what a write at the final stack pointer would raise, too.
  private func enter(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = instruction.operandSize
    let stackMask = mask(core.stackSize)
    let step = UInt64(width)
    let level = UInt64(instruction.secondImmediate & 31)
    var top = (core.rsp &- step) & stackMask
    try writeStack(top, width: width, core.rbp)
    let frame = top
    if level > 0 {
      var outer: UInt64 = 1
      while outer < level {
        let pointer = try readStack((core.rbp &- outer &* step) & stackMask, width: width)
        top = (top &- step) & stackMask
        try writeStack(top, width: width, pointer)
        outer &+= 1
      }
      top = (top &- step) & stackMask
      try writeStack(top, width: width, frame)
    }
    top = (top &- (instruction.immediate & 0xFFFF)) & stackMask
    try checkWrite(
      try linearAddress(.ss, top, byteCount: step, isWrite: true), byteCount: step)
    core.setGeneral(5, width: width, frame)
    core.setGeneral(4, width: core.stackSize, top)
  }

  private func readStack(_ offset: UInt64, width: UInt8) throws(Interruption) -> UInt64 {
    let linear = try linearAddress(.ss, offset, byteCount: UInt64(width), isWrite: false)
    return try readLinear(linear, width: width)
  }

  private func writeStack(_ offset: UInt64, width: UInt8, _ value: UInt64) throws(Interruption) {
    let linear = try linearAddress(.ss, offset, byteCount: UInt64(width), isWrite: true)
    try writeLinear(linear, width: width, value)
  }
}
