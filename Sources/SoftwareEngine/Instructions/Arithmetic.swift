internal import X86

/// Addition, subtraction and logic (SDM Vol. 2, "ADD", "SUB", "AND" and their relatives).
///
/// Flags are written after the result was: a write to a device's register ends the instruction until
/// the device has answered, and the flags that ADC and SBB read must be the old ones when it is
/// executed again.
extension Interpreter {
  /// Executes integer arithmetic and logic.
  func executeArithmetic(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    switch instruction.operation {
    case .add:
      let done = try combine(instruction) { $0 &+ $1 }
      core.setFlags(adding: done.left, done.right, result: done.result, width: width)
    case .adc:
      let carry: UInt64 = core.carryFlag ? 1 : 0
      let done = try combine(instruction) { $0 &+ $1 &+ carry }
      core.setFlags(adding: done.left, done.right, result: done.result, width: width)
    case .sub:
      let done = try combine(instruction) { $0 &- $1 }
      core.setFlags(subtracting: done.right, from: done.left, result: done.result, width: width)
    case .sbb:
      let borrow: UInt64 = core.carryFlag ? 1 : 0
      let done = try combine(instruction) { $0 &- $1 &- borrow }
      core.setFlags(subtracting: done.right, from: done.left, result: done.result, width: width)
    case .cmp:
      let left = try read(instruction, 0)
      let right = try read(instruction, 1)
      core.setFlags(subtracting: right, from: left, result: left &- right, width: width)
    case .and:
      core.setFlags(logical: try combine(instruction) { $0 & $1 }.result, width: width)
    case .or:
      core.setFlags(logical: try combine(instruction) { $0 | $1 }.result, width: width)
    case .xor:
      core.setFlags(logical: try combine(instruction) { $0 ^ $1 }.result, width: width)
    case .test:
      core.setFlags(logical: try read(instruction, 0) & read(instruction, 1), width: width)
    case .inc:
      let carry = core.carryFlag
      let done = try change(instruction) { $0 &+ 1 }
      core.setFlags(adding: done.old, 1, result: done.new, width: width)
      core.setCarryFlag(carry)
    case .dec:
      let carry = core.carryFlag
      let done = try change(instruction) { $0 &- 1 }
      core.setFlags(subtracting: 1, from: done.old, result: done.new, width: width)
      core.setCarryFlag(carry)
    case .neg:
      let done = try change(instruction) { 0 &- $0 }
      core.setFlags(subtracting: done.old, from: 0, result: done.new, width: width)
    case .not:
      _ = try change(instruction) { ~$0 }
    case .adcx:
      core.setCarryFlag(try addCarrying(instruction, core.carryFlag, width))
    case .adox:
      core.setOverflowFlag(try addCarrying(instruction, core.overflowFlag, width))
    default:
      try executeMultiplication(instruction)
    }
  }

  /// Operand 0 becomes what `result` makes of operands 0 and 1.
  @inline(__always)
  private func combine(
    _ instruction: borrowing Instruction, _ result: (UInt64, UInt64) -> UInt64
  ) throws(Interruption) -> (left: UInt64, right: UInt64, result: UInt64) {
    let right = try read(instruction, 1)
    let done = try change(instruction) { result($0, right) }
    return (done.old, right, done.new)
  }

  /// Operand 0 becomes what `result` makes of it.
  @inline(__always)
  func change(
    _ instruction: borrowing Instruction, _ result: (UInt64) -> UInt64
  ) throws(Interruption) -> (old: UInt64, new: UInt64) {
    var old: UInt64 = 0
    var new: UInt64 = 0
    try modify(instruction, 0) { (value) throws(Interruption) -> UInt64 in
      old = value
      new = result(value)
      return new
    }
    return (old, new)
  }

  /// ADCX and ADOX: operand 0 becomes the sum with operand 1 and `carry`. Returns the carry out.
  private func addCarrying(
    _ instruction: borrowing Instruction, _ carry: Bool, _ width: UInt8
  ) throws(Interruption) -> Bool {
    let left = try read(instruction, 0)
    let right = try read(instruction, 1)
    let sum = left &+ right &+ (carry ? 1 : 0)
    try write(instruction, 0, sum)
    let carries = (left & right) | ((left | right) & ~sum)
    return carries >> (UInt64(width) &* 8 &- 1) & 1 != 0
  }
}
