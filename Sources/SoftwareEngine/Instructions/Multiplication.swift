internal import X86

/// Multiplication and division (SDM Vol. 2, "MUL", "IMUL", "DIV", "IDIV", "MULX").
extension Interpreter {
  func executeMultiplication(_ instruction: borrowing Instruction) throws(Interruption) {
    switch instruction.operation {
    case .mul: try multiplyUnsigned(instruction)
    case .imul: try multiplySigned(instruction)
    case .div: try divide(instruction, isSigned: false)
    case .idiv: try divide(instruction, isSigned: true)
    case .mulx: try multiplyWithoutFlags(instruction)
    default: throw .invalidOpcode
    }
  }

  // MARK: Products

  private func multiplyUnsigned(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let product = Self.product(core.general(0, width: width), try read(instruction, 0), width: width)
    storeProduct(product.low, product.high, width: width)
    core.setFlags(lowProduct: product.low, width: width, isWhole: product.high == 0)
  }

  private func multiplySigned(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    if case .none = instruction.operands[1] {
      let right = try read(instruction, 0)
      let product = Self.signedProduct(core.general(0, width: width), right, width: width)
      storeProduct(product.low, product.high, width: width)
      core.setFlags(lowProduct: product.low, width: width, isWhole: product.isWhole)
    } else {
      // Two operands, or a destination and two.
      var isThree = true
      if case .none = instruction.operands[2] { isThree = false }
      let left = try read(instruction, isThree ? 1 : 0)
      let right = try read(instruction, isThree ? 2 : 1)
      let product = Self.signedProduct(left, right, width: width)
      try write(instruction, 0, product.low)
      core.setFlags(lowProduct: product.low, width: width, isWhole: product.isWhole)
    }
  }

  /// MULX: operands 0 and 1 become the high and the low half of rDX × operand 2. If both are the
  /// same register, the high half stays.
  private func multiplyWithoutFlags(_ instruction: borrowing Instruction) throws(Interruption) {
    let width = width(instruction, 0)
    let product = Self.product(core.general(2, width: width), try read(instruction, 2), width: width)
    try write(instruction, 1, product.low)
    try write(instruction, 0, product.high)
  }

  /// A product of two unsigned numbers of `width` bytes, in two halves of that width.
  private static func product(_ left: UInt64, _ right: UInt64, width: UInt8) -> (low: UInt64, high: UInt64) {
    let product = left.multipliedFullWidth(by: right)
    if width == 8 { return (product.low, product.high) }
    return (product.low & mask(width), product.low >> (UInt64(width) &* 8))
  }

  /// A product of two signed numbers of `width` bytes, in two halves of that width; whole if the low
  /// half, sign-extended, is all of it.
  private static func signedProduct(
    _ left: UInt64, _ right: UInt64, width: UInt8
  ) -> (low: UInt64, high: UInt64, isWhole: Bool) {
    let left = Int64(bitPattern: signExtend(left, width))
    let product = left.multipliedFullWidth(by: Int64(bitPattern: signExtend(right, width)))
    let low = product.low & mask(width)
    let high = width == 8 ? UInt64(bitPattern: product.high) : product.low >> (UInt64(width) &* 8)
    let sign = signExtend(low, width) >> 63 != 0 ? mask(width) : 0
    return (low, high & mask(width), high & mask(width) == sign)
  }

  /// Puts a product into AX, or into rDX and rAX.
  private func storeProduct(_ low: UInt64, _ high: UInt64, width: UInt8) {
    if width == 1 {
      core.setGeneral(0, width: 2, low | high << 8)
    } else {
      core.setGeneral(0, width: width, low)
      core.setGeneral(2, width: width, high)
    }
  }

  // MARK: Quotients

  /// AX, or rDX and rAX, by operand 0. The flags stay as they are.
  private func divide(_ instruction: borrowing Instruction, isSigned: Bool) throws(Interruption) {
    let width = width(instruction, 0)
    let divisor = try read(instruction, 0)
    var (low, high): (UInt64, UInt64)
    if width == 1 {
      (low, high) = (core.general(0, width: 1), core.highByte(0))
    } else {
      (low, high) = (core.general(0, width: width), core.general(2, width: width))
    }
    // The magnitudes are divided, as numbers of 128 bits.
    let isDividendNegative = isSigned && signExtend(high, width) >> 63 != 0
    let isDivisorNegative = isSigned && signExtend(divisor, width) >> 63 != 0
    if width != 8 {
      low |= high << (UInt64(width) &* 8)
      if isDividendNegative { low = 0 &- signExtend(low, width &* 2) }
      high = 0
    } else if isDividendNegative {
      (low, high) = (0 &- low, ~high &+ (low == 0 ? 1 : 0))
    }
    let magnitude = isDivisorNegative ? 0 &- signExtend(divisor, width) : divisor
    // With a smaller divisor the quotient has more than 64 bits; zero is one of those.
    guard high < magnitude else { throw .divideError }
    let (quotient, remainder) = magnitude.dividingFullWidth((high, low))
    let isNegative = isDividendNegative != isDivisorNegative
    let largest = isSigned ? mask(width) >> 1 &+ (isNegative ? 1 : 0) : mask(width)
    guard quotient <= largest else { throw .divideError }

    let finalQuotient = isNegative ? 0 &- quotient : quotient
    let finalRemainder = isDividendNegative ? 0 &- remainder : remainder
    if width == 1 {
      core.setGeneral(0, width: 1, finalQuotient)
      core.setHighByte(0, finalRemainder)
    } else {
      core.setGeneral(0, width: width, finalQuotient)
      core.setGeneral(2, width: width, finalRemainder)
    }
  }
}
