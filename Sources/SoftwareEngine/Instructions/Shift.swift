internal import X86

/// Shifts and rotates (SDM Vol. 2, "SAL/SAR/SHL/SHR", "RCL/RCR/ROL/ROR").
///
/// A count is taken modulo 32, or modulo 64 for 64-bit operands. OF is defined for a count of one
/// only; processors compute it from the operand as it was, whatever the count, and so does this. But Intel's
/// leave it where ROL and ROR of a register have an immediate count above one.
extension Interpreter {
  /// Executes a shift or a rotate.
  func executeShift(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .shl, .shr, .sar: try shift(instruction)
    case .rol, .ror: try rotate(instruction)
    case .rcl, .rcr: try rotateThroughCarry(instruction)
    case .shld, .shrd: try shiftDouble(instruction)
    default: try shiftWithoutFlags(instruction)
    }
  }

  /// Operand `index` as a count for operands of `width` bytes.
  private func count(_ instruction: borrowing Instruction, _ index: Int, _ width: UInt8)
    throws(Interruption) -> UInt64
  {
    try read(instruction, index) & (width == 8 ? 63 : 31)
  }

  private func shift(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let top = UInt64(width) &* 8 &- 1
    let count = try count(instruction, 1, width)
    let operation = instruction.operation
    // A count of zero writes the operand all the same: a 32-bit register loses its upper half.
    let done = try change(instruction) { Self.shifted($0, operation, count, width) }
    guard count != 0 else { return }
    let old = done.old
    let carry: UInt64
    let overflow: UInt64
    switch operation {
    case .shl:
      carry = (old << (count &- 1)) >> top
      overflow = old >> top ^ old >> (top &- 1)
    case .shr:
      carry = old >> (count &- 1)
      overflow = old >> top
    default:
      carry = Self.shifted(old, .sar, count &- 1, width)
      overflow = 0
    }
    core.setFlags(shifted: done.new, width: width, carry: carry & 1 != 0, overflow: overflow & 1 != 0)
  }

  /// `value`, of `width` bytes, shifted by 0…63.
  private static func shifted(
    _ value: UInt64, _ operation: Operation, _ count: UInt64, _ width: UInt8
  ) -> UInt64 {
    switch operation {
    case .shl: value << count
    case .shr: value >> count
    default: UInt64(bitPattern: Int64(bitPattern: signExtend(value, width)) >> Int64(count))
    }
  }

  private func rotate(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let bits = UInt64(width) &* 8
    let count = try count(instruction, 1, width)
    let isLeft = instruction.operation == .rol
    let left = (isLeft ? count : bits &- count & (bits &- 1)) & (bits &- 1)
    let done = try change(instruction) { ($0 << left | $0 >> (bits &- left)) & mask(width) }
    // The flags change by a whole turn, too.
    guard count != 0 else { return }
    let old = done.old
    let carry = (isLeft ? done.new : done.new >> (bits &- 1)) & 1 != 0
    if count != 1, instruction.memoryWidth == 0, case .immediate = instruction.operands[1] {
      return core.setCarryFlag(carry)
    }
    let overflow = old >> (bits &- 1) ^ (isLeft ? old >> (bits &- 2) : old)
    core.setFlags(carry: carry, overflow: overflow & 1 != 0)
  }

  private func rotateThroughCarry(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let bits = UInt64(width) &* 8
    // CF is one more bit of what turns.
    let count = try count(instruction, 1, width) % (bits &+ 1)
    let isLeft = instruction.operation == .rcl
    let carry: UInt64 = core.carryFlag ? 1 : 0
    let done = try change(instruction) { value in
      if count == 0 { return value }
      return isLeft
        ? value << count | carry << (count &- 1) | value >> (bits &+ 1 &- count)
        : value >> count | carry << (bits &- count) | value << (bits &+ 1 &- count)
    }
    guard count != 0 else { return }
    let old = done.old
    let top = old >> (bits &- 1)
    if isLeft {
      let overflow = top ^ old >> (bits &- 2)
      core.setFlags(carry: old >> (bits &- count) & 1 != 0, overflow: overflow & 1 != 0)
    } else {
      core.setFlags(carry: old >> (count &- 1) & 1 != 0, overflow: (top ^ carry) & 1 != 0)
    }
  }

  // MARK: Two operands

  /// SHLD, SHRD (SDM Vol. 2). A 16-bit operand with a count above 16, which the manuals leave
  /// undefined, goes on with the bits of the destination.
  private func shiftDouble(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let bits = UInt64(width) &* 8
    let count = try count(instruction, 2, width)
    let source = try read(instruction, 1)
    let isLeft = instruction.operation == .shld
    var carry: UInt64 = 0
    let done = try change(instruction) { value in
      if count == 0 { return value }
      if width == 2 {
        let ring = value << 32 | source << 16 | value
        carry = isLeft ? ring >> (48 &- count) : ring >> (count &- 1)
        return (isLeft ? (ring << count) >> 32 : ring >> count) & 0xFFFF
      }
      carry = isLeft ? value >> (bits &- count) : value >> (count &- 1)
      return isLeft
        ? value << count | source >> (bits &- count)
        : value >> count | source << (bits &- count)
    }
    guard count != 0 else { return }
    let top = done.old >> (bits &- 1)
    let overflow = isLeft ? top ^ done.old >> (bits &- 2) : top ^ source
    core.setFlags(shifted: done.new, width: width, carry: carry & 1 != 0, overflow: overflow & 1 != 0)
  }

  /// RORX, SARX, SHLX, SHRX of BMI2: operand 0 becomes operand 1, shifted by operand 2.
  private func shiftWithoutFlags(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let value = try read(instruction, 1)
    let count = try count(instruction, 2, width)
    switch instruction.operation {
    case .rorx: try write(instruction, 0, value >> count | value << (UInt64(width) &* 8 &- count))
    case .sarx: try write(instruction, 0, Self.shifted(value, .sar, count, width))
    case .shlx: try write(instruction, 0, value << count)
    case .shrx: try write(instruction, 0, value >> count)
    default: throw .invalidOpcode
    }
  }
}
