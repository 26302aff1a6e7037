internal import X86

/// The bit manipulation of BMI1 and BMI2 (SDM Vol. 2, "ANDN", "BEXTR", "BLSI", "PDEP" and others).
/// The flags they leave undefined are cleared, but for SF.
extension Interpreter {
  func manipulateBits(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    switch instruction.operation {
    case .andn:
      let result = try ~read(instruction, 1) & read(instruction, 2) & mask(width)
      try write(instruction, 0, result)
      core.setFlags(zero: result == 0, carry: false, sign: core.signBit(result, width))
    case .blsi:
      let source = try read(instruction, 1)
      try finish(instruction, source & (0 &- source), carry: source != 0)
    case .blsmsk:
      let source = try read(instruction, 1)
      try finish(instruction, source ^ (source &- 1), carry: source == 0)
    case .blsr:
      let source = try read(instruction, 1)
      try finish(instruction, source & (source &- 1), carry: source == 0)
    case .bextr:
      let source = try read(instruction, 1)
      let control = try read(instruction, 2)
      let length = control >> 8 & 0xFF
      let field = source >> (control & 0xFF)
      let result = length < 64 ? field & (1 << length &- 1) : field
      try write(instruction, 0, result)
      core.setFlags(zero: result == 0, carry: false)
    case .bzhi:
      let source = try read(instruction, 1)
      let length = try read(instruction, 2) & 0xFF
      let isWhole = length >= UInt64(width) &* 8
      try finish(instruction, isWhole ? source : source & (1 << length &- 1), carry: isWhole)
    case .pdep:
      let source = try read(instruction, 1)
      try write(instruction, 0, Self.deposit(source, into: try read(instruction, 2)))
    case .pext:
      let source = try read(instruction, 1)
      try write(instruction, 0, Self.extract(from: source, try read(instruction, 2)))
    default:
      throw .invalidOpcode
    }
  }

  /// Writes a result and the flags that follow it.
  private func finish(_ instruction: borrowing Instruction, _ result: UInt64, carry: Bool)
    throws(Interruption)
  {
    let width = width(instruction, 0)
    let result = result & mask(width)
    try write(instruction, 0, result)
    core.setFlags(zero: result == 0, carry: carry, sign: core.signBit(result, width))
  }

  /// The low bits of `source`, one for each bit that is set in `places`, put there.
  private static func deposit(_ source: UInt64, into places: UInt64) -> UInt64 {
    var (source, places, result) = (source, places, UInt64(0))
    while places != 0 {
      let lowest = places & (0 &- places)
      if source & 1 != 0 { result |= lowest }
      source >>= 1
      places ^= lowest
    }
    return result
  }

  /// The bits of `source` that are set in `places`, put together at the low end.
  private static func extract(from source: UInt64, _ places: UInt64) -> UInt64 {
    var (places, result, next) = (places, UInt64(0), UInt64(1))
    while places != 0 {
      let lowest = places & (0 &- places)
      if source & lowest != 0 { result |= next }
      next <<= 1
      places ^= lowest
    }
    return result
  }
}
