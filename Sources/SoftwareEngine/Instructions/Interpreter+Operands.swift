internal import X86

/// Reading and writing the operands of an instruction.
extension Interpreter {
  /// The offset of the memory operand in its segment, truncated to the address size.
  @inline(__always)
  func offset(_ instruction: borrowing Instruction) -> UInt64 {
    let memory = instruction.memory
    var address = UInt64(bitPattern: memory.displacement)
    if memory.base < 16 {
      address = address &+ core[memory.base]
    } else if memory.base == MemoryOperand.instructionPointer {
      address = address &+ nextRIP
    }
    if memory.index < 16 { address = address &+ core[memory.index] &* UInt64(memory.scale) }
    return address & mask(instruction.addressSize)
  }

  /// The linear address of the memory operand, checked for an access of `byteCount` bytes.
  @inline(__always)
  func linearOperand(_ instruction: borrowing Instruction, byteCount: UInt64, isWrite: Bool)
    throws(Interruption) -> UInt64
  {
    try linearAddress(
      instruction.memory.segment, offset(instruction), byteCount: byteCount, isWrite: isWrite)
  }

  /// The value of operand `index` (0…3): a general register, a byte register, memory of 1…8 bytes, an
  /// immediate, or a segment's selector; zero-extended from its width.
  ///
  /// - Throws: what the access to memory raises.
  func read(_ instruction: borrowing Instruction, _ index: Int) throws(Interruption) -> UInt64 {
    switch instruction.operands[index] {
    case .general(let number, let width): return core.general(number, width: width)
    case .highByte(let number): return core.highByte(number)
    case .immediate(let width): return instruction.immediate & mask(width)
    case .memory(let width):
      let linear = try linearOperand(instruction, byteCount: UInt64(width), isWrite: false)
      return try readLinear(linear, width: UInt8(truncatingIfNeeded: width))
    case .segment(let name): return UInt64(selector(name))
    default: throw .invalidOpcode
    }
  }

  /// Writes operand `index`: a general register (4 bytes clear the upper half), a byte register, or
  /// memory of 1…8 bytes.
  func write(_ instruction: borrowing Instruction, _ index: Int, _ value: UInt64) throws(Interruption) {
    switch instruction.operands[index] {
    case .general(let number, let width): core.setGeneral(number, width: width, value)
    case .highByte(let number): core.setHighByte(number, value)
    case .memory(let width):
      let linear = try linearOperand(instruction, byteCount: UInt64(width), isWrite: true)
      try writeLinear(linear, width: UInt8(truncatingIfNeeded: width), value)
    default: throw .invalidOpcode
    }
  }

  /// Reads operand `index`, changes it and writes it back. Nothing is read before it is known that the
  /// write will succeed, and `change` is called exactly once unless that fails.
  func modify(
    _ instruction: borrowing Instruction, _ index: Int, _ change: (UInt64) throws(Interruption) -> UInt64
  ) throws(Interruption) {
    switch instruction.operands[index] {
    case .general(let number, let width):
      core.setGeneral(number, width: width, try change(core.general(number, width: width)))
    case .highByte(let number):
      core.setHighByte(number, try change(core.highByte(number)))
    case .memory(let width):
      let linear = try linearOperand(instruction, byteCount: UInt64(width), isWrite: true)
      try modifyLinear(linear, width: UInt8(truncatingIfNeeded: width), change)
    default: throw .invalidOpcode
    }
  }

  /// The width in bytes of operand `index`, 0 where it has none.
  func width(_ instruction: borrowing Instruction, _ index: Int) -> UInt8 {
    switch instruction.operands[index] {
    case .general(_, let width), .immediate(let width), .stringSource(let width),
      .stringDestination(let width):
      return width
    case .highByte: return 1
    case .memory(let width): return UInt8(truncatingIfNeeded: width)
    case .segment: return 2
    default: return 0
    }
  }

  // MARK: The stack

  /// Pushes `width` bytes (2, 4 or 8). RSP changes only if the write succeeds.
  func push(_ value: UInt64, width: UInt8) throws(Interruption) {
    let offset = (core.rsp &- UInt64(width)) & mask(core.stackSize)
    let linear = try linearAddress(.ss, offset, byteCount: UInt64(width), isWrite: true)
    try writeLinear(linear, width: width, value)
    core.setGeneral(4, width: core.stackSize, offset)
  }

  /// Reads what POP would at `distance` bytes above the top of the stack, and leaves RSP.
  func peek(width: UInt8, at distance: UInt64 = 0) throws(Interruption) -> UInt64 {
    let offset = (core.rsp &+ distance) & mask(core.stackSize)
    let linear = try linearAddress(.ss, offset, byteCount: UInt64(width), isWrite: false)
    return try readLinear(linear, width: width)
  }

  /// Moves the stack pointer up by `byteCount`.
  func dropStack(_ byteCount: UInt64) {
    core.setGeneral(4, width: core.stackSize, core.rsp &+ byteCount)
  }

  // MARK: Branches

  /// Goes on at `target`, truncated to the operand size; checked against the limit of CS, or for being
  /// canonical.
  ///
  /// - Throws: #GP(0).
  func jump(to target: UInt64, operandSize: UInt8) throws(Interruption) {
    if core.isLong {
      guard isCanonical(target, bits: 48) else { throw .generalProtection() }
      nextRIP = target
    } else {
      let target = target & mask(operandSize)
      guard target <= UInt64(segment(.cs).limit) else { throw .generalProtection() }
      nextRIP = target
    }
  }
}
