internal import X86

/// Far branches, software interrupts, and the fast system calls.
extension Interpreter {
  func executeFarTransfer(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .jmpFar:
      let (selector, offset) = try farPointer(instruction)
      try jumpFar(selector, offset)
    case .callFar:
      let (selector, offset) = try farPointer(instruction)
      try callFar(selector, offset, operandSize: instruction.operandSize)
    case .retFar: try returnFar(operandSize: instruction.operandSize, release: releasedBytes(instruction))
    case .iret: try returnFromInterrupt(operandSize: instruction.operandSize)
    case .int: try softwareInterrupt(vector: UInt8(truncatingIfNeeded: instruction.immediate), isINTn: true)
    case .int3: try softwareInterrupt(vector: 3, isINTn: false)
    case .into: if core.overflowFlag { try softwareInterrupt(vector: 4, isINTn: false) }
    case .int1: try debugInterrupt()
    case .bound: try checkBounds(instruction)
    case .syscall: try systemCall()
    case .sysret: try systemReturn(operandSize: instruction.operandSize)
    case .sysenter: try systemEnter()
    case .sysexit: try systemExit(operandSize: instruction.operandSize)
    default: throw .invalidOpcode
    }
  }

  /// The target of a direct far branch, or of one through memory.
  func farPointer(_ instruction: borrowing Instruction) throws(Interruption) -> (UInt16, UInt64) {
    let size = instruction.operandSize
    if case .farPointer = instruction.operands[0] {
      return (instruction.secondImmediate, instruction.immediate & mask(size))
    }
    return try readFarPointer(instruction)
  }

  /// The far pointer in the memory operand: an offset of the operand size, and a selector after it.
  func readFarPointer(_ instruction: borrowing Instruction) throws(Interruption) -> (UInt16, UInt64) {
    let size = instruction.operandSize
    let linear = try linearOperand(instruction, byteCount: UInt64(size) + 2, isWrite: false)
    let offset = try readLinear(linear, width: size)
    let selector = try readLinear(truncateLinear(linear &+ UInt64(size)), width: 2)
    return (UInt16(truncatingIfNeeded: selector), offset)
  }

  /// The bytes that RET imm16 releases.
  private func releasedBytes(_ instruction: borrowing Instruction) -> UInt64 {
    if case .immediate = instruction.operands[0] { return instruction.immediate & 0xFFFF }
    return 0
  }

  // MARK: Software interrupts

  /// INT n, INT3 and INTO (SDM Vol. 2, INT n): a trap through the gate, whose DPL counts.
  private func softwareInterrupt(vector: UInt8, isINTn: Bool) throws(Interruption) {
    // Without the virtual-8086 extensions, which this CPU does not have, IOPL decides about INT n there.
    if isINTn, isVirtual8086, core.systemFlags.ioPrivilegeLevel < 3 { throw .generalProtection() }
    try enterHandler(of: DeliverableEvent(vector: vector, source: .software, returnAddress: nextRIP))
    skipsSingleStep = true
  }

  /// INT1: a #DB that needs no privilege and tells nothing in DR6.
  private func debugInterrupt() throws(Interruption) {
    try enterHandler(of: DeliverableEvent(vector: 1, source: .exception, returnAddress: nextRIP))
    skipsSingleStep = true
  }

  /// Whether the CPU is in virtual-8086 mode.
  var isVirtual8086: Bool { core.systemFlags.contains(.virtual8086) }

  /// BOUND: #BR where the signed index is not within the pair of bounds in memory.
  private func checkBounds(_ instruction: borrowing Instruction) throws(Interruption) {
    let size = instruction.operandSize
    let linear = try linearOperand(instruction, byteCount: UInt64(size) * 2, isWrite: false)
    let index = Int64(bitPattern: signExtend(try read(instruction, 0), size))
    let outOfRange = Interruption.exception(GuestException(vector: .boundRangeExceeded))
    // The upper bound is only read where the lower one holds.
    let lower = Int64(bitPattern: signExtend(try readLinear(linear, width: size), size))
    guard index >= lower else { throw outOfRange }
    let upper = Int64(
      bitPattern: signExtend(try readLinear(truncateLinear(linear &+ UInt64(size)), width: size), size))
    guard index <= upper else { throw outOfRange }
  }
}
