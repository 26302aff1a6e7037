internal import CLinux
internal import X86

/// Exchanges, with or without a comparison (SDM Vol. 2, "XCHG", "XADD", "CMPXCHG", "CMPXCHG8B").
///
/// Registers and flags change only after memory was written. vCPUs take turns, so each of these is
/// atomic with or without LOCK.
extension Interpreter {
  func exchange(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .xchg:
      let source = try read(instruction, 1)
      let done = try change(instruction) { _ in source }
      try write(instruction, 1, done.old)
    case .xadd: try exchangeAndAdd(instruction)
    case .cmpxchg: try compareAndExchange(instruction)
    case .cmpxchg8b: try compareAndExchange8(instruction)
    case .cmpxchg16b: try compareAndExchange16(instruction)
    default: throw .invalidOpcode
    }
  }

  private func exchangeAndAdd(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let right = try read(instruction, 1)
    var left: UInt64 = 0
    if case .memory = instruction.operands[0] {
      left = try change(instruction) { $0 &+ right }.old
      try write(instruction, 1, left)
    } else {
      // If both are the same register, the sum stays.
      left = try read(instruction, 0)
      try write(instruction, 1, left)
      try write(instruction, 0, left &+ right)
    }
    core.setFlags(adding: left, right, result: left &+ right, width: width)
  }

  /// Memory is written in any case: with what it held if the comparison fails.
  private func compareAndExchange(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let expected = core.general(0, width: width)
    let source = try read(instruction, 1)
    var found: UInt64 = 0
    if case .memory = instruction.operands[0] {
      found = try change(instruction) { $0 == expected ? source : $0 }.old
    } else {
      found = try read(instruction, 0)
      // Of two registers only the one that changes is written, down to its upper half.
      if found == expected { try write(instruction, 0, source) }
    }
    if found != expected { core.setGeneral(0, width: width, found) }
    core.setFlags(subtracting: found, from: expected, result: expected &- found, width: width)
  }

  private func compareAndExchange8(_ instruction: borrowing Instruction) throws(Interruption) {
    let expected = core.general(2, width: 4) << 32 | core.general(0, width: 4)
    let replacement = core.general(1, width: 4) << 32 | core.general(3, width: 4)
    let found = try change(instruction) { $0 == expected ? replacement : $0 }.old
    if found != expected {
      core.setGeneral(0, width: 4, found)
      core.setGeneral(2, width: 4, found >> 32)
    }
    core.setZeroFlag(found == expected)
  }

  /// - Throws: #GP(0) if the operand is not aligned to 16 bytes.
  private func compareAndExchange16(_ instruction: borrowing Instruction) throws(Interruption) {
    let linear = try linearVectorOperand(instruction, byteCount: 16, isWrite: true, isUnaligned: false)
    try checkWrite(linear, byteCount: 16)
    // Atomic even to vCPUs that run elsewhere: KVM may leave this instruction to us.
    if let host = unsafe core.hostForWriting(linear, width: 16) {
      return unsafe exchange16(at: host)
    }
    let low = try readLinear(linear, width: 8)
    let high = try readLinear(linear &+ 8, width: 8)
    let isEqual = low == core.rax && high == core.rdx
    try writeLinear(linear, width: 8, isEqual ? core.rbx : low)
    try writeLinear(linear &+ 8, width: 8, isEqual ? core.rcx : high)
    if !isEqual { (core.rax, core.rdx) = (low, high) }
    core.setZeroFlag(isEqual)
  }

  @unsafe
  private func exchange16(at host: UnsafeMutableRawPointer) {
    unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 2) { found in
      unsafe (found[0], found[1]) = (core.rax, core.rdx)
      // Sound: the host's address is aligned as the guest's, and is memory that may be written to.
      let isEqual = unsafe swiftvm_compare_exchange_16(host, found.baseAddress, core.rbx, core.rcx) != 0
      if !isEqual { unsafe (core.rax, core.rdx) = (found[0], found[1]) }
      core.setZeroFlag(isEqual)
    }
  }
}
